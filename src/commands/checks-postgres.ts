import type { Sql } from 'postgres';
import { run } from '../daemon/store/db.ts';
import {
  type Check,
  type Finding,
  fail,
  no_database,
  pass,
  sentenceOf,
  skip,
  type Tools,
  warn,
} from './checks.ts';

/** Checks of PostgreSQL, the one judge over every seat. */

const OLDEST_POSTGRES = 150_000;
/** Only PostgreSQL's clock decides; a skew beyond this confuses people and certificates. */
const SKEW_WARN_MS = 2_000;
/** A transaction that has been open for so long holds back the clean-up of every table. */
const OPEN_WARN_S = 300;

/** A check of a database that answers; that it does not is told once, by `postgres.reach`. */
function check(
  id: string,
  about: string,
  look: (sql: Sql, tools: Tools) => Promise<Finding>,
): Check {
  return {
    id: `postgres.${id}`,
    about,
    look: async (tools) => {
      if (tools.database_url === null) return no_database;
      const sql = await tools.sql().catch(() => null);
      return sql === null ? skip('PostgreSQL does not answer') : await look(sql, tools);
    },
  };
}

const driver: Check = {
  id: 'postgres.driver',
  about: 'the database driver is the patched one',
  look: async () => {
    const { refuseUnpatchedDriver } = await import('../daemon/store/db.ts');
    refuseUnpatchedDriver();
    return pass('patched against lost connections');
  },
};

const reach: Check = {
  id: 'postgres.reach',
  about: 'PostgreSQL answers',
  look: async (tools) => {
    const { database_url } = tools;
    if (database_url === null) return no_database;
    const { hostname, port, pathname } = new URL(database_url);
    const where = `${hostname || 'localhost'}:${port || 5432}${pathname}`;
    try {
      const sql = await tools.sql();
      if (sql === null) return no_database;
      const started = performance.now();
      await run(sql`select 1`);
      return pass(`${where}, ${(performance.now() - started).toFixed(1)} ms`);
    } catch (error) {
      const next = `is PostgreSQL up, and DATABASE_URL right? psql -h ${hostname} -p ${port || 5432}`;
      return fail(`${where}: ${sentenceOf(error)}`, next);
    }
  },
};

const version = check('version', 'PostgreSQL 15 or newer', async (sql) => {
  const [row] = await run(sql<{ number: number; text: string }[]>`
    select current_setting('server_version_num')::int as number,
      current_setting('server_version') as text`);
  return judgeVersion(row?.number ?? 0, row?.text ?? 'unknown');
});

export function judgeVersion(number: number, text: string): Finding {
  return number >= OLDEST_POSTGRES
    ? pass(`PostgreSQL ${text}`)
    : fail(`PostgreSQL ${text} is too old`, 'use PostgreSQL 15 or newer');
}

const migrations = check(
  'migrations',
  'the schema is that of this program',
  async (sql, { database_url }) => {
    const { verifyMigrations } = await import('../daemon/store/migrate.ts');
    const report = await verifyMigrations(sql);
    switch (report.state) {
      case 'current':
        return pass(`all ${report.version} applied`);
      case 'pending': {
        const count = report.pending.length;
        const found = fail(`${count} pending`, 'petpro migrate up');
        const up = async () => {
          const { migrateDatabase } = await import('./migrate-database.ts');
          const applied = await migrateDatabase(database_url ?? '');
          return `${applied.length} migrations applied`;
        };
        const plan = `apply ${count} migrations, as petpro migrate up (first: ${report.pending[0]})`;
        return { ...found, mend: { plan, run: up } };
      }
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
);

export function judgeSkew(skew_ms: number): Finding {
  const said = `${skew_ms} ms away from this machine`;
  return skew_ms <= SKEW_WARN_MS ? pass(said) : warn(said, 'turn on time synchronisation (NTP)');
}

const clock = check('clock', 'its clock, which alone decides, against ours', async (sql) => {
  const before = Date.now();
  const [row] = await run(sql<{ now_ms: string }[]>`
    select extract(epoch from clock_timestamp()) * 1000 as now_ms`);
  const middle = (before + Date.now()) / 2;
  return judgeSkew(Math.round(Math.abs(Number(row?.now_ms) - middle)));
});

export type PoolRow = {
  readonly used: number;
  readonly allowed: number;
  readonly open_s: number | null;
};

/** Whether another daemon could fill its pool, and whether somebody forgot to end a transaction. */
export function judgePool({ used, allowed, open_s }: PoolRow, pool_max: number): Finding {
  const said = `${used} of ${allowed} connections in use`;
  const left = allowed - used;
  if (left < pool_max) {
    return warn(
      `${said}: a daemon wants ${pool_max} (PETPRO_DATABASE_POOL_MAX)`,
      'raise max_connections, or lower PETPRO_DATABASE_POOL_MAX',
    );
  }
  if (open_s !== null && open_s > OPEN_WARN_S) {
    return warn(
      `a transaction has been open for ${Math.round(open_s)} s`,
      'select pid, query from pg_stat_activity order by xact_start; then end it',
    );
  }
  return pass(said);
}

const pool = check('pool', 'room for the connections of a daemon', async (sql, { context }) => {
  const [row] = await run(sql<PoolRow[]>`
    select
      count(*) filter (where backend_type = 'client backend')::integer as used,
      (current_setting('max_connections')::integer
        - current_setting('superuser_reserved_connections')::integer) as allowed,
      extract(epoch from max(now() - xact_start)
        filter (where state like 'idle in transaction%'))::float8 as open_s
    from pg_stat_activity`);
  return judgePool(row ?? { used: 0, allowed: 0, open_s: null }, context.config.database_pool_max);
});

export const checks_postgres: readonly Check[] = [driver, reach, version, migrations, clock, pool];
