import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/domain/width.ts';
import type { DemoDocument } from '../../src/sandbox/demo-home.ts';
import { removePostgresData } from '../../src/sandbox/postgres.ts';
import { eventually } from '../helpers/poll.ts';
import { openPane, type Pane } from '../helpers/tmux.ts';

/** The built program on a real terminal against a real daemon with everything behind it. */

const root = path.resolve(import.meta.dirname, '../..');
const home_root = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-tui-'));
fs.chmodSync(home_root, 0o755);
const home = path.join(home_root, 'home');
/** Inside the project, because that is where the packages are found from. */
const built = path.join(root, 'node_modules', '.cache', `petpro-tui-test-${process.pid}`);
const DEMO_MS = 120_000;
const run = promisify(execFile);

let demo: DemoDocument;
let pane: Pane | null = null;

async function petpro(...words: readonly string[]): Promise<string> {
  const args = [path.join(root, 'src/main.ts'), ...words];
  const env = { ...process.env, PETPRO_HOME: home };
  const done = await run(process.execPath, args, { env, timeout: DEMO_MS });
  return done.stdout;
}

beforeAll(async () => {
  const rolldown = path.join(root, 'node_modules/rolldown/bin/cli.mjs');
  const build = [rolldown, '-c', 'rolldown.config.mjs', '-d', built, '--log-level', 'warn'];
  await run(process.execPath, build, { cwd: root, timeout: DEMO_MS });
  demo = JSON.parse(await petpro('demo', 'up', '--detach', '--json'));
  // Tomorrow's visits are checked in too, because today has none left in the evening.
  const sql = postgres(demo.database_url, { max: 1, connect_timeout: 5 });
  await sql`update clinics set check_in_hours = 48`;
  await sql.end({ timeout: 2 });
}, DEMO_MS);

afterEach(async () => {
  await pane?.close();
  pane = null;
});

afterAll(async () => {
  await petpro('demo', 'down');
  removePostgresData(path.join(home, 'postgres'));
  fs.rmSync(home_root, { recursive: true, force: true });
  fs.rmSync(built, { recursive: true, force: true });
}, DEMO_MS);

const pid_file = path.join(home_root, 'console.pid');

/** A shell that starts the console, so that what it leaves behind can be looked at. */
async function openConsole(
  columns: number,
  rows: number,
  lang: string,
  flags = '',
  token: string | null = null,
): Promise<Pane> {
  const script = path.join(home_root, 'console.sh');
  const start = `exec '${process.execPath}' '${path.join(built, 'main.js')}' tui --lang ${lang} ${flags}`;
  fs.writeFileSync(
    script,
    [
      'before=$(stty -g)',
      `sh -c 'echo $$ > ${pid_file}; ${start.replaceAll("'", '"')}'`,
      'code=$?',
      'after=$(stty -g)',
      'test "$before" = "$after" && same=yes || same=no',
      'echo "EXIT $code SAME-TTY $same"',
      'exec sleep 600',
    ].join('\n'),
  );
  const who = token === null ? {} : { PETPRO_TOKEN: token };
  const env = { PETPRO_HOME: home, NODE_ENV: 'production', ...who };
  pane = await openPane({ columns, rows, command: `sh ${script}`, env });
  return pane;
}

/** The terminal as it was: the first screen, a cursor, the shell's own modes. */
async function expectRestored(shown: Pane, code: number): Promise<void> {
  const end = await shown.expect(/EXIT \d+ SAME-TTY/);
  expect(end).toContain(`EXIT ${code} SAME-TTY yes`);
  expect(end).not.toContain('PetPro');
  expect(await shown.ask('#{alternate_on} #{cursor_flag}')).toBe('0 1');
}

const consolePid = () => Number(fs.readFileSync(pid_file, 'utf8'));

describe('at 80x24', () => {
  it('books by phone, is paid from outside, cancels, and gives the terminal back on q', async () => {
    const shown = await openConsole(80, 24, 'en');
    const board = await shown.expect(/LIVE \d/);
    expect(board).toContain('Klinik Sehat BSD');
    const widths = board.split('\n').map(displayWidth);
    expect(Math.max(...widths)).toBeLessThanOrEqual(80);
    expect(await shown.ask('#{alternate_on}')).toBe('1');

    await shown.keys('b');
    await shown.type('siti rahma');
    await shown.expect('1 match');
    await shown.keys('Enter', 'Tab', 'Tab');
    await shown.type('+3d');
    await shown.keys('Tab', 'Tab');
    await shown.expect(/>\d\d:\d\d/);
    await shown.keys('Down', 'Enter');
    await shown.expect(/hold \d\d:\d\d left/);
    await shown.keys('Tab');
    await shown.paste('allergic to chicken\nuse the back door');
    await shown.expect('chicken use the back d');
    await shown.keys('C-g');
    const done = await shown.expect(/BOOKED BP\d{8}/);
    const reference = /BOOKED (BP\d{8})/.exec(done)?.[1] ?? '';
    expect(done).toContain(new URL(demo.stripe_url).host);

    await shown.keys('Enter');
    await shown.expect(new RegExp(`>.*H .*${reference}`));
    await petpro('demo', 'pay', reference, '--outcome', 'success');
    await shown.expect(new RegExp(`>.*- .*paid.*${reference}`));
    await shown.expect('note: allergic to chicken use the back door');

    await shown.keys('x');
    const asked = await shown.expect('refund 100 %');
    expect(asked).toContain('Keep it (Enter or Esc)');
    await shown.keys('Escape');
    await shown.expect(new RegExp(`>.*- .*${reference}`));
    await shown.keys('x');
    await shown.expect('refund 100 %');
    // The guard drops keys of the first 0.3 s; pressing until it takes is what a person does.
    await eventually('the dialog to take the key', async () => {
      await shown.keys('y');
      return !(await shown.capture()).includes('CANCEL');
    });
    await shown.expect('cancelled, refund 100 %');

    await shown.keys('q');
    await expectRestored(shown, 0);
  }, 120_000);

  it('shows what another desk does, with a mark that goes away', async () => {
    const shown = await openConsole(80, 24, 'en');
    await shown.expect(/LIVE \d/);
    await shown.keys('f');
    await shown.type('siti');
    await shown.expect('Siti Rahmawati');
    // In one go: the second key must not be taken for a part of the first.
    await shown.keys('Escape', ']');
    await shown.expect('(t = today)');
    // Without the free times every booking of the day is on the first page, whatever the hour.
    await shown.keys('o');
    const board = await shown.expect(/- \S+.*BP\d{8}/);
    const reference = /- .*?(BP\d{8})/.exec(board)?.[1] ?? '';
    await petpro('check-in', reference);
    await shown.expect(new RegExp(`A .*${reference} \\*`));
    await shown.expect(new RegExp(`A .*${reference}\\s*\n`));
    await shown.keys('C-c');
    await expectRestored(shown, 130);
  }, 60_000);

  it('says a sentence when the window is too small, and works again in a larger one', async () => {
    const shown = await openConsole(80, 24, 'ja');
    await shown.expect('予定表');
    await shown.resize(60, 12);
    await shown.expect('60x12');
    await shown.resize(80, 24);
    await shown.expect('予約番号');
    process.kill(consolePid(), 'SIGHUP');
    await expectRestored(shown, 129);
  }, 60_000);
});

/** Presses a key until the dialog takes it: its guard drops keys of the first 0.3 s, as it should. */
async function insist(shown: Pane, key: string, dialog: string): Promise<void> {
  await eventually(`${dialog} to take ${key}`, async () => {
    await shown.keys(key);
    const gone = async () => !(await shown.capture()).includes(dialog);
    return await eventually('the dialog to close', gone, 1_000).catch(() => false);
  });
}

/** Books by phone; leaves the cursor on the booking or hold. */
async function bookByPhone(shown: Pane, pay_at_desk: boolean): Promise<string> {
  await shown.keys('b');
  await shown.type('siti rahma');
  await shown.expect('1 match');
  await shown.keys('Enter', 'Tab', 'Tab');
  await shown.type(pay_at_desk ? '+4d' : '+5d');
  await shown.keys('Tab', 'Tab');
  await shown.expect(/>\d\d:\d\d/);
  await shown.keys('Enter');
  await shown.expect(/hold \d\d:\d\d left/);
  if (pay_at_desk) await shown.keys('Down');
  await shown.keys('C-g');
  const done = await shown.expect(/BOOKED BP\d{8}/);
  const reference = /BOOKED (BP\d{8})/.exec(done)?.[1] ?? '';
  await shown.keys('Enter');
  await shown.expect(new RegExp(`>.*${reference}`));
  return reference;
}

describe('the life of a booking by keys', () => {
  it('is cancelled, undone, moved and paid late, and its receipt is shown', async () => {
    const shown = await openConsole(80, 24, 'en');
    await shown.expect(/LIVE \d/);
    const reference = await bookByPhone(shown, true);
    await shown.expect(new RegExp(`>.*- .*DUE.*${reference}`));

    await shown.keys('x');
    await shown.expect('nothing was paid: no money moves');
    await insist(shown, 'y', 'CANCEL');
    await shown.expect(/cancelled.*z undo 00:\d\d/);
    await shown.keys('z');
    await shown.expect('booked again (cancelled was undone)');
    await shown.expect(new RegExp(`>.*- .*DUE.*${reference}`));

    await shown.keys('r');
    const before = await shown.expect(/y move to /);
    await shown.keys(']');
    await eventually('the next day', async () => {
      const seen = await shown.capture();
      const day = (text: string) => /y move to (\w+ \d+ \w+ \d+)/.exec(text)?.[1];
      return day(seen) !== undefined && day(seen) !== day(before);
    });
    const asked = await shown.expect(/price IDR [\d,]+, as before/);
    const price = /price (IDR [\d,]+),/.exec(asked)?.[1] ?? '?';
    const goal = /y move to (.*\d\d:\d\d)/.exec(asked)?.[1] ?? '?';
    await insist(shown, 'y', 'Keep the time');
    await shown.expect(`moved to ${goal}`);
    await shown.expect(new RegExp(`>.*${goal.slice(-5)} - .*DUE.*${reference}`));

    await shown.keys('$');
    await shown.expect(`y take ${price}, cash`);
    await insist(shown, 'y', 'Take nothing');
    await shown.expect(`paid ${price}, cash; P receipt`);
    await shown.expect(new RegExp(`>.*- .*paid.*${reference}`));
    await shown.keys('P');
    await shown.expect(`RECEIPT ${reference}-1`);
    await shown.keys('Escape', 'T');
    await shown.expect(`TRACE ${reference}`);
    await shown.keys('G');
    await shown.expect('payment.taken');

    await shown.keys('Escape', '4');
    await shown.expect('drawer:');
    await eventually('the list of payments', async () => {
      if ((await shown.capture()).includes('PAYMENTS')) return true;
      await shown.keys('s');
      return false;
    });
    await shown.expect(new RegExp(`>.*${price}  ${reference}  cash  paid`));
    await shown.keys('q');
    await expectRestored(shown, 0);
    const log = JSON.parse(await petpro('bookings', 'history', reference, '--json'));
    const actions: string[] = log.items.map((one: { action: string }) => one.action);
    expect(actions.filter((one) => !one.startsWith('reservation.')).toSorted()).toEqual([
      'booking.cancelled',
      'booking.confirmed',
      'booking.paid',
      'booking.rescheduled',
      'booking.undone',
    ]);
  }, 120_000);

  it('shows the link of a hold again, and what another desk changed meanwhile', async () => {
    const shown = await openConsole(120, 40, 'en');
    await shown.expect(/LIVE \d/);
    const reference = await bookByPhone(shown, false);
    await shown.keys('e');
    const link = await shown.expect(`PAYMENT LINK ${reference}`);
    expect(await shown.expect(new URL(demo.stripe_url).host)).toContain('y copy');
    expect(link).toContain(reference);
    await shown.keys('Escape');
    await petpro('demo', 'pay', reference, '--outcome', 'success');
    await shown.expect(new RegExp(`>.*- .*paid.*${reference}`));

    await shown.keys('x');
    await shown.expect(/the owner gets IDR [\d,]+ back, the clinic keeps IDR 0/);
    await petpro('reschedule', reference, '--to', '+6d 10:00', '--yes');
    await insist(shown, 'y', 'CANCEL BP');
    const told = await shown.expect(`NOTHING WAS DONE: ${reference}`);
    expect(told).toMatch(/time +.* \d\d:\d\d +.* 10:00/);
    await insist(shown, 'Enter', 'NOTHING WAS DONE');
    await shown.expect(`BOOKING ${reference}`);
    await shown.keys('C-c');
    await expectRestored(shown, 130);
  }, 120_000);
});

describe('the lock board', () => {
  it('shows a planted leak, frees it, and leaves an audit entry', async () => {
    const sql = postgres(demo.database_url, { max: 1, connect_timeout: 5 });
    const redis = new Redis(demo.redis_url ?? '', { commandTimeout: 5_000 });
    try {
      const [slot] = await sql<{ slot_id: string; time: string }[]>`
        select s.id as slot_id, to_char(s.starts_at at time zone c.time_zone, 'HH24MI') as time
        from slots s
        join services v on v.id = s.service_id
        join clinics c on c.id = v.clinic_id
        where c.id = ${demo.clinic_id} and s.starts_at > now() + interval '2 days'
          and not exists (select 1 from slot_claims k where k.slot_id = s.id)
        order by s.starts_at
        limit 1`;
      const { slot_id = '', time = '' } = slot ?? {};
      const key = `hold:{${slot_id}}:1`;
      await redis.set(key, 'gone.leaked-by-a-test');
      const shown = await openConsole(80, 24, 'en', '', demo.tokens.sre);
      const board = await shown.expect('LEAKED');
      expect(board).toContain('PetPro OPS');
      expect(board).toMatch(/>.*none! none +LEAKED/);
      await shown.keys('Enter');
      await shown.expect(key);
      await shown.keys('Escape');
      await shown.expect('F release');
      await shown.keys('F');
      await shown.expect('the server would do it');
      // The guard drops keys of the first 0.3 s; the field tells when they count.
      await eventually('the reason to take the focus', async () => {
        await shown.keys('Tab', 'q');
        // Time to be painted before it is said again: a second Tab would leave the field.
        const painted = async () => /reason +\[.*q/.test(await shown.capture());
        return await eventually('the letter', painted, 2_000).catch(() => false);
      });
      await shown.keys('C-u');
      await shown.type('INC-221 planted');
      await shown.expect('[INC-221 planted');
      await shown.keys('Enter');
      await shown.type(time);
      await shown.expect(new RegExp(`${time} to confirm: \\[${time}`));
      await shown.keys('C-g');
      await shown.expect('released (was LEAKED)');
      await shown.expect('0 leaked');
      expect(await redis.exists(key)).toBe(0);
      const entries = await sql<{ action: string; reason: string; source: string }[]>`
        select action, reason, source from audit_log
        where target_id = ${key} order by id`;
      expect(entries.map((one) => `${one.action} ${one.source} ${one.reason}`)).toEqual([
        'lock.release_started tui INC-221 planted',
        'lock.released tui INC-221 planted',
      ]);
      await shown.keys('q');
      await expectRestored(shown, 0);
    } finally {
      redis.disconnect();
      await sql.end({ timeout: 2 });
    }
  }, 120_000);
});

describe('the jobs desk', () => {
  it('shows a dead mail and its cause, sends it once more and follows it, and tells the events', async () => {
    const refuse = async (mode: 'reject' | 'none') => {
      const url = new URL('/faults', demo.smtp_outbox_url);
      const body = JSON.stringify({ mode });
      const answer = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(5_000) });
      expect(answer.status).toBe(200);
    };
    const shown = await openConsole(80, 24, 'en', '', demo.tokens.sre);
    await shown.expect('LOCKS');
    await shown.keys('6');
    await shown.expect(/> outbox +0/);
    await refuse('reject');
    const at = ['--at', '+9d 10:00', '--service', 'checkup', '--owner', 'siti', '--pet', 'Mochi'];
    const made = JSON.parse(await petpro('book', ...at, '--pay', 'cash', '--yes', '--json'));
    const reference: string = made.items[0].reference_code;
    await shown.expect(/email +0 +0 +0 +[1-9]\d* .*550/);
    await shown.keys('j', 'Enter');
    await shown.expect(/> DEAD +\d+ .*550/);
    await shown.keys('Enter');
    await shown.expect(reference);
    await refuse('none');
    await shown.keys('Escape');
    await shown.expect('every job of this queue');
    await shown.keys('R');
    await shown.expect(/\d+ jobs? would be sent once more/);
    // The guard drops keys of the first 0.3 s; the field tells when they count.
    await eventually('the reason to take the focus', async () => {
      await shown.keys('Tab', 'q');
      const painted = async () => /reason +\[.*q/.test(await shown.capture());
      return await eventually('the letter', painted, 2_000).catch(() => false);
    });
    await shown.keys('C-u');
    await shown.type('INC-230 mailbox is back');
    await shown.keys('C-g');
    await shown.expect(/in line again/);
    await shown.expect(/email (\d+)\/\1 out/);
    // A reminder that fell due meanwhile may have died too: of an address that had bounced by then.
    const left = JSON.parse(await petpro('jobs', 'show', 'email', '--state', 'dead', '--json'));
    const causes = left.items.filter((job: { cause: string }) => job.cause === 'smtp 550');
    expect(causes).toEqual([]);

    await shown.keys('9');
    await shown.expect(new RegExp(`booking.confirmed +${reference}`));
    await shown.keys('/');
    await shown.type('payment.*');
    await shown.keys('Enter');
    const events = await shown.expect('filter: payment.*');
    expect(events).not.toContain('booking.confirmed');
    await shown.keys('Enter');
    await shown.expect('TRACE BP');
    await shown.keys('Escape', 'q');
    await expectRestored(shown, 0);
  }, 120_000);
});

describe('at 120x40', () => {
  it('has a detail pane that follows the cursor, and gives the terminal back on SIGTERM', async () => {
    const shown = await openConsole(120, 40, 'id', '--read-only');
    await shown.expect(/LIVE \d/);
    await shown.keys('g');
    const first = await shown.expect('RIWAYAT');
    expect(first).toContain('PEMBAYARAN');
    expect(first).toContain('HANYA BACA');
    await shown.keys('x');
    await shown.expect('Konsol ini hanya baca');
    await shown.keys('j');
    await shown.keys('Enter');
    await shown.expect('JANJI TEMU BP');
    await shown.keys('Escape', '?');
    await shown.expect('BANTUAN');
    process.kill(consolePid(), 'SIGTERM');
    await expectRestored(shown, 143);
  }, 60_000);
});
