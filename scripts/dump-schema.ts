// Rewrites sql/schema.sql from the migrations: node scripts/dump-schema.ts
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDatabase } from '../src/daemon/store/db.ts';
import { migrateUp } from '../src/daemon/store/migrate.ts';
import { dumpSchema } from '../src/daemon/store/schema-dump.ts';
import { removePostgresData, startPostgres } from '../src/sandbox/postgres.ts';

const root = path.resolve(import.meta.dirname, '..');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-schema-'));
const data_dir = path.join(dir, 'data');
const server = await startPostgres({ data_dir, fsync: false, watchdog: true });
const sql = openDatabase(server.url, { application_name: 'dump-schema', max: 2 });
try {
  await migrateUp(sql);
  fs.writeFileSync(path.join(root, 'sql/schema.sql'), await dumpSchema(sql));
} finally {
  await sql.end({ timeout: 5 });
  await server.stop();
  removePostgresData(data_dir);
  fs.rmSync(dir, { recursive: true, force: true });
}
