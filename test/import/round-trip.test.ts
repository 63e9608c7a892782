import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { csvReader, withoutGuard } from '../../src/domain/import-csv.ts';
import { import_kinds } from '../../src/domain/import-fields.ts';
import { makeApiKeys, seedDatabase } from '../../src/sandbox/seed.ts';
import { cli } from '../cli/harness.ts';
import { createTestDatabase } from '../helpers/database.ts';

/** Everything out of one database and into an empty one. */

const from = await createTestDatabase();
const to = await createTestDatabase();
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-export-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

async function petpro(url: string, ...words: readonly string[]) {
  const done = await cli([...words, '--json'], { env: { DATABASE_URL: url } });
  expect(`${words.join(' ')}: ${done.code} ${done.err}`).toContain(': 0 ');
  return JSON.parse(done.out);
}

type Row = Readonly<Record<string, string>>;

function readCsv(folder: string, name: string): readonly Row[] {
  const reader = csvReader();
  const text = fs.readFileSync(path.join(dir, folder, `${name}.csv`), 'utf8');
  const [head, ...rows] = [...reader.push(text), ...reader.end()].map(({ cells }) => cells);
  return rows.map((cells) =>
    Object.fromEntries(head!.map((field, index) => [field, withoutGuard(cells[index] ?? '')])),
  );
}

/** What an import brings back; the rest is about the row, not about the thing. */
function bare(row: Row, without: readonly string[] = []): Row {
  const left = ['version', 'created_at', 'updated_at', ...without];
  return Object.fromEntries(Object.entries(row).filter(([field]) => !left.includes(field)));
}

beforeAll(async () => {
  await seedDatabase(from.sql, { seed: 42, keys: makeApiKeys() });
  const [first] = await from.sql`select id from users order by id limit 1`;
  await from.sql`
    update users set full_name = '=HYPERLINK("x")', phone = '+62 812-0000-1111'
    where id = ${first!['id']}`;
  await petpro(from.url, 'export', 'all', '--to', path.join(dir, 'a'));
});

test('the manifest says what each file holds, and only their owner may read them', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(dir, 'a/manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ format: 'petpro-export/1', clinic: null });
  expect(manifest.files).toHaveLength(10);
  for (const { file, rows, sha256, data } of manifest.files) {
    const full = path.join(dir, 'a', file);
    const bytes = fs.readFileSync(full);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    expect(readCsv('a', data)).toHaveLength(rows);
    expect(fs.statSync(full).mode & 0o777).toBe(0o600);
  }
  const owners = fs.readFileSync(path.join(dir, 'a/owners.csv'), 'utf8');
  expect(owners).toContain(`"'=HYPERLINK(""x"")"`);
});

test('all of it comes in again, and a second time nothing changes', async () => {
  for (const kind of import_kinds) {
    const file = path.join(dir, `a/${kind}.csv`);
    const more = kind === 'bookings' ? ['--open-slots'] : [];
    const { items } = await petpro(to.url, 'import', kind, file, ...more);
    expect(items[0]).toMatchObject({ added: readCsv('a', kind).length, rejected: 0, kept: 0 });
  }
  for (const kind of import_kinds) {
    const file = path.join(dir, `a/${kind}.csv`);
    const { items } = await petpro(to.url, 'import', kind, file);
    expect(items[0]).toMatchObject({ added: 0, changed: 0, kept: 0, rejected: 0 });
  }
  await assertInvariants(to.sql);
});

test('what comes out there is what went in here', async () => {
  await petpro(to.url, 'export', 'all', '--to', path.join(dir, 'b'));
  for (const kind of ['clinics', 'services', 'vets', 'owners', 'pets'] as const) {
    expect(readCsv('b', kind).map((row) => bare(row))).toEqual(
      readCsv('a', kind).map((row) => bare(row)),
    );
  }
  // Money went through another till, a booking that claims its seats anew has a new id, and the owner's
  // name was another when it was made.
  const not_brought = [
    'id',
    'full_name',
    'amount',
    'amount_paid',
    'payment_mode',
    'refund_percent',
  ];
  const times = ['arrived_at', 'started_at', 'completed_at', 'cancelled_at'];
  const sorted = (folder: string) =>
    readCsv(folder, 'bookings')
      .map((row) => bare(row, [...not_brought, ...times]))
      .toSorted((a, b) => (a['reference_code']! < b['reference_code']! ? -1 : 1));
  expect(sorted('b')).toEqual(sorted('a'));
  expect(sorted('a').length).toBeGreaterThan(50);
});

test('nothing that was brought in is told to anybody, and the next code is a new one', async () => {
  await to.sql`select sequence_events(10000)`;
  await to.sql`select * from fan_out_events(10000)`;
  const [row] = await to.sql`select count(*)::integer as messages from deliveries`;
  expect(row).toMatchObject({ messages: 0 });
  const [code] = await to.sql`
    select count(*)::integer as found from bookings
    where reference_code = reference_code(nextval('hold_numbers'))`;
  expect(code).toMatchObject({ found: 0 });
});

test('an export of the same folder again is refused, and one of another clinic is its own', async () => {
  const env = { DATABASE_URL: from.url };
  const again = await cli(['export', 'vets', '--to', path.join(dir, 'a')], { env });
  expect(again.code).toBe(6);
  expect(again.err).toContain('--force');
  const nowhere = await cli(['export', 'vets', '--to', '/dev/null/x'], { env });
  expect(nowhere.code).toBe(2);
  expect(nowhere.err).toContain('cannot be made');
  const one = path.join(dir, 'deep/one');
  await petpro(from.url, 'export', 'all', '--to', one, '--clinic', 'SKR', '--format', 'jsonl');
  const lines = fs.readFileSync(path.join(one, 'bookings.jsonl'), 'utf8').trim().split('\n');
  const codes = new Set(lines.map((line) => JSON.parse(line).clinic_code));
  expect([...codes]).toEqual(['SKR']);
});
