import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { startHarness } from '../http/harness.ts';
import { tiny_pdf } from '../http/papers.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';
import { pdf, sha256 } from './files.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api', PETPRO_ATTACHMENT_BYTES_MAX: '5000000' });
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-files-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const run = (words: readonly string[], more: Parameters<typeof cli>[1] = {}, token = 'desk') =>
  cli(['attachments', ...words], {
    ...more,
    env: {
      PETPRO_URL: world.base,
      PETPRO_TOKEN: token === 'sre' ? world.tokens.sre : world.tokens.desk,
    },
  });

const at = (name: string) => path.join(dir, name);

test('a file goes there and back, as it was, with its name', async () => {
  const booking = await freshBooking(world);
  const bytes = pdf(4_000_000);
  fs.writeFileSync(at('röntgen 1.pdf'), bytes);
  const added = await run(['add', booking, at('röntgen 1.pdf'), '--note', 'left leg', '--json']);
  expect(added.err).toBe('');
  const { kind, items } = JSON.parse(added.out);
  expect(kind).toBe('Attachment');
  expect(items[0]).toMatchObject({ file_name: 'röntgen 1.pdf', sha256: sha256(bytes) });
  const list = await run(['list', booking], { terminal: 100 });
  expect(list.out).toMatch(/röntgen 1\.pdf +4 MB +clinic +both +left leg/);
  const target = at('back');
  fs.mkdirSync(target);
  const got = await run(['get', booking, 'röntgen', '--to', target, '--json']);
  expect(JSON.parse(got.out).items[0].saved_to).toBe(path.join(target, 'röntgen 1.pdf'));
  expect(sha256(fs.readFileSync(path.join(target, 'röntgen 1.pdf')))).toBe(sha256(bytes));
  expect(fs.readdirSync(target)).toHaveLength(1);
  const again = await run(['get', booking, 'röntgen', '--to', target]);
  expect(again).toMatchObject({ code: 6, out: '' });
  expect(again.err).toContain('--force');
  expect((await run(['get', booking, 'röntgen', '--to', target, '--force'])).code).toBe(0);
});

test('a terminal sees progress, and never the bytes', async () => {
  const booking = await freshBooking(world);
  fs.writeFileSync(at('big.pdf'), pdf(3_000_000));
  const added = await run(['add', booking, at('big.pdf')], { terminal: 80 });
  expect(added.err).toMatch(/\rsent \d+ %/);
  expect((await run(['add', booking, at('big.pdf'), '-q'], { terminal: 80 })).err).toBe('');
  const shown = await run(['get', booking, 'big.pdf', '--to', '-'], { terminal: 80 });
  expect(shown).toMatchObject({ code: 2, out: '' });
  const clash = await run(['get', booking, 'big.pdf', '--to', '-']);
  expect(clash).toMatchObject({ code: 2, err: expect.stringContaining('big.pdf, big.pdf') });
  const [id = ''] = (await run(['list', booking, '-o', 'name'])).out.split('\n');
  const piped = await run(['get', booking, id.slice(-8), '--to', '-']);
  expect(sha256(Buffer.from(piped.out, 'latin1'))).toBe(sha256(pdf(3_000_000)));
});

test('what cannot be sent is said before it is sent', async () => {
  const booking = await freshBooking(world);
  fs.writeFileSync(at('empty.pdf'), '');
  fs.writeFileSync(at('page.html'), '<html>');
  fs.writeFileSync(at('huge.pdf'), pdf(5_000_001));
  const refusals = [
    ['empty.pdf', 2, 'is empty'],
    ['page.html', 2, 'of no kind that is taken'],
    ['nowhere.pdf', 2, 'ENOENT'],
    ['.', 2, 'is no file'],
    ['huge.pdf', 2, '5000000 bytes at most'],
  ] as const;
  for (const [name, code, said] of refusals) {
    const answer = await run(['add', booking, at(name)]);
    expect(answer).toMatchObject({ code, err: expect.stringContaining(said) });
  }
  expect((await run(['list', booking])).err).toContain('has no files');
  expect((await run(['get', booking, 'x'])).code).toBe(3);
});

test('the same key sends once; a removal asks first', async () => {
  const booking = await freshBooking(world);
  fs.writeFileSync(at('tiny.pdf'), tiny_pdf);
  const words = ['add', booking, at('tiny.pdf'), '--idempotency-key', 'cli once', '-o', 'name'];
  const first = await run(words);
  expect((await run(words)).out).toBe(first.out);
  expect((await run(['rm', booking, 'tiny.pdf'])).code).toBe(2);
  expect((await run(['rm', booking, 'tiny.pdf'], { answers: ['n'] })).code).toBe(130);
  expect((await run(['rm', booking, 'tiny.pdf', '--yes'])).out).toContain('tiny.pdf');
  expect((await run(['rm', booking, 'tiny.pdf', '--yes'])).code).toBe(3);
});

test('the sweep says what it would do, and names what is gone', async () => {
  const booking = await freshBooking(world);
  await run(['add', booking, at('tiny.pdf')]);
  const [row] = await harness.sql<{ file_url: string }[]>`
    select file_url from booking_attachments where booking_id = ${booking}`;
  const folder = path.join(harness.env['PETPRO_HOME'] ?? '', 'attachments');
  const file = path.join(folder, row?.file_url.replace('file:', '') ?? '');
  const orphan = path.join(path.dirname(file), crypto.randomUUID());
  const left_over = path.join(folder, 'incoming', 'crashed.part');
  fs.writeFileSync(orphan, 'x');
  fs.writeFileSync(left_over, 'x');
  const long_ago = new Date(Date.now() - 30 * 3_600_000);
  for (const name of [orphan, left_over]) fs.utimesSync(name, long_ago, long_ago);
  const rehearsal = await run(['sweep', '--dry-run'], {}, 'sre');
  expect(rehearsal.out).toMatch(/would remove\t1\n/);
  expect(fs.existsSync(orphan)).toBe(true);
  fs.rmSync(file);
  const swept = await run(['sweep', '--json'], {}, 'sre');
  expect(JSON.parse(swept.out).items[0]).toMatchObject({
    removed: 1,
    missing: [{ file_name: 'tiny.pdf' }],
  });
  expect(fs.existsSync(orphan) || fs.existsSync(left_over)).toBe(false);
  expect((await run(['sweep', '--older-than', 'long'], {}, 'sre')).code).toBe(2);
  expect((await run(['sweep'])).code).toBe(5);
});
