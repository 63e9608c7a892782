import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeApiKeys, seedDatabase } from '../../src/sandbox/seed.ts';
import { startHarness } from '../http/harness.ts';
import { type CliResult, cli } from './harness.ts';

// `petpro today` on paper and from the day cache, against a real daemon that is then gone.

const harness = await startHarness();
const keys = makeApiKeys();
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-print-'));
const bin = path.join(home, 'bin');
const days = path.join(home, 'days');
const path_before = process.env['PATH'];
let clinic_id = '';

/** What `petpro demo up` leaves behind; `url` decides who answers. */
function pointAt(url: string): void {
  const demo = { url, clinic_id, tokens: keys };
  fs.writeFileSync(path.join(home, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
}

beforeAll(async () => {
  ({ clinic_id } = await seedDatabase(harness.sql, { seed: 42, keys }));
  pointAt(harness.daemon.url);
  fs.mkdirSync(bin);
});
afterAll(() => {
  process.env['PATH'] = path_before;
  fs.rmSync(home, { recursive: true, force: true });
});

const today = async (
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> => await cli(['today', ...words], { env: { PETPRO_HOME: home, ...env } });

/** A program called lp, as the print server's client would be. */
function putLp(script: string): void {
  fs.writeFileSync(path.join(bin, 'lp'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = `${bin}:${path_before}`;
}
const written = (name: string) => path.join(home, name);

describe('on paper', () => {
  test('goes to lp by arguments that no shell reads, with title and copies', async () => {
    putLp(`printf '%s|' "$@" > ${home}/args; cat > ${home}/text`);
    const done = await today([
      '--print',
      '--copies',
      '2',
      '--device',
      'lp:$(rm x)',
      '--lang',
      'en',
    ]);
    expect(`${done.code} ${done.out}`).toBe('0 ');
    expect(done.err).toMatch(/^Sent to \$\(rm x\)\. DAY SHEET BSD [\d-]+: 1 page, 2 copies\.\n$/);
    const args = fs.readFileSync(written('args'), 'utf8').split('|');
    expect(args.slice(0, 2)).toEqual(['-d', '$(rm x)']);
    expect(args.slice(4, 6)).toEqual(['-n', '2']);
    expect(fs.readFileSync(written('text'), 'utf8')).toContain('DAY SHEET: all vets');
  });

  test('to a file it is for its writer alone, and as JSON it says what was printed', async () => {
    const file = written('sheet.txt');
    const { out, code } = await today([
      '--print',
      '--each-vet',
      '--device',
      `file:${file}`,
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      kind: 'PrintJob',
      items: [{ copies: 1, device: 'file' }],
    });
    expect((fs.statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(fs.readFileSync(file, 'utf8').split('\f')).toHaveLength(
      JSON.parse(out).items[0].page_count,
    );
  });

  test('a till printer gets its own language, 42 columns wide, every sheet cut off', async () => {
    const file = written('till.bin');
    const { code } = await today(['--print', '--copies', '2', '--device', `escpos:${file}`]);
    expect(code).toBe(0);
    const bytes = fs.readFileSync(file).toString('latin1');
    expect(bytes.split('\u001dV')).toHaveLength(3);
    const lines = bytes.split('\n').map((line) => line.split('\u001bt\0').at(-1) ?? '');
    expect(Math.max(...lines.slice(0, -1).map((line) => line.length))).toBe(42);
  });

  test('what cannot be printed says why and what to do', async () => {
    const no_such = await today(['--print', '--device', 'file:/nowhere/at/all/sheet.txt']);
    expect(`${no_such.code} ${no_such.err}`).toBe(
      '2 error[INVALID_INPUT]: /nowhere/at/all/sheet.txt cannot be written (ENOENT).\n' +
        'next: ls -l "/nowhere/at/all/sheet.txt"\n',
    );
    putLp('echo "lp: Error - no default destination available." >&2; exit 1');
    const refused = await today(['--print']);
    expect(refused.code).toBe(11);
    expect(refused.err).toContain('The default printer did not take it: lp: Error - no default');
    expect(refused.err).toContain('next: lpstat -p');
    process.env['PATH'] = written('nothing');
    const absent = await today(['--print']);
    process.env['PATH'] = path_before;
    expect(`${absent.code} ${absent.err}`).toContain(
      '11 error[UNAVAILABLE]: There is no lp command',
    );
    expect(absent.err).toContain('next: --device file:sheet.txt');
  });

  test.each([
    [['--print', '--device', 'usb0'], '"usb0" is no printer'],
    [['--print', '--device', 'lp:-x'], '"lp:-x" is no printer'],
    [['--print', '--copies', '0'], '--copies must be a whole number from 1 to 10'],
    [['--print', '--watch'], 'leave --watch away'],
    [['--copies', '2'], '--copies is about paper: say --print too'],
    [['--cached', '--refresh-cache'], 'neither watches nor refreshes'],
  ])('%j is refused', async (words, why) => {
    const { code, err, out } = await today(words);
    expect(`${code} ${out}`).toBe('2 ');
    expect(err).toContain(why);
    expect(err).toContain('next: ');
  });
});

describe('the day cache', () => {
  test('keeps today and tomorrow, for its owner, with nobody named by id', async () => {
    fs.rmSync(days, { recursive: true, force: true });
    const { code, out } = await today(['--refresh-cache', '--json']);
    expect(code).toBe(0);
    const { items } = JSON.parse(out);
    expect(items).toHaveLength(2);
    expect((fs.statSync(days).mode & 0o777).toString(8)).toBe('700');
    for (const { file } of items) {
      expect((fs.statSync(file).mode & 0o777).toString(8)).toBe('600');
      const kept = JSON.parse(fs.readFileSync(file, 'utf8'));
      expect(Object.keys(kept)).toEqual(['format', 'url', 'reader', 'role', 'saved_at', 'day']);
      expect(fs.readFileSync(file, 'utf8')).not.toContain(keys.desk);
      const rows: { user_id: unknown; pet_id: unknown }[] = kept.day.items;
      expect(rows.every((row) => row.user_id === null && row.pet_id === null)).toBe(true);
    }
  });

  test('shows the same day as the daemon, says its age, and that it is stale', async () => {
    const live = JSON.parse((await today(['--json'])).out);
    const { code, out, err } = await today(['--cached', '--json']);
    expect(code).toBe(0);
    const kept = JSON.parse(out);
    expect(err).toMatch(
      /^As of [\d-]+ [\d:]+ \(\d+ s ago\), kept here; the daemon was not asked\.\n$/,
    );
    expect([live.meta.stale, kept.meta.stale]).toEqual([false, true]);
    const fields = ({ reference_code, status, owner_phone }: Record<string, unknown>) => [
      reference_code,
      status,
      owner_phone,
    ];
    expect(kept.items.map(fields)).toEqual(live.items.map(fields));
  });

  test('names nobody to another login', async () => {
    const { out } = await today(['--cached', '--all', '--json'], { PETPRO_TOKEN: keys.sre });
    const items: Record<string, unknown>[] = JSON.parse(out).items;
    expect(items.length).toBeGreaterThan(0);
    for (const name of ['owner_name', 'owner_phone', 'pet_name', 'notes']) {
      expect(items.every((row) => row[name] === null || row[name] === '***')).toBe(true);
    }
  });

  test('is offered when the daemon is gone, and prints as well', async () => {
    pointAt('http://127.0.0.1:9');
    const date = JSON.parse(
      fs.readFileSync(path.join(days, fs.readdirSync(days)[0] ?? ''), 'utf8'),
    );
    // Another server's days are not this one's.
    expect((await today(['--cached'])).code).toBe(3);
    for (const name of fs.readdirSync(days)) {
      const file = path.join(days, name);
      const kept = JSON.parse(fs.readFileSync(file, 'utf8'));
      fs.writeFileSync(file, JSON.stringify({ ...kept, url: 'http://127.0.0.1:9' }));
    }
    const gone = await today(['--vet', 'rudi', '--json']);
    expect(gone.code).toBe(11);
    const { error } = JSON.parse(gone.out);
    expect(error.next).toBe('petpro today --cached --vet "rudi"');
    expect(error.detail).toMatch(
      /No PetPro daemon answers.* The day as of \d+ s ago is kept here\./,
    );
    const file = written('kept.txt');
    const print = ['--cached', '--print', '--lang', 'en', '--device', `file:${file}`];
    expect((await today(print)).code).toBe(0);
    expect(fs.readFileSync(file, 'utf8')).toMatch(/^AS OF \d\d:\d\d: no connection since$/m);
    expect(fs.readFileSync(file, 'utf8')).toContain(date.day.clinic.name);
  });

  test('says which days are there, and is not fooled by what is no day', async () => {
    const missing = await today(['--cached', '--date', '+5d']);
    expect(missing.code).toBe(3);
    expect(missing.err).toMatch(/is not kept here; there is [\d-]+, [\d-]+\./);
    fs.writeFileSync(path.join(days, 'torn.json'), '{"format":1,"day":');
    fs.writeFileSync(path.join(days, 'other.json'), '{"format":2}');
    expect((await today(['--cached'])).code).toBe(0);
  });

  test('is forgotten after two days', async () => {
    pointAt(harness.daemon.url);
    const old = path.join(days, 'torn.json');
    const then = Temporal.Now.instant().subtract({ hours: 49 }).epochMilliseconds / 1000;
    fs.utimesSync(old, then, then);
    await today(['--refresh-cache', '-o', 'none']);
    expect(fs.existsSync(old)).toBe(false);
    expect(fs.existsSync(path.join(days, 'other.json'))).toBe(true);
  });
});
