import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../src/daemon/store/db.ts';
import { migrateUp } from '../../src/daemon/store/migrate.ts';
import { removePostgresData, startPostgres } from '../../src/sandbox/postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The private server of this run, database `postgres`. */
    database_url: string;
    /** Migrated once; every test file clones it. */
    template_database: string;
  }
}

/** One private PostgreSQL per run. It stops with this process, also when that is killed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-test-'));
  const data_dir = path.join(dir, 'data');
  // PETPRO_TEST_KEEP=1 leaves the server up, to look into the database of a failed file.
  const is_kept = Boolean(process.env['PETPRO_TEST_KEEP']);
  const server = await startPostgres({ data_dir, fsync: false, watchdog: !is_kept });
  const admin = openDatabase(server.url, { application_name: 'test-setup', max: 1 });
  await admin`create database petpro_template`;
  await admin.end();
  const url = new URL(server.url);
  url.pathname = '/petpro_template';
  const template = openDatabase(url.href, { application_name: 'test-setup', max: 2 });
  await migrateUp(template);
  await template.end();
  project.provide('database_url', server.url);
  project.provide('template_database', 'petpro_template');
  return async () => {
    if (is_kept) return;
    await server.stop();
    removePostgresData(data_dir);
    fs.rmSync(dir, { recursive: true, force: true });
  };
}
