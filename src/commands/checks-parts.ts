import { CHECK_TIMEOUT_MS, type Check, fail, pass, skip, warn } from './checks.ts';
import { checks_redis } from './checks-redis.ts';
import type { Context } from './context.ts';
import { askHealth } from './health.ts';
import { version } from './version.ts';

/** Checks of the parts that PetPro needs: daemon, PostgreSQL, Redis, Stripe, mail. */

const OLDEST_POSTGRES = 150_000;
/** Only PostgreSQL's clock decides; a skew beyond this confuses people and certificates. */
const SKEW_WARN_MS = 2_000;
const STRIPE_ITSELF = 'https://api.stripe.com';
const no_database = skip('DATABASE_URL is not set and no demo runs');

/** Its readiness, or null when it does not answer: then `daemon.reach` says so, once. */
async function readiness(context: Context) {
  return await askHealth(context, '/readyz').catch(() => null);
}

const silent = skip('the daemon does not answer');

const daemon: readonly Check[] = [
  {
    id: 'daemon.reach',
    look: async ({ context }) => {
      const { ok, url } = await askHealth(context, '/healthz');
      return ok ? pass(url) : fail(`${url} says that it is not alive`, 'petpro serve');
    },
  },
  {
    id: 'daemon.ready',
    look: async ({ context }) => {
      const answer = await readiness(context);
      if (answer === null) return silent;
      const { ok, body } = answer;
      const status = String(body['status'] ?? (ok ? 'ok' : 'down'));
      if (!ok) return fail(`status ${status}`, 'petpro health --ready');
      return status === 'ok' ? pass('ready') : warn(`status ${status}`, 'petpro health --ready');
    },
  },
  {
    id: 'daemon.version',
    look: async ({ context }) => {
      const theirs = (await readiness(context))?.body['version'];
      if (typeof theirs !== 'string') return skip('the daemon does not say its version');
      const said = `daemon ${theirs}, this program ${version()}`;
      return theirs === version()
        ? pass(said)
        : warn(said, 'install the same version on both sides');
    },
  },
];

const postgres: readonly Check[] = [
  {
    id: 'postgres.driver',
    look: async () => {
      const { refuseUnpatchedDriver } = await import('../daemon/store/db.ts');
      refuseUnpatchedDriver();
      return pass('patched against lost connections');
    },
  },
  {
    id: 'postgres.version',
    look: async (tools) => {
      const sql = await tools.sql();
      if (sql === null) return no_database;
      const [row] = await sql<{ number: number; text: string }[]>`
        select current_setting('server_version_num')::int as number,
          current_setting('server_version') as text`;
      const text = row?.text ?? 'unknown';
      return (row?.number ?? 0) >= OLDEST_POSTGRES
        ? pass(`PostgreSQL ${text}`)
        : fail(`PostgreSQL ${text} is too old`, 'use PostgreSQL 15 or newer');
    },
  },
  {
    id: 'postgres.migrations',
    look: async (tools) => {
      const sql = await tools.sql();
      if (sql === null) return no_database;
      const { verifyMigrations } = await import('../daemon/store/migrate.ts');
      const report = await verifyMigrations(sql);
      switch (report.state) {
        case 'current':
          return pass(`all ${report.version} applied`);
        case 'pending':
          return fail(`${report.pending.length} pending`, 'petpro migrate up');
        case 'drifted':
          return fail(
            `changed after they were applied: ${report.drifted.join(' ')}`,
            'petpro migrate verify',
          );
        case 'newer':
          return fail(
            `newer than this program: ${report.unknown.join(' ')}`,
            'install the newer petpro',
          );
      }
    },
  },
  {
    id: 'postgres.clock',
    look: async (tools) => {
      const sql = await tools.sql();
      if (sql === null) return no_database;
      const before = Date.now();
      const [row] = await sql<{ now_ms: string }[]>`
        select extract(epoch from clock_timestamp()) * 1000 as now_ms`;
      const middle = (before + Date.now()) / 2;
      const skew_ms = Math.round(Math.abs(Number(row?.now_ms) - middle));
      const said = `${skew_ms} ms away from this machine`;
      return skew_ms <= SKEW_WARN_MS
        ? pass(said)
        : warn(said, 'turn on time synchronisation (NTP)');
    },
  },
];

const outside: readonly Check[] = [
  {
    id: 'stripe.reach',
    look: async ({ stripe_api_base, stripe_key }) => {
      if (stripe_key === null && stripe_api_base === STRIPE_ITSELF) {
        return skip('STRIPE_SECRET_KEY is not set: only pay at clinic works');
      }
      const headers: Record<string, string> =
        stripe_key === null ? {} : { authorization: `Bearer ${stripe_key}` };
      const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS - 500);
      const response = await fetch(`${stripe_api_base}/v1/balance`, { headers, signal });
      await response.body?.cancel();
      if (stripe_key === null) return pass(`${stripe_api_base} answers (no key here to try)`);
      return response.ok
        ? pass(`${stripe_api_base} takes the key`)
        : fail(`${stripe_api_base} refuses the key (${response.status})`, 'set STRIPE_SECRET_KEY');
    },
  },
  {
    id: 'smtp.verify',
    look: async ({ smtp_url }) => {
      if (smtp_url === null) return skip('SMTP_URL is not set');
      const { createTransport } = await import('nodemailer');
      const transport = createTransport(smtp_url, {});
      try {
        await transport.verify();
        return pass('takes mail');
      } finally {
        transport.close();
      }
    },
  },
];

export const checks_parts = [...daemon, ...postgres, ...checks_redis, ...outside];
