import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openSource } from '../../src/commands/import-source.ts';
import { importFile, type SourceRow } from '../../src/daemon/actions/import-file.ts';
import { addImportRun, no_counts } from '../../src/daemon/store/import-runs.ts';
import { type CliOptions, cli } from '../cli/harness.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql, url } = await createTestDatabase();
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-broken-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

const petpro = async (words: readonly string[], options: CliOptions = {}) =>
  await cli(words, { env: { DATABASE_URL: url }, ...options });

function file(name: string, text: string | Uint8Array): string {
  const full = path.join(dir, name);
  fs.writeFileSync(full, text);
  return full;
}

const rowsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${name}${index},Owner ${name} ${index}`);

const never = new AbortController().signal;

async function countOf(like: string): Promise<number> {
  const [row] = await sql`
    select count(*)::integer as found from users where full_name like ${like}`;
  return row!['found'];
}

describe('an import that broke off', () => {
  test('killed in the middle goes on behind its last batch', async () => {
    const name = file('killed.csv', ['id,full_name', ...rowsOf('k', 2_500)].join('\n'));
    const { sha256 } = await openSource(name, null, never);
    const run_id = await addImportRun(sql, {
      kind: 'owners',
      file_name: 'killed.csv',
      file_sha256: sha256,
      source: 'oldvet',
      settings: { map: null, on_error: 'stop', open_slots: false },
      started_by: 'test',
    });
    async function* untilKilled(): AsyncIterable<SourceRow> {
      for (let line = 2; line < 1_800; line += 1) {
        const values = { id: `k${line - 2}`, full_name: `Owner k ${line - 2}` };
        yield { line, values, fault: null, raw: [] };
      }
      throw new Error('killed');
    }
    const wish = {
      kind: 'owners',
      source: 'oldvet',
      run_id,
      on_error: 'stop',
      open_slots: false,
      rows: untilKilled(),
      begin: no_counts,
      on_reject: () => {},
      on_batch: () => {},
      signal: never,
    } as const;
    await expect(importFile(sql, wish)).rejects.toThrow('killed');
    expect(await countOf('Owner k %')).toBe(1_000);
    const done = await petpro(['import', 'owners', name, '--resume', '--json']);
    expect(done.err).toContain('Going on behind 1,000 rows');
    expect(JSON.parse(done.out).items[0]).toMatchObject({
      run_id,
      rows_read: 2_500,
      added: 2_500,
      same: 0,
    });
    expect(await countOf('Owner k %')).toBe(2_500);
    const again = await petpro(['import', 'owners', name, '--resume']);
    expect(again.code).toBe(3);
    expect(again.err).toContain('rows that are here already count as same');
  });

  test('by Ctrl-C says what is done and the line that goes on, which reads the file alike', async () => {
    const name = file('ctrl.csv', ['Nr;Name', ...rowsOf('c', 50)].join('\n').replaceAll(',', ';'));
    const controller = new AbortController();
    const stopped = await petpro(['import', 'owners', name, '--map', 'Nr=id', '--source', 'a'], {
      signal: controller.signal,
      on_err: () => controller.abort(130),
    });
    expect(stopped.code).toBe(130);
    expect(stopped.out).toContain('Stopped');
    expect(stopped.out).toContain('--resume');
    const done = await petpro(['import', 'owners', name, '--resume', '--json']);
    expect(JSON.parse(done.out).items[0]).toMatchObject({ state: 'done', added: 50 });
    const [run] = await sql`select status, source from import_runs where file_name = 'ctrl.csv'`;
    expect(run).toMatchObject({ status: 'done', source: 'a' });
  });

  test('two that go on with the same run: one of them gives up', async () => {
    const rows = async function* (): AsyncIterable<SourceRow> {
      yield { line: 2, values: { id: 'twice', full_name: 'Owner t 1' }, fault: null, raw: [] };
    };
    const run_id = await addImportRun(sql, {
      kind: 'owners',
      file_name: 'x',
      file_sha256: null,
      source: 'x',
      settings: { map: null, on_error: 'stop', open_slots: false },
      started_by: 'test',
    });
    await sql`update import_runs set rows_read = 7 where id = ${run_id}`;
    const wish = {
      kind: 'owners',
      source: 'x',
      run_id,
      on_error: 'stop',
      open_slots: false,
      begin: no_counts,
      on_reject: () => {},
      on_batch: () => {},
      signal: never,
    } as const;
    await expect(importFile(sql, { ...wish, rows: rows() })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await countOf('Owner t %')).toBe(0);
  });
});

describe('rows that cannot be taken', () => {
  test('stop: what stands before them is in, nothing behind; the answer is exit 2 with the line', async () => {
    const name = file('stop.csv', 'id,full_name,phone\ns1,Owner s 1,\ns2,,0812\ns3,Owner s 3,\n');
    const done = await petpro(['import', 'owners', name, '--json']);
    expect(done.code).toBe(2);
    expect(JSON.parse(done.out).error).toMatchObject({ code: 'invalid_input', added: 1 });
    expect(done.err).toContain('line 3: full_name is needed');
    expect(await countOf('Owner s %')).toBe(1);
  });

  test('skip: they are written to a file that can be mended and taken in', async () => {
    const text = 'id,full_name,phone,note\n1,Owner r 1,,\n2,Owner r 2,0812,"=a, b"\n3,Owner r 3\n';
    const name = file('skip.csv', text);
    const words = [
      'import',
      'owners',
      name,
      '--map',
      'note=',
      '--on-error',
      'skip',
      '--source',
      'r',
    ];
    const done = await petpro([...words, '--json']);
    expect(done.code).toBe(14);
    const { items } = JSON.parse(done.out);
    expect(items[0]).toMatchObject({ added: 1, rejected: 2, rejects_file: `${name}.rejects.csv` });
    const rejects = fs.readFileSync(`${name}.rejects.csv`, 'utf8');
    expect(rejects).toContain('2,Owner r 2,0812,"=a, b",3,phone,');
    const mended = file('mended.csv', rejects.replace('0812', '+62 812 3456 7890'));
    const again = await petpro(['import', 'owners', mended, '--map', 'note=', '--source', 'r']);
    expect(again.code).toBe(0);
    expect(await countOf('Owner r %')).toBe(3);
  });

  test('a row that only the database refuses is found, and the others of its batch go in', async () => {
    const owners = file('o.jsonl', '{"id":"n1","full_name":"Owner n 1"}\n');
    const pets = file(
      'p.jsonl',
      '{"id":1,"user_id":"n1","name":"Mochi"}\n{"id":2,"user_id":"n1","name":"Rex","notes":"a\\u0000b"}\n{"id":3,"user_id":"nobody","name":"Lost"}\n',
    );
    await petpro(['import', 'owners', owners]);
    const done = await petpro(['import', 'pets', pets, '--on-error', 'skip', '--json']);
    expect(done.code).toBe(14);
    const { items } = JSON.parse(done.out);
    expect(items[0]).toMatchObject({ added: 1, rejected: 2 });
    expect(items[0].errors[1]).toMatchObject({ line: 3, field: 'user_id' });
  });

  test('a dry run counts and writes nothing', async () => {
    const name = file('dry.csv', 'id,full_name\nd1,Owner d 1\nd1,Owner d 1b\nd2,\n');
    const done = await petpro(['import', 'owners', name, '--dry-run', '--json']);
    expect(done.code).toBe(14);
    expect(JSON.parse(done.out).items[0]).toMatchObject({ run_id: null, added: 2, rejected: 1 });
    expect(await countOf('Owner d %')).toBe(0);
    const [run] =
      await sql`select count(*)::integer as n from import_runs where file_name = 'dry.csv'`;
    expect(run).toMatchObject({ n: 0 });
  });

  test.each([
    [
      'latin.csv',
      Buffer.from('id,full_name\n1,Ok\n2,M\xfcller\n', 'latin1'),
      'Line 3 is not UTF-8',
    ],
    ['utf16.csv', Buffer.from('\ufeffid,full_name\n', 'utf16le'), 'Line 1 is not UTF-8'],
    ['empty.csv', '', 'The file is empty'],
    ['columns.csv', 'id,full_name,colour\n', '"colour"'],
    ['missing.csv', 'id,phone\n', 'full_name'],
    ['double.csv', 'id,name,full_name\n', 'Two columns mean the field full_name'],
    ['words.txt', 'x', 'Nothing says which format'],
    ['open.csv', 'id,full_name\n1,"Siti\n', 'Line 2'],
  ])('%s is refused with what, why and what next', async (name, text, said) => {
    const done = await petpro(['import', 'owners', file(name, text)]);
    expect(done.code).toBe(2);
    expect(done.err).toContain(said);
    expect(done.err).toContain('next: ');
  });
});
