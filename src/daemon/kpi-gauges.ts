import fs from 'node:fs/promises';
import path from 'node:path';
import tls from 'node:tls';
import type { App } from './app-types.ts';
import type { Gauges } from './store/kpis.ts';

/** What a daemon sees of its own machine and of the address that customers reach it by. */

const CONNECT_TIMEOUT_MS = 5_000;
/** A certificate changes every few weeks. */
const LOOK_EVERY_MS = 600_000;
const DAY_MS = 86_400_000;

/** The folder itself, or the nearest one above it that exists already. */
async function existing(folder: string): Promise<string> {
  const known = await fs.stat(folder).then(
    () => true,
    () => false,
  );
  const parent = path.dirname(folder);
  return known || parent === folder ? folder : await existing(parent);
}

/** How full the disk of PETPRO_HOME is, counted as `df` does; null where the system does not say. */
export async function diskUsedPercent(home: string): Promise<number | null> {
  try {
    const { blocks, bfree, bavail } = await fs.statfs(await existing(path.resolve(home)));
    const used = blocks - bfree;
    // What only root may fill, and what a quota keeps back, counts for neither side.
    return used + bavail === 0 ? null : Math.round((used / (used + bavail)) * 1_000) / 10;
  } catch {
    return null;
  }
}

/** Days until the certificate of an https address ends; null = not https, or it cannot be asked. */
export async function certificateDays(
  address: string | null,
  now_ms: number,
): Promise<number | null> {
  const url = address === null ? null : new URL(address);
  if (url === null || url.protocol !== 'https:') return null;
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // Whoever's certificate is no longer good still shows when it ended: it is looked at, not trusted.
  const socket = tls.connect({
    host,
    port: Number(url.port || 443),
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    rejectUnauthorized: false,
  });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => resolve(null));
  socket.once('error', () => resolve(null));
  socket.once('secureConnect', () => {
    const ends_ms = Date.parse(socket.getPeerCertificate().valid_to);
    resolve(Number.isNaN(ends_ms) ? null : Math.round(((ends_ms - now_ms) / DAY_MS) * 10) / 10);
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Looks at disk and certificate; the certificate is asked for every ten minutes only. */
export function createGauges(): (app: App) => Promise<Gauges> {
  let certificate: { readonly days: number | null; readonly until_ms: number } | null = null;
  return async ({ config }) => {
    if (certificate === null || certificate.until_ms <= performance.now()) {
      const now_ms = Temporal.Now.instant().epochMilliseconds;
      const days = await certificateDays(config.public_url, now_ms);
      certificate = { days, until_ms: performance.now() + LOOK_EVERY_MS };
    }
    return {
      disk_used_percent: await diskUsedPercent(config.home),
      certificate_days: certificate.days,
    };
  };
}
