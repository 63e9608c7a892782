import { type Context, say } from './context.ts';
import { withDatabase } from './database.ts';
import { printList } from './output.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption } from './spec.ts';

const EXIT_PENDING = 8;
const EXIT_BROKEN = 12;
const VERSION_MAX = 9_999;

const padded = (version: number) => String(version).padStart(4, '0');

/** `petpro migrate up` */
export async function migrateSchema(context: Context, args: Args): Promise<undefined> {
  const to = wholeOption(args, 'to', 0, VERSION_MAX);
  const dry_run = flagOption(args, 'dry_run');
  const { migrateUp } = await import('../daemon/store/migrate.ts');
  const done = await withDatabase(context, async (sql) => {
    return await migrateUp(sql, {
      dry_run,
      ...(to === null ? {} : { to }),
      on_progress: ({ version, name }) => say(context, `${padded(version)} ${name}`),
    });
  });
  if (dry_run && context.mode !== 'json') {
    context.io.out(done.sql.endsWith('\n') || done.sql === '' ? done.sql : `${done.sql}\n`);
    return;
  }
  const sql = dry_run ? done.sql : null;
  const items = dry_run ? [{ name: 'plan', sql }] : done.applied.map((name) => ({ name, sql }));
  printList(context, {
    kind: dry_run ? 'MigrationPlan' : 'MigrationList',
    items,
    columns: [{ head: 'APPLIED', text: (one) => one.name }],
    csv: ['name', 'sql'],
    name: (one) => one.name,
    empty: 'The schema is up to date.',
  });
}

/** `petpro migrate status`: exit 8 when something is pending. */
export async function schemaStatus(context: Context): Promise<number> {
  const { migrationStatus } = await import('../daemon/store/migrate.ts');
  const rows = await withDatabase(context, async (sql) => await migrationStatus(sql));
  printList(context, {
    kind: 'MigrationList',
    items: rows.map((row) => ({ ...row, applied_at: row.applied_at?.toString() ?? null })),
    columns: [
      { head: 'VERSION', text: (row) => padded(row.version), whole: true },
      { head: 'NAME', text: (row) => row.name },
      { head: 'STATE', text: (row) => row.state },
      { head: 'APPLIED', text: (row) => row.applied_at?.slice(0, 19).replace('T', ' ') ?? '-' },
    ],
    csv: ['version', 'name', 'state', 'applied_at'],
    name: (row) => `${padded(row.version)}_${row.name}`,
  });
  return rows.some((row) => row.state === 'pending') ? EXIT_PENDING : 0;
}

/** `petpro migrate verify`: 0 current, 8 pending, 12 changed or newer than this program. */
export async function verifySchema(context: Context): Promise<number> {
  const { verifyMigrations } = await import('../daemon/store/migrate.ts');
  const report = await withDatabase(context, async (sql) => await verifyMigrations(sql));
  printList(context, {
    kind: 'SchemaReport',
    items: [report],
    columns: [
      { head: 'STATE', text: (one) => one.state },
      { head: 'VERSION', text: (one) => padded(one.version) },
      { head: 'PENDING', text: (one) => one.pending.join(' ') || '-' },
      { head: 'CHANGED', text: (one) => one.drifted.join(' ') || '-' },
      { head: 'UNKNOWN', text: (one) => one.unknown.join(' ') || '-' },
    ],
    csv: ['state', 'version', 'pending', 'drifted', 'unknown'],
    name: (one) => one.state,
  });
  if (report.state === 'current') return 0;
  return report.state === 'pending' ? EXIT_PENDING : EXIT_BROKEN;
}
