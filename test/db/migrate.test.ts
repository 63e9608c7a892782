import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openDatabase } from '../../src/daemon/store/db.ts';
import {
  assertSchema,
  migrateUp,
  migrationStatus,
  readMigrations,
  verifyMigrations,
} from '../../src/daemon/store/migrate.ts';
import { currency_exponents } from '../../src/domain/money.ts';

let admin: Sql;
const opened: Sql[] = [];
const names: string[] = [];
const folders: string[] = [];

beforeAll(() => {
  admin = openDatabase(inject('database_url'), { application_name: 'migrate-test', max: 1 });
});

afterAll(async () => {
  await Promise.all(opened.map((sql) => sql.end({ timeout: 5 })));
  for (const name of names) await admin.unsafe(`drop database ${name} with (force)`);
  await admin.end({ timeout: 5 });
  for (const folder of folders) fs.rmSync(folder, { recursive: true });
});

/** An empty database and a way to open further pools on it. */
async function emptyDatabase(): Promise<() => Sql> {
  const name = `migrate_${randomBytes(6).toString('hex')}`;
  await admin.unsafe(`create database ${name}`);
  names.push(name);
  const url = new URL(inject('database_url'));
  url.pathname = `/${name}`;
  return () => {
    const sql = openDatabase(url.href, {
      application_name: name,
      max: 2,
      statement_timeout_ms: 60_000,
    });
    opened.push(sql);
    return sql;
  };
}

/** A folder of migrations of our own. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-migrations-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

const tablesOf = async (sql: Sql) =>
  (
    await sql<{ name: string }[]>`
      select tablename as name from pg_tables where schemaname = 'public' order by tablename`
  ).map(({ name }) => name);

test('three runners at once apply every migration once', async () => {
  const open = await emptyDatabase();
  const runs = await Promise.all([open(), open(), open()].map((sql) => migrateUp(sql)));
  const applied = runs.flatMap((each) => each.applied);
  expect(applied.toSorted()).toEqual(
    readMigrations().map(({ version, name }) => `${String(version).padStart(4, '0')}_${name}`),
  );
  const sql = open();
  await assertSchema(sql);
  expect((await migrateUp(sql)).applied).toEqual([]);
  expect((await migrationStatus(sql)).every(({ state }) => state === 'applied')).toBe(true);
});

test('a dry run shows the SQL and leaves the database empty', async () => {
  const sql = (await emptyDatabase())();
  const { applied, sql: text } = await migrateUp(sql, { dry_run: true });
  expect(applied).toEqual([]);
  expect(text).toContain('create table slot_claims');
  expect(await tablesOf(sql)).toEqual([]);
  const report = await verifyMigrations(sql);
  expect(report).toMatchObject({ state: 'pending', version: 0 });
  await expect(assertSchema(sql)).rejects.toMatchObject({
    code: 'unavailable',
    facts: { next: 'petpro migrate up' },
  });
});

test('stops where it is told to and goes on later', async () => {
  const folder = folderOf({
    '0001_one.sql': 'create table one (id int);',
    '0002_two.sql': 'create table two (id int);',
  });
  const sql = (await emptyDatabase())();
  const progress: string[] = [];
  const on_progress = ({ name }: { readonly name: string }) => progress.push(name);
  await migrateUp(sql, { folder, to: 1, on_progress });
  expect(await tablesOf(sql)).toEqual(['one', 'schema_migrations']);
  await migrateUp(sql, { folder, on_progress });
  expect(progress).toEqual(['one', 'two']);
});

test('a migration that fails leaves nothing of itself, those before it stay', async () => {
  const folder = folderOf({
    '0001_one.sql': 'create table one (id int);',
    '0002_two.sql': 'create table two (id int); insert into nowhere values (1);',
  });
  const sql = (await emptyDatabase())();
  await expect(migrateUp(sql, { folder })).rejects.toMatchObject({ code: '42P01' });
  expect(await tablesOf(sql)).toEqual(['one', 'schema_migrations']);
  fs.writeFileSync(path.join(folder, '0002_two.sql'), 'create table two (id int);');
  expect((await migrateUp(sql, { folder })).applied).toEqual(['0002_two']);
});

test('a file changed after it was applied is reported and stops the next run', async () => {
  const folder = folderOf({ '0001_one.sql': 'create table one (id int);' });
  const sql = (await emptyDatabase())();
  await migrateUp(sql, { folder });
  fs.appendFileSync(path.join(folder, '0001_one.sql'), '\n-- innocent');
  fs.writeFileSync(path.join(folder, '0002_two.sql'), 'create table two (id int);');
  expect(await verifyMigrations(sql, folder)).toMatchObject({
    state: 'drifted',
    drifted: ['0001_one'],
    pending: ['0002_two'],
  });
  await expect(migrateUp(sql, { folder })).rejects.toMatchObject({ code: 'unavailable' });
  expect(await tablesOf(sql)).not.toContain('two');
});

test('a schema newer than the program is refused', async () => {
  const sql = (await emptyDatabase())();
  const both = folderOf({ '0001_one.sql': 'select 1;', '0002_two.sql': 'select 2;' });
  await migrateUp(sql, { folder: both });
  const older = folderOf({ '0001_one.sql': 'select 1;' });
  expect(await verifyMigrations(sql, older)).toMatchObject({
    state: 'newer',
    unknown: ['0002_two'],
  });
  await expect(migrateUp(sql, { folder: older })).rejects.toThrow('newer than this program');
});

test('a marked migration runs outside of a transaction', async () => {
  const folder = folderOf({
    '0001_one.sql': 'create table one (id int);',
    '0002_index.sql': '-- no-transaction\ncreate index concurrently one_id on one (id);',
  });
  const sql = (await emptyDatabase())();
  expect((await migrateUp(sql, { folder })).applied).toEqual(['0001_one', '0002_index']);
  const [row] = await sql`select indisvalid from pg_index where indexrelid = 'one_id'::regclass`;
  expect(row).toEqual({ indisvalid: true });
});

test('numbers may be left out, but not given twice', async () => {
  const one = { '0001_one.sql': 'create table one (id int);' };
  const three = { ...one, '0003_three.sql': 'create table three (id int);' };
  const all = { ...three, '0002_two.sql': 'create table two (id int);' };
  const sql = (await emptyDatabase())();
  expect((await migrateUp(sql, { folder: folderOf(three) })).applied).toHaveLength(2);
  expect((await migrateUp(sql, { folder: folderOf(all) })).applied).toEqual(['0002_two']);
  expect((await migrateUp(sql, { folder: folderOf(all) })).applied).toEqual([]);
  await expect(migrateUp(sql, { folder: folderOf(one) })).rejects.toMatchObject({
    code: 'unavailable',
  });
  const twice = { '0002_two.sql': 'select 1;', '0002_zwei.sql': 'select 2;' };
  expect(() => readMigrations(folderOf(twice))).toThrow('0002_zwei.sql');
  expect(() => readMigrations(folderOf({ 'one.sql': 'select 1;' }))).toThrow('one.sql');
});

test('the currencies in SQL and in the program are the same', async () => {
  const sql = (await emptyDatabase())();
  await migrateUp(sql);
  const rows = await sql<{ code: string; exponent: number }[]>`
    select code, exponent from currencies`;
  expect(Object.fromEntries(rows.map(({ code, exponent }) => [code, exponent]))).toEqual(
    currency_exponents,
  );
});
