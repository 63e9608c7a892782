import type { Sql } from 'postgres';
import { AppError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import { readDemo } from './session.ts';

/** The pieces that doctor's checks are made of. */

export type CheckState = 'pass' | 'warn' | 'fail' | 'skip';

export type CheckResult = {
  readonly id: string;
  readonly state: CheckState;
  readonly detail: string;
  /** The command or setting that mends it. */
  readonly fix: string | null;
  /** A broken invariant is worse than a sick service: exit 12. */
  readonly broken_invariant: boolean;
  /** `--fix` can mend it. */
  readonly fixable: boolean;
};

/** What `--fix` would do about a finding. Only what loses nothing: never rows of people. */
export type Mend = {
  /** Finishes "This will": `make .. readable by its owner only`. */
  readonly plan: string;
  /** Answers what was done; throws why it could not be. */
  readonly run: () => Promise<string>;
};

export type Finding = {
  readonly state: CheckState;
  readonly detail: string;
  readonly fix?: string;
  readonly broken_invariant?: boolean;
  readonly mend?: Mend;
};

export type Check = {
  readonly id: string;
  /** What it looks at, for `--list`. */
  readonly about: string;
  readonly look: (tools: Tools) => Promise<Finding>;
  /** Default: CHECK_TIMEOUT_MS. */
  readonly timeout_ms?: number;
};

/** Where the parts are, and one shared database connection. */
export type Tools = {
  readonly context: Context;
  readonly database_url: string | null;
  readonly redis_url: string | null;
  readonly stripe_api_base: string;
  readonly stripe_key: string | null;
  readonly smtp_url: string | null;
  /** Opened on first use; null without an address. Throws when PostgreSQL does not answer. */
  readonly sql: () => Promise<Sql | null>;
};

/** Longest time for one check, unless it says otherwise: a person is looking at an empty line meanwhile. */
export const CHECK_TIMEOUT_MS = 3_000;
/** For what a check itself calls, so that it can say more than "no answer". */
export const CALL_TIMEOUT_MS = CHECK_TIMEOUT_MS - 300;
/** One for the invariants, which may take minutes, and some for all others. */
const CONNECTIONS = 4;

export const pass = (detail: string): Finding => ({ state: 'pass', detail });
export const skip = (detail: string): Finding => ({ state: 'skip', detail });
export const warn = (detail: string, fix: string): Finding => ({ state: 'warn', detail, fix });
export const fail = (detail: string, fix: string): Finding => ({ state: 'fail', detail, fix });

export const no_database = skip('DATABASE_URL is not set and no demo runs');

/** Settings, and where they are silent the running demo. */
export function makeTools(context: Context): Tools & { readonly close: () => Promise<void> } {
  const { config } = context;
  const demo = readDemo(config);
  const database_url = config.database_url ?? demo?.database_url ?? null;
  let opened: Sql | null = null;
  let answering: Promise<Sql> | null = null;
  const open = async (url: string) => {
    const { openDatabase, run } = await import('../daemon/store/db.ts');
    const sql = openDatabase(url, { application_name: 'petpro-doctor', max: CONNECTIONS });
    opened = sql;
    // The driver would wait for a lost server for ever.
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`no answer within ${CALL_TIMEOUT_MS} ms`);
      timer = setTimeout(() => reject(error), CALL_TIMEOUT_MS);
    });
    await Promise.race([run(sql`select 1`), late]).finally(() => clearTimeout(timer));
    return sql;
  };
  return {
    context,
    database_url,
    redis_url: config.redis_url ?? demo?.redis_url ?? null,
    stripe_api_base:
      demo?.stripe_url != null && config.stripe_secret_key === null
        ? demo.stripe_url
        : config.stripe_api_base,
    stripe_key: config.stripe_secret_key,
    smtp_url: config.smtp_url ?? demo?.smtp_url ?? null,
    sql: async () => {
      if (database_url === null) return null;
      answering ??= open(database_url);
      return await answering;
    },
    close: async () => {
      await opened?.end({ timeout: 1 }).catch(() => {});
    },
  };
}

/** Why something failed, in one sentence for a person. */
export function sentenceOf(error: unknown): string {
  if (error instanceof AppError) return error.detail;
  // Several addresses were tried (localhost): the first failure says it.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return String(first);
  if (first.name === 'TimeoutError' || first.name === 'AbortError') return 'no answer in time';
  // fetch hides what really happened in its cause.
  const { cause } = first;
  const text = first.message === 'fetch failed' && cause ? sentenceOf(cause) : first.message;
  return text.split('\n')[0] ?? text;
}

/** What a check says, and what `--fix` would do about it. */
export type Looked = { readonly result: CheckResult; readonly mend: Mend | null };

/** Runs one check; what it throws is its failure, and it never takes longer than its time. */
export async function runCheck(check: Check, tools: Tools): Promise<Looked> {
  const { id } = check;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    const timeout_ms = check.timeout_ms ?? CHECK_TIMEOUT_MS;
    const finding = fail(`no answer within ${timeout_ms} ms`, 'is the host reachable from here?');
    timer = setTimeout(() => resolve(finding), timeout_ms);
  });
  try {
    const found = await Promise.race([check.look(tools), late]);
    const { state, detail, fix = null, broken_invariant = false, mend = null } = found;
    const result = { id, state, detail, fix, broken_invariant, fixable: mend !== null };
    return { result, mend };
  } catch (error) {
    const next = error instanceof AppError ? error.facts['next'] : null;
    const fix = typeof next === 'string' ? next : null;
    const rest = { broken_invariant: false, fixable: false };
    return { result: { id, state: 'fail', detail: sentenceOf(error), fix, ...rest }, mend: null };
  } finally {
    clearTimeout(timer);
  }
}
