import fs from 'node:fs';
import net from 'node:net';
import {
  CALL_TIMEOUT_MS,
  type Check,
  type Finding,
  fail,
  pass,
  skip,
  type Tools,
  warn,
} from './checks.ts';
import type { Context } from './context.ts';
import { feedUrl, followOnce } from './events-feed.ts';
import { askHealth } from './health.ts';
import { clinicOf } from './lookup.ts';
import { openSession, readDemo } from './session.ts';
import { version } from './version.ts';

/** Checks of the daemon that commands and consoles talk to. */

const CERTIFICATE_WARN_DAYS = 21;
const DAY_MS = 86_400_000;

/** Its readiness, or null when it does not answer: then `daemon.reach` says so, once. */
async function readiness(context: Context) {
  return await askHealth(context, '/readyz').catch(() => null);
}

/** Where commands go from here; null when nothing says it. */
const addressOf = ({ config }: Context) => config.url ?? readDemo(config)?.url ?? null;

const silent = skip('the daemon does not answer');

const reach: Check = {
  id: 'daemon.reach',
  about: 'the daemon is alive',
  look: async ({ context }) => {
    const url = addressOf(context);
    if (url === null) return fail('PETPRO_URL is not set and no demo runs here', 'petpro demo up');
    const start = context.config.url === null ? 'petpro demo up' : 'petpro serve';
    const answer = await askHealth(context, '/healthz').catch(() => null);
    if (answer === null) return fail(`no daemon answers at ${url}`, `${start}, or set PETPRO_URL`);
    return answer.ok ? pass(url) : fail(`${url} says that it is not alive`, start);
  },
};

/** The parts that are not well, in the daemon's own words. */
function illParts(body: Readonly<Record<string, unknown>>): string {
  const { checks } = body;
  if (!Array.isArray(checks)) return '';
  const ill = checks.filter((one: Readonly<Record<string, unknown>>) => one['status'] !== 'ok');
  return ill.map((one) => `${String(one['name'])}: ${String(one['detail'])}`).join('; ');
}

const ready: Check = {
  id: 'daemon.ready',
  about: 'the daemon says that it is ready, and what is not',
  look: async ({ context }) => {
    const answer = await readiness(context);
    if (answer === null) return silent;
    const { ok, body } = answer;
    const status = String(body['status'] ?? (ok ? 'ok' : 'down'));
    const why = illParts(body);
    const said = why === '' ? `status ${status}` : `${status}: ${why}`;
    if (!ok) return fail(said, 'petpro health --ready');
    return status === 'ok' ? pass('ready') : warn(said, 'petpro health --ready');
  },
};

const skew: Check = {
  id: 'daemon.version',
  about: 'daemon and this program are of one version',
  look: async ({ context }) => {
    const answer = await readiness(context);
    if (answer === null) return silent;
    const theirs = answer.body['version'];
    if (typeof theirs !== 'string') return skip('the daemon does not say its version');
    const said = `daemon ${theirs}, this program ${version()}`;
    return theirs === version()
      ? pass(said)
      : warn(said, 'install the same version on both sides, then restart the daemon');
  },
};

/** Follows the feed until it has said hello. */
const feed: Check = {
  id: 'daemon.feed',
  about: 'the live feed (WebSocket) takes our token and answers',
  look: async ({ context }) => {
    if ((await readiness(context)) === null) return silent;
    const session = openSession(context);
    if (session.token === null) return skip('there is no token: petpro auth login');
    const clinic = await clinicOf(session);
    let heartbeat_ms = 0;
    const started = performance.now();
    const how = await followOnce({
      url: feedUrl(session.url, { clinic_id: clinic.clinic_id }),
      token: session.token,
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      on_frame: (frame) => {
        if (frame.type !== 'hello') return 'more';
        heartbeat_ms = frame.heartbeat_ms;
        return 'done';
      },
    });
    const ms = Math.round(performance.now() - started);
    return how === 'done'
      ? pass(`live after ${ms} ms, a heartbeat each ${heartbeat_ms / 1_000} s`)
      : fail(
          'the feed closed without a word: boards would stay OFFLINE',
          'does the proxy in between pass WebSockets on (Upgrade, Connection)?',
        );
  },
};

export function judgeCertificate(ends: Date, now_ms: number, trusted: string | null): Finding {
  const days = Math.floor((ends.getTime() - now_ms) / DAY_MS);
  const day = ends.toISOString().slice(0, 10);
  const renew = 'renew the certificate of the server or the proxy before it';
  if (days < 0) return fail(`the certificate ended on ${day}`, renew);
  if (trusted !== null) {
    return fail(`the certificate is not trusted: ${trusted}`, 'set PETPRO_CA_FILE to its issuer');
  }
  const said = `the certificate ends on ${day}, in ${days} days`;
  return days < CERTIFICATE_WARN_DAYS ? warn(said, renew) : pass(said);
}

async function lookAtCertificate(url: URL, ca_file: string | null): Promise<Finding> {
  const tls = await import('node:tls');
  const ca = ca_file === null ? null : fs.readFileSync(ca_file, 'utf8');
  const { promise, resolve, reject } = Promise.withResolvers<Finding>();
  // Looked at even when it is not trusted: why, and until when, is what this is for.
  const socket = tls.connect({
    host: url.hostname,
    port: Number(url.port || 443),
    // TLS knows names only; an address is compared with the certificate all the same.
    ...(net.isIP(url.hostname) === 0 ? { servername: url.hostname } : {}),
    rejectUnauthorized: false,
    timeout: CALL_TIMEOUT_MS,
    ...(ca === null ? {} : { ca: [...tls.rootCertificates, ca] }),
  });
  socket.once('secureConnect', () => {
    const { valid_to } = socket.getPeerCertificate();
    const { authorized, authorizationError } = socket;
    const trusted = authorized ? null : String(authorizationError);
    resolve(judgeCertificate(new Date(valid_to), Date.now(), trusted));
  });
  socket.once('timeout', () => reject(new Error('no answer in time')));
  socket.once('error', reject);
  return await promise.finally(() => socket.destroy());
}

const certificate: Check = {
  id: 'daemon.certificate',
  about: 'the certificate of an https address: trusted, and for how long',
  look: async ({ context }: Tools) => {
    const address = addressOf(context);
    if (address === null) return skip('there is no address');
    const url = new URL(address);
    if (url.protocol !== 'https:') return skip(`${url.origin} is not https`);
    return await lookAtCertificate(url, context.config.ca_file);
  },
};

export const checks_daemon: readonly Check[] = [reach, ready, skew, feed, certificate];
