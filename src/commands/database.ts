import type { Sql } from 'postgres';
import { AppError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import { readDemo } from './session.ts';

/** The database for commands that work while the daemon is down. */

/** A migration may rebuild an index; a person waits and sees. */
const STATEMENT_TIMEOUT_MS = 600_000;
const CLOSE_S = 2;

/** DATABASE_URL, or that of the running demo; throws when neither is known. */
export function databaseUrl(context: Pick<Context, 'config'>): string {
  const url = context.config.database_url ?? readDemo(context.config)?.database_url ?? null;
  if (url !== null) return url;
  throw new AppError('invalid_input', 'DATABASE_URL is not set and no demo runs.', {
    next: 'DATABASE_URL=postgres://.. petpro ..',
  });
}

/** Opens it, makes sure that it answers within --timeout, and closes it afterwards. */
export async function withDatabase<T>(
  context: Pick<Context, 'config'>,
  work: (sql: Sql) => Promise<T>,
  statement_timeout_ms = STATEMENT_TIMEOUT_MS,
): Promise<T> {
  const url = databaseUrl(context);
  const { openDatabase, run } = await import('../daemon/store/db.ts');
  const { toReachError } = await import('../daemon/store/pg-errors.ts');
  const sql = openDatabase(url, { application_name: 'petpro-cli', max: 2, statement_timeout_ms });
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const { host } = new URL(url);
      const detail = `PostgreSQL at ${host} did not answer within ${context.config.timeout_ms} ms.`;
      reject(new AppError('unavailable', detail, { next: 'petpro doctor --only postgres' }));
    }, context.config.timeout_ms);
  });
  try {
    // The driver would wait for a lost server for ever; a person does not.
    await Promise.race([run(sql`select 1`), deadline]).catch((error: unknown) => {
      throw toReachError(error, url);
    });
    clearTimeout(timer);
    return await work(sql);
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: CLOSE_S }).catch(() => {});
  }
}
