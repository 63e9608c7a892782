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
};

export type Finding = {
  readonly state: CheckState;
  readonly detail: string;
  readonly fix?: string;
  readonly broken_invariant?: boolean;
};

export type Check = {
  readonly id: string;
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
  /** Opened on first use; null without an address. */
  readonly sql: () => Promise<Sql | null>;
};

/** Longest time for one check, unless it says otherwise. */
export const CHECK_TIMEOUT_MS = 6_000;

export const pass = (detail: string): Finding => ({ state: 'pass', detail });
export const skip = (detail: string): Finding => ({ state: 'skip', detail });
export const warn = (detail: string, fix: string): Finding => ({ state: 'warn', detail, fix });
export const fail = (detail: string, fix: string): Finding => ({ state: 'fail', detail, fix });

/** Settings, and where they are silent the running demo. */
export function makeTools(context: Context): Tools & { readonly close: () => Promise<void> } {
  const { config } = context;
  const demo = readDemo(config);
  const database_url = config.database_url ?? demo?.database_url ?? null;
  let opened: Promise<Sql> | null = null;
  const open = async (url: string) => {
    const { openDatabase } = await import('../daemon/store/db.ts');
    return openDatabase(url, { application_name: 'petpro-doctor', max: 2 });
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
      opened ??= open(database_url);
      return await opened;
    },
    close: async () => {
      const sql = await opened?.catch(() => null);
      await sql?.end({ timeout: 1 }).catch(() => {});
    },
  };
}

function sentenceOf(error: unknown): string {
  if (error instanceof AppError) return error.detail;
  // Several addresses were tried (localhost): the first failure says it.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}

/** Runs one check; what it throws is its failure, and it never takes longer than its time. */
export async function runCheck(check: Check, tools: Tools): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    const timeout_ms = check.timeout_ms ?? CHECK_TIMEOUT_MS;
    const finding = fail(`no answer within ${timeout_ms} ms`, 'is the host reachable?');
    timer = setTimeout(() => resolve(finding), timeout_ms);
  });
  try {
    const found = await Promise.race([check.look(tools), late]);
    const { state, detail, fix = null, broken_invariant = false } = found;
    return { id: check.id, state, detail, fix, broken_invariant };
  } catch (error) {
    const fix = error instanceof AppError ? String(error.facts['next'] ?? '') : '';
    return {
      id: check.id,
      state: 'fail',
      detail: sentenceOf(error),
      fix: fix === '' ? null : fix,
      broken_invariant: false,
    };
  } finally {
    clearTimeout(timer);
  }
}
