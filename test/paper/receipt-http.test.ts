import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { member, send, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, must, type World } from '../http/world.ts';
import { packed, readPdf } from './pdf.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-paper-'));
let world: World;
let reference = '';
let payment_id = '';
beforeAll(async () => {
  world = await buildWorld(harness);
  const token = world.tokens.desk;
  const booking_id = await freshBooking(world, 'at_clinic');
  const body = { payment_method: 'cash' };
  const paid = await send(world.base, `/v1/bookings/${booking_id}/pay`, {
    method: 'POST',
    token,
    body,
  });
  payment_id = must(paid, 'payment_id');
  reference = must(paid, 'reference_code');
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const headersOf = (token: string, accept: string) => ({ authorization: `Bearer ${token}`, accept });

test.each([
  ['by format', '?format=pdf&paper=80mm&lang=ja', '*/*'],
  ['by Accept', '?lang=ja', 'application/pdf'],
])('a PDF %s, for its owner, with a name and for no cache', async (_, query, accept) => {
  const address = `${world.base}/v1/payments/${payment_id}/receipt${query}`;
  const answer = await fetch(address, { headers: headersOf(world.tokens.customer, accept) });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/pdf');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('content-disposition')).toBe(
    `inline; filename="receipt-${reference}-1.pdf"`,
  );
  const { pages } = await readPdf(new Uint8Array(await answer.arrayBuffer()));
  expect(packed(pages.join(''))).toContain(`領収書番号${reference}-1`);
});

test('who accepts only JSON gets the same document inside it; others get none drawn', async () => {
  const address = `/v1/payments/${payment_id}/receipt`;
  const token = world.tokens.desk;
  const headers = { accept: 'application/json' };
  const inside = await send(world.base, `${address}?format=pdf`, { token, headers });
  expect(inside.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const pdf = Buffer.from(must(inside, 'pdf'), 'base64');
  expect(packed((await readPdf(pdf)).pages.join(''))).toContain(reference);
  expect(member((await send(world.base, address, { token, headers })).json, 'pdf')).toBeUndefined();
  const wrong = await send(world.base, `${address}?format=pdf&paper=a3`, { token });
  expect(wrong.text).toContain('query.paper');
  const stranger = await send(world.base, `${address}?format=pdf`, { token: world.other_customer });
  expect(stranger.status).toBe(404);
});

const env = () => ({ PETPRO_URL: world.base, PETPRO_TOKEN: world.tokens.desk });
const print = ['receipts', 'print'];

test('the command line writes a file or a pipe, and never bytes to a terminal', async () => {
  const file = path.join(folder, 'receipt.pdf');
  const words = [...print, reference, '--format', 'pdf', '--speaks', 'id'];
  const written = await cli([...words, '--out', file], { env: env(), terminal: 80 });
  expect(written).toMatchObject({ code: 0, out: '' });
  expect(written.err).toMatch(/^Written: .*receipt\.pdf \(\d+ bytes\)\n$/);
  const { pages } = await readPdf(fs.readFileSync(file));
  expect(packed(pages.join(''))).toContain('KUITANSI');
  const refused = await cli(words, { env: env(), terminal: 80 });
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain(`next: --out receipt-${reference}-1.pdf`);
  const piped = await cli(words, { env: env() });
  expect(piped.out.startsWith('%PDF-')).toBe(true);
  const nowhere = await cli([...words, '--out', path.join(folder, 'no', 'x')], { env: env() });
  expect(nowhere.code).toBe(2);
  expect(nowhere.err).toContain('cannot be written (ENOENT)');
  const both = await cli([...words, '--out', file, '--printer', 'till'], { env: env() });
  expect(both.code).toBe(2);
});

test('till printers get their own language, and lost signs are told', async () => {
  const file = path.join(folder, 'till.bin');
  const words = [...print, reference, '--format', 'escpos', '--out', file];
  expect((await cli([...words, '--copies', '2'], { env: env() })).code).toBe(0);
  const bytes = fs.readFileSync(file);
  expect(bytes.subarray(0, 5).toString('hex')).toBe('1b401b7400');
  expect(bytes.toString('latin1').split('\x1dVB\0').length).toBe(3);
  const lossy = await cli([...words, '--speaks', 'ja', '--charset', 'cp437'], { env: env() });
  expect(lossy.err).toMatch(/^\d+ signs are not in cp437/);
  const too_many = await cli([...words, '--copies', '11'], { env: env() });
  expect(too_many.code).toBe(2);
});

test('a printer gets the document from lp, with its name and the number of copies', async () => {
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  // As the print command takes it: arguments and standard input.
  const script = `#!/bin/sh\necho "$@" > "${folder}/lp.args"\ncat > "${folder}/lp.in"\n`;
  fs.writeFileSync(
    path.join(bin, 'lp'),
    `${script}[ "$2" = till ] || { echo no such printer >&2; exit 1; }\n`,
    { mode: 0o755 },
  );
  const run = async (printer: string) =>
    await promisify(execFile)(
      process.execPath,
      [
        'src/main.ts',
        ...print,
        reference,
        '--format',
        'pdf',
        '--copies',
        '2',
        '--printer',
        printer,
      ],
      {
        cwd: path.resolve(import.meta.dirname, '../..'),
        env: { ...process.env, ...env(), PATH: `${bin}:${process.env['PATH']}` },
        timeout: 60_000,
      },
    );
  const { stdout, stderr } = await run('till');
  expect([stdout, stderr]).toEqual(['', 'Sent to till.\n']);
  expect(fs.readFileSync(path.join(folder, 'lp.args'), 'utf8')).toBe(
    `-d till -t receipt-${reference}-1.pdf -n 2\n`,
  );
  expect(fs.readFileSync(path.join(folder, 'lp.in')).subarray(0, 5).toString()).toBe('%PDF-');
  await expect(run('attic')).rejects.toMatchObject({
    code: 11,
    stderr: expect.stringContaining('The printer "attic" did not take it: no such printer.'),
  });
});

test('neither the daemon nor a command loads the PDF library or its fonts before a PDF is asked for', async () => {
  // The threads of this process draw; its own modules must not know how.
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve: (name, context, next) => {
      const found = next(name, context);
      loaded.push(found.url);
      return found;
    } });
    const { main } = await import('./src/commands/cli.ts');
    await import('./src/daemon/main.ts');
    const io = { out() {}, err() {}, out_bytes() {}, is_tty: false, is_err_tty: false, can_ask: false,
      columns: () => 80, rows: () => 24, ask: async () => null,
      trapSignals: () => new AbortController().signal, duringPager: (work) => work() };
    await main(['node', 'petpro', 'receipts', 'print', 'nonsense'], io);
    const heavy = loaded.filter((url) => /pdfkit|fontkit|fontsource|uqr|paper\\/draw/.test(url));
    process.stdout.write(JSON.stringify({ count: loaded.length, heavy }));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { cwd: path.resolve(import.meta.dirname, '../..'), timeout: 60_000 },
  );
  const { count, heavy } = JSON.parse(stdout);
  expect(count).toBeGreaterThan(100);
  expect(heavy).toEqual([]);
});
