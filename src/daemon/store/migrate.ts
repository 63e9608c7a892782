import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Sql, TransactionSql } from 'postgres';
import { AppError } from '../../domain/errors.ts';
import { type Db, openPatient, run } from './db.ts';
import { packageRoot } from './package-root.ts';

/** Any number that nobody else uses; one runner at a time holds it. */
const LOCK_KEY = 7_387_001;
/** A migration may rewrite a table; waiting for another runner counts too. */
const MIGRATION_TIMEOUT_MS = 600_000;
/** A migration that waits for a lock makes everybody behind it wait: give up early instead. */
const LOCK_TIMEOUT_MS = 5_000;
const NO_TRANSACTION = /^-- no-transaction\b/m;

export type Migration = {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  readonly in_transaction: boolean;
};

export type MigrationStatus = {
  readonly version: number;
  readonly name: string;
  /** drifted = the file was changed after it was applied; unknown = applied, but not in our folder. */
  readonly state: 'applied' | 'pending' | 'drifted' | 'unknown';
  readonly applied_at: Temporal.Instant | null;
};

export type MigrateOptions = {
  /** Stop after this version. */
  readonly to?: number;
  readonly dry_run?: boolean;
  readonly on_progress?: (migration: Migration) => void;
  /** Another folder of migrations; tests use it. */
  readonly folder?: string;
};

type Applied = {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly applied_at: Temporal.Instant;
};

/** Reads NNNN_name.sql files in order; throws when a number is doubled or misspelt. Numbers may be left out. */
export function readMigrations(folder?: string): readonly Migration[] {
  const dir = folder ?? path.join(packageRoot(), 'sql/migrations');
  const files = fs.readdirSync(dir).filter((file) => file.endsWith('.sql'));
  let before = 0;
  return files.toSorted().map((file) => {
    const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
    const version = Number(match?.[1] ?? 0);
    if (version <= before) throw new Error(`migrations need a number of their own: ${file}`);
    before = version;
    const sql = fs.readFileSync(path.join(dir, file), 'utf8');
    return {
      version,
      name: match?.[2] ?? '',
      sql,
      checksum: createHash('sha256').update(sql).digest('hex'),
      in_transaction: !NO_TRANSACTION.test(sql),
    };
  });
}

function labelOf({ version, name }: { readonly version: number; readonly name: string }): string {
  return `${String(version).padStart(4, '0')}_${name}`;
}

async function readApplied(sql: Db): Promise<readonly Applied[]> {
  const [table] = await run(sql<{ exists: boolean }[]>`
    select to_regclass('schema_migrations') is not null as exists`);
  if (!table?.exists) return [];
  return await run(sql<Applied[]>`
    select version, name, checksum, applied_at from schema_migrations order by version`);
}

/** Every migration that either side knows, by number. */
export async function migrationStatus(
  sql: Db,
  folder?: string,
): Promise<readonly MigrationStatus[]> {
  const files = readMigrations(folder);
  const applied = new Map((await readApplied(sql)).map((row) => [row.version, row]));
  const ours = files.map(({ version, name, checksum }): MigrationStatus => {
    const row = applied.get(version);
    if (!row) return { version, name, state: 'pending', applied_at: null };
    const state = row.checksum === checksum ? 'applied' : 'drifted';
    return { version, name, state, applied_at: row.applied_at };
  });
  const known = new Set(files.map(({ version }) => version));
  const unknown = [...applied.values()].filter(({ version }) => !known.has(version));
  return [
    ...ours,
    ...unknown.map(({ version, name, applied_at }): MigrationStatus => {
      return { version, name, state: 'unknown', applied_at };
    }),
  ];
}

export type SchemaReport = {
  readonly state: 'current' | 'pending' | 'drifted' | 'newer';
  /** Version of the newest applied migration; 0 = empty database. */
  readonly version: number;
  readonly pending: readonly string[];
  readonly drifted: readonly string[];
  readonly unknown: readonly string[];
};

/** Compares the database with our files without changing anything. */
export async function verifyMigrations(sql: Db, folder?: string): Promise<SchemaReport> {
  const rows = await migrationStatus(sql, folder);
  const named = (state: MigrationStatus['state']) =>
    rows.filter((row) => row.state === state).map(labelOf);
  const [pending, drifted, unknown] = [named('pending'), named('drifted'), named('unknown')];
  const version = Math.max(0, ...rows.filter((row) => row.applied_at).map((row) => row.version));
  const state =
    unknown.length > 0
      ? 'newer'
      : drifted.length > 0
        ? 'drifted'
        : pending.length > 0
          ? 'pending'
          : 'current';
  return { state, version, pending, drifted, unknown };
}

/** Throws `unavailable` unless the schema is exactly the one that this program was built for. */
export async function assertSchema(sql: Db): Promise<void> {
  const report = await verifyMigrations(sql);
  if (report.state !== 'current') throw schemaError(report);
}

function schemaError(report: SchemaReport): AppError {
  const facts = { schema_version: report.version, schema_state: report.state };
  switch (report.state) {
    case 'newer':
      return new AppError(
        'unavailable',
        `The schema is newer than this program (${report.unknown.join(', ')}).`,
        { ...facts, next: 'install the newer petpro' },
      );
    case 'drifted':
      return new AppError(
        'unavailable',
        `Applied migrations differ from their files (${report.drifted.join(', ')}).`,
        { ...facts, next: 'petpro migrate verify' },
      );
    default:
      return new AppError(
        'unavailable',
        `The schema lacks ${report.pending.length} migrations (${report.pending.join(', ')}).`,
        { ...facts, next: 'petpro migrate up' },
      );
  }
}

async function takeLock(tx: TransactionSql): Promise<void> {
  await tx`select
    set_config('statement_timeout', ${String(MIGRATION_TIMEOUT_MS)}, true),
    set_config('idle_in_transaction_session_timeout', '0', true)`;
  await tx`select pg_advisory_xact_lock(${LOCK_KEY})`;
  // Only now, because it would count for the advisory lock as well.
  await tx`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`;
  await tx`
    create table if not exists schema_migrations (
      version integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now(),
      duration_ms integer not null
    )`;
}

async function isApplied(tx: TransactionSql, version: number): Promise<boolean> {
  // Simple protocol: an extended one leaves its portal, and with it a snapshot, open until the end
  // of the transaction, and CREATE INDEX CONCURRENTLY would wait for that snapshot for ever.
  const rows = await tx.unsafe(`select from schema_migrations where version = ${version}`).simple();
  return rows.length === 1;
}

async function record(sql: Db, migration: Migration, started_ms: number): Promise<void> {
  const { version, name, checksum } = migration;
  const duration_ms = Math.round(performance.now() - started_ms);
  await sql`
    insert into schema_migrations (version, name, checksum, duration_ms)
    values (${version}, ${name}, ${checksum}, ${duration_ms})`;
}

/** On a connection of its own, while the caller's transaction keeps the lock. */
async function runOutside(sql: Sql, migration: Migration): Promise<void> {
  const patient = openPatient(sql, MIGRATION_TIMEOUT_MS);
  try {
    await patient.unsafe(migration.sql).simple();
  } finally {
    await patient.end({ timeout: 5 });
  }
}

/** True when this runner applied it; false when another one was faster. */
async function applyOne(sql: Sql, migration: Migration): Promise<boolean> {
  let was_ours = false;
  const work = sql.begin(async (tx) => {
    await takeLock(tx);
    if (await isApplied(tx, migration.version)) return;
    const started_ms = performance.now();
    if (migration.in_transaction) await tx.unsafe(migration.sql).simple();
    else await runOutside(sql, migration);
    await record(tx, migration, started_ms);
    was_ours = true;
  });
  await run(work);
  return was_ours;
}

/**
 * Applies what is pending, each migration in its own transaction, forward only. Any number of
 * runners may call it at once. A dry run returns the SQL and touches nothing.
 */
export async function migrateUp(
  sql: Sql,
  options: MigrateOptions = {},
): Promise<{ readonly applied: readonly string[]; readonly sql: string }> {
  const report = await verifyMigrations(sql, options.folder);
  if (report.state === 'newer' || report.state === 'drifted') throw schemaError(report);
  // By name, not by the highest number: a lower one may have come in with another branch.
  const wanted = readMigrations(options.folder).filter(
    (one) =>
      report.pending.includes(labelOf(one)) &&
      one.version <= (options.to ?? Number.MAX_SAFE_INTEGER),
  );
  const text = wanted.map((migration) => migration.sql).join('\n');
  if (options.dry_run) return { applied: [], sql: text };
  const applied: string[] = [];
  for (const migration of wanted) {
    if (await applyOne(sql, migration)) {
      applied.push(labelOf(migration));
      options.on_progress?.(migration);
    }
  }
  return { applied, sql: text };
}
