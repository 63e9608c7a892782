import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import postgres, {
  type JSONValue,
  type Options,
  type PostgresType,
  type Sql,
  type TransactionSql,
} from 'postgres';
import { AppError } from '../../domain/errors.ts';
import { packageRoot } from './package-root.ts';
import { isTransient, toAppError } from './pg-errors.ts';

/** The pool or a transaction: every store function takes one first. */
export type Db = Sql | TransactionSql;

/** A statement that runs longer than this has lost its way. */
const STATEMENT_TIMEOUT_MS = 5_000;
/** A transaction that idles holds locks that others wait for. */
const IDLE_IN_TRANSACTION_MS = 10_000;
const CONNECT_TIMEOUT_S = 4;
/** Reconnects start at once and stay quick; the driver's own default waits up to 20 s. */
const BACKOFF_MIN_S = 0.05;
const BACKOFF_MAX_S = 0.5;

export type DatabaseOptions = {
  /** Shown in pg_stat_activity. */
  readonly application_name: string;
  /** Connections at most. */
  readonly max: number;
  readonly statement_timeout_ms?: number;
};

function readInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 out of the safe range: ${text}`);
  return value;
}

const asText = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value));

/** Instants, dates and times arrive as Temporal values, never as JS Dates; numeric stays text. */
const types = {
  instant: { to: 1184, from: [1184], serialize: asText, parse: Temporal.Instant.from },
  date: { to: 1082, from: [1082], serialize: asText, parse: Temporal.PlainDate.from },
  time: { to: 1083, from: [1083], serialize: asText, parse: Temporal.PlainTime.from },
  integer: { to: 20, from: [20], serialize: asText, parse: readInteger },
};

function driverFolder(): string {
  const entry = createRequire(import.meta.url).resolve('postgres');
  const folder = `${path.sep}postgres`;
  return entry.slice(0, entry.lastIndexOf(folder + path.sep) + folder.length);
}

/**
 * Throws when node_modules holds the published driver: it can run a statement outside its
 * transaction after a lost connection (docs/adr/0002-patched-driver.md).
 */
export function refuseUnpatchedDriver(driver_dir = driverFolder()): void {
  const root = packageRoot();
  const expected: Readonly<Record<string, { readonly after: string }>> = JSON.parse(
    fs.readFileSync(path.join(root, 'patches/postgres-3.4.9.json'), 'utf8'),
  );
  for (const [file, { after }] of Object.entries(expected)) {
    const text = fs.readFileSync(path.join(driver_dir, file));
    const hash = createHash('sha256').update(text).digest('hex').slice(0, after.length);
    if (hash !== after) {
      throw new AppError('unavailable', `The database driver is not patched (${file}).`, {
        next: 'node scripts/patch-deps.mjs',
      });
    }
  }
}

/** Opens the pool. Nothing connects before the first query; a lost server is retried for ever. */
export function openDatabase(url: string, options: DatabaseOptions): Sql {
  refuseUnpatchedDriver();
  // The cast hides the type parameters of our parsers, which only widen what a row may hold.
  return postgres(url, {
    max: options.max,
    connect_timeout: CONNECT_TIMEOUT_S,
    backoff: (attempt: number) => Math.min(BACKOFF_MIN_S * 2 ** attempt, BACKOFF_MAX_S),
    // Notices are for people at psql; they would land on stdout, which belongs to the program.
    onnotice: () => {},
    types,
    connection: {
      application_name: options.application_name,
      TimeZone: 'UTC',
      statement_timeout: options.statement_timeout_ms ?? STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    },
  }) as unknown as Sql;
}

/** One more connection to the same database, whose statements may take that long. */
export function openPatient(sql: Sql, statement_timeout_ms: number): Sql {
  const { options } = sql;
  // The driver takes its own parsed options back as they are; its types do not say so.
  const connection = { ...options.connection, statement_timeout: statement_timeout_ms };
  return postgres({ ...options, max: 1, connection } as unknown as Options<
    Record<string, PostgresType>
  >) as unknown as Sql;
}

/** Awaits one statement; what the database says is turned into an AppError where it has a name. */
export async function run<T>(statement: PromiseLike<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    throw toAppError(error);
  }
}

/** The one row of a function call. */
export async function runOne<T>(statement: PromiseLike<readonly T[]>): Promise<T> {
  const [row] = await run(statement);
  if (row === undefined) throw new Error('the statement returned no row');
  return row;
}

/** What JSON keeps of a value; for jsonb columns that take what others sent. */
export function toJson(value: unknown): JSONValue {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** Longest pause before a retry; the real one is a random part of it. */
const RETRY_PAUSE_MAX_MS = 200;

export type TransactionOptions = {
  /** Times to try again after the first; only obeyed when the unit may run twice. */
  readonly retries?: number;
  readonly idempotent?: boolean;
};

/**
 * Runs several statements as one. After a lost connection the outcome of COMMIT is unknown: only a
 * unit that says `idempotent: true` is tried again, on serialization, deadlock and lost connection.
 */
export async function inTransaction<T>(
  sql: Sql,
  unit: (tx: TransactionSql) => Promise<T>,
  { retries = 3, idempotent = false }: TransactionOptions = {},
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      // A box, because the driver's type unwraps arrays of promises that we never return.
      const box: { value: T }[] = [];
      await sql.begin(async (tx) => {
        box[0] = { value: await unit(tx) };
      });
      const [result] = box;
      if (!result) throw new Error('the transaction ended without its result');
      return result.value;
    } catch (error) {
      if (!idempotent || attempt >= retries || !isTransient(error)) throw toAppError(error);
      const pause_ms = Math.random() * Math.min(10 * 2 ** attempt, RETRY_PAUSE_MAX_MS);
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
    }
  }
}
