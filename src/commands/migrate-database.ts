import { openDatabase } from '../daemon/store/db.ts';
import { migrateUp } from '../daemon/store/migrate.ts';

/** Building an index over a large table may take minutes. */
const MIGRATE_STATEMENT_MS = 600_000;

/** Applies pending migrations. */
export async function migrateDatabase(database_url: string): Promise<readonly string[]> {
  const sql = openDatabase(database_url, {
    application_name: 'petpro migrate',
    max: 2,
    statement_timeout_ms: MIGRATE_STATEMENT_MS,
  });
  try {
    return (await migrateUp(sql)).applied;
  } finally {
    await sql.end({ timeout: 2 });
  }
}
