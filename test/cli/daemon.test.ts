import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeApiKeys, type SeedResult, seedDatabase } from '../../src/sandbox/seed.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { type CliOptions, cli } from './harness.ts';

// The desk's commands against a real daemon, database and payment sandbox, with the demo's own people and slots.

const harness = await startHarness();
const keys = makeApiKeys();
const home = mkdtempSync(path.join(os.tmpdir(), 'petpro-cli-'));
let seeded: SeedResult;

beforeAll(async () => {
  seeded = await seedDatabase(harness.sql, { seed: 42, keys });
  // The slots of these tests lie days ahead.
  await harness.sql`update clinics set check_in_hours = 8760`;
  // What `petpro demo up` leaves behind: the command line finds everything by it.
  const demo = {
    url: harness.daemon.url,
    database_url: harness.env['DATABASE_URL'],
    redis_url: harness.env['REDIS_URL'] ?? null,
    stripe_url: harness.stripe_url,
    clinic_id: seeded.clinic_id,
    tokens: keys,
  };
  writeFileSync(path.join(home, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const at = (options: CliOptions = {}): CliOptions => ({
  ...options,
  env: { PETPRO_HOME: home, ...options.env },
});
const run = async (words: readonly string[], options: CliOptions = {}) =>
  await cli(words, at(options));

type Item = Readonly<Record<string, unknown>>;

/** Runs it in json mode, insists on one clean document and gives its items. */
async function items(words: readonly string[], exit = 0): Promise<readonly Item[]> {
  const { out, code, err } = await run([...words, '--json']);
  expect(`${err}exit ${code}`).toBe(`exit ${exit}`);
  expect(out.trimEnd()).not.toContain('\n');
  const document = JSON.parse(out);
  expect(Object.keys(document)).toEqual(['api_version', 'kind', 'items', 'meta', 'error']);
  expect(document.error).toBeNull();
  return document.items;
}

/** Open slots from tomorrow on, each handed out once, so that the tests do not meet. */
let open_slots: readonly Item[] = [];
async function freshSlot(): Promise<{
  readonly id: string;
  readonly when: string;
  readonly day: string;
}> {
  if (open_slots.length === 0) {
    open_slots = await items([
      'slots',
      'list',
      '--service',
      'checkup',
      '--from',
      '+2d',
      '--to',
      '+12d',
      '--limit',
      '200',
    ]);
  }
  const [slot, ...rest] = open_slots;
  open_slots = rest.filter((one) => one['starts_at'] !== slot?.['starts_at']);
  const day = String(slot?.['date']);
  return { id: String(slot?.['slot_id']), when: `${day} ${String(slot?.['time'])}`, day };
}

const siti = ['--owner', '7890', '--pet', 'mochi', '--service', 'checkup'];
const refOf = (item: Item | undefined) => String(item?.['reference_code']);

async function booked(): Promise<string> {
  const slot = await freshSlot();
  const [booking] = await items(['book', ...siti, '--slot', slot.id, '--pay', 'cash']);
  return refOf(booking);
}

describe('slots', () => {
  test('list finds the demo without any setting, in the clinic language and zone', async () => {
    const { out, code } = await run(
      ['slots', 'list', '--from', '+2d', '--to', '+9d', '--service', 'checkup', '--limit', '1'],
      { terminal: 100, env: { NO_COLOR: '1' } },
    );
    expect(code).toBe(0);
    const [head, line] = out.split('\n');
    expect(head).toMatch(/^DAY AND TIME +VET +MIN +PRICE +STATE +SLOT$/);
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d {2}\S.* +30 {2}Rp 250\.000 {2}open +[0-9a-f]{6}$/,
    );
  });

  test('amounts follow --lang', async () => {
    const { out } = await run([
      'slots',
      'list',
      '--from',
      '+2d',
      '--to',
      '+9d',
      '--service',
      'checkup',
      '--limit',
      '1',
      '--lang',
      'en',
    ]);
    expect(out).toContain('\tIDR 250,000\t');
  });

  test('csv has its fixed head, also over nothing', async () => {
    const head =
      'slot_id,starts_at,ends_at,staff_name,service_name,price,currency,capacity,remaining,available,reason\r\n';
    const far = ['--from', '2027-11-01', '--to', '2027-11-02'];
    expect((await run(['slots', 'list', ...far, '-o', 'csv'])).out).toBe(head);
    const { out } = await run([
      'slots',
      'list',
      '--from',
      '+2d',
      '--to',
      '+9d',
      '-o',
      'csv',
      '--limit',
      '2',
    ]);
    expect(out.startsWith(head)).toBe(true);
    expect(out.split('\r\n')).toHaveLength(4);
  });

  test('--json picks fields and refuses unknown ones', async () => {
    const words = ['slots', 'list', '--from', '+2d', '--to', '+9d', '--limit', '1'];
    const { out } = await run([...words, '--json=time,staff_name']);
    expect(Object.keys(JSON.parse(out).items[0])).toEqual(['time', 'staff_name']);
    const wrong = await run([...words, '--json=vet']);
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.out).error).toMatchObject({ code: 'invalid_input' });
  });

  test('explain says why a slot is gone', async () => {
    const slot = await freshSlot();
    await items(['book', ...siti, '--slot', slot.id, '--pay', 'cash']);
    const why = await items(['slots', 'explain', '--service', 'checkup', '--date', slot.day]);
    expect(why.find((one) => one['slot_id'] === slot.id)).toMatchObject({
      available: false,
      reason: 'booked',
      explanation: 'booked',
    });
  });

  test('a wrong name lists the right ones', async () => {
    const { code, err } = await run(['slots', 'list', '--service', 'surfing']);
    expect(code).toBe(3);
    expect(err).toMatchInlineSnapshot(`
      "error[NOT_FOUND]: No service is called "surfing"; there is Checkup, Kelas grooming, Konsultasi bedah, Perawatan gigi, Vaksinasi.
      next: --service "Checkup"
      "
    `);
  });
});

describe('book', () => {
  test('link: held, paid on the page, confirmed by the webhook', async () => {
    const slot = await freshSlot();
    const [started] = await items(['book', ...siti, '--at', slot.when]);
    expect(started).toMatchObject({ currency: 'IDR', amount: '250000.00', booking_id: null });
    expect(String(started?.['payment_url'])).toContain(harness.stripe_url);
    const again = await items(['book', ...siti, '--at', slot.when]);
    expect(again[0]).toMatchObject({ reference_code: refOf(started), replayed: true });
    const paid = await run(['demo', 'pay', refOf(started)]);
    expect(`${paid.err}${paid.code}`).toBe('success: waiting for the booking\n0');
    const [booking] = await items(['bookings', 'show', refOf(started)]);
    expect(booking).toMatchObject({
      status: 'confirmed',
      payment_state: 'paid',
      pet_name: 'Mochi',
    });
  });

  test('a declined card books nothing', async () => {
    const slot = await freshSlot();
    const [started] = await items(['book', ...siti, '--at', slot.when]);
    await items(['demo', 'pay', refOf(started), '--outcome', 'decline']);
    expect((await run(['bookings', 'show', refOf(started)])).code).toBe(3);
  });

  test('a slot that is gone is exit 6 and names the next one', async () => {
    const slot = await freshSlot();
    await items(['book', ...siti, '--slot', slot.id, '--pay', 'at_clinic']);
    const { code, err, out } = await run([
      'book',
      '--owner',
      '+62 811-2233-4455',
      '--service',
      'checkup',
      '--slot',
      slot.id,
      '--pay',
      'cash',
    ]);
    expect(code).toBe(6);
    expect(out).toBe('');
    expect(err).toMatch(/^error\[SLOT_(TAKEN|LOCKED)\]: /);
    // Others are named when the server finds them at once, else where to look.
    expect(err).toMatch(/next: petpro (book \.\. --at "[-\d]{10} \d\d:\d\d"|slots list --service)/);
    expect(err).toMatch(/trace [0-9a-f-]{36}\n$/);
  });

  test('takes the end of a slot id, which says of itself which service it belongs to', async () => {
    const slot = await freshSlot();
    const who = ['--owner', '7890', '--pet', 'Mochi', '--pay', 'cash'];
    const [booking] = await items(['book', ...who, '--slot', slot.id.slice(-6)]);
    expect(await items(['bookings', 'show', refOf(booking)])).toMatchObject([{ slot_id: slot.id }]);
    expect((await run(['book', ...who, '--slot', 'ffffff0'])).err).toContain('ends in "ffffff0"');
  });

  test('several owners are listed, never guessed', async () => {
    const { code, err } = await run([
      'book',
      '--owner',
      'pratama',
      '--service',
      'checkup',
      '--at',
      '+3d 10:00',
    ]);
    expect(code).toBe(2);
    expect(err).toMatch(/"pratama" finds \d+ owners: .*Pratama \+62.*\nnext: --owner "\+62/);
  });

  test('several pets are listed, never guessed', async () => {
    const { code, err } = await run([
      'book',
      '--owner',
      '7890',
      '--service',
      'checkup',
      '--at',
      '+3d 10:00',
    ]);
    expect(code).toBe(2);
    expect(err).toContain('Say which pet of Siti Rahmawati: ');
  });

  test('the same key has one effect', async () => {
    const slot = await freshSlot();
    const words = [
      'book',
      ...siti,
      '--slot',
      slot.id,
      '--pay',
      'cash',
      '--idempotency-key',
      'desk-7-call-31',
    ];
    const [first] = await items(words);
    const [second] = await items(words);
    expect(refOf(second)).toBe(refOf(first));
  });
});

describe('cancel', () => {
  test('a dry run tells the refund and changes nothing', async () => {
    const ref = await booked();
    const [quote] = await items(['cancel', ref, '--dry-run', '--quiet']);
    expect(quote).toMatchObject({ quote: true, currency: 'IDR' });
    expect((await items(['bookings', 'show', ref]))[0]).toMatchObject({ status: 'confirmed' });
  });

  test('nobody to ask is exit 2 and names the flag', async () => {
    const ref = await booked();
    const { code, err, out } = await run(['cancel', ref]);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(
      /^error\[INPUT_NEEDED\]: Cancelling BP\d{8} Mochi, Checkup, .* refunds Rp /,
    );
    expect(err).toContain('next: add --yes');
    expect((await run(['cancel', ref, '--no-input'], { answers: ['y'] })).code).toBe(2);
  });

  test('asked on a terminal, no is the default', async () => {
    const ref = await booked();
    for (const answer of ['', 'n', 'nonsense']) {
      const { code, err } = await run(['cancel', ref], { answers: [answer], terminal: 80 });
      expect(code).toBe(130);
      expect(err).toContain('Do it? [y/N]');
      expect(err).toContain('Nothing was changed.');
    }
    const { code, out } = await run(['cancel', ref], { answers: ['y'], terminal: 80 });
    expect(code).toBe(0);
    expect(out).toMatch(/^Cancelled +BP\d{8}\nrefund +Rp /);
    expect((await items(['bookings', 'show', ref]))[0]).toMatchObject({ status: 'cancelled' });
  });

  test('acts on the version that was seen only', async () => {
    const ref = await booked();
    const { code, err } = await run(['cancel', ref, '--yes', '--if-version', '99']);
    expect(code).toBe(6);
    expect(err).toContain('error[CONFLICT]');
  });

  test('by the clinic refunds all and keeps the reason', async () => {
    const ref = await booked();
    await run(['cancel', ref, '--yes', '--by', 'clinic', '--reason', 'vet is ill']);
    expect((await items(['bookings', 'show', ref]))[0]).toMatchObject({
      status: 'cancelled',
      cancellation_reason: 'vet is ill',
    });
  });
});

describe('the visit', () => {
  test('check-in, start, complete, each refused out of order', async () => {
    const ref = await booked();
    expect((await items(['check-in', ref]))[0]).toMatchObject({ status: 'confirmed' });
    expect((await items(['start', ref]))[0]).toMatchObject({ status: 'in-progress' });
    expect((await run(['no-show', ref])).code).toBe(9);
    expect((await items(['complete', ref]))[0]).toMatchObject({ status: 'completed' });
    const { code, err } = await run(['cancel', ref, '--yes']);
    expect(code).toBe(9);
    expect(err).toContain('error[POLICY_REFUSED]');
    const history = await items(['bookings', 'history', ref]);
    expect(history.map((entry) => entry['source'])).toContain('cli');
  });

  test('nobody arrives days before the visit, and the way out is said', async () => {
    const ref = await booked();
    const { sql } = harness;
    await sql`update clinics set check_in_hours = default`;
    const early = await run(['check-in', ref]);
    await sql`update clinics set check_in_hours = 8760`;
    expect(early.code).toBe(9);
    expect(early.err).toMatch(/possible from \d{4}-\d\d-\d\d \d\d:\d\d on\.\nallowed: cancel\n/);
  });

  test('nobody is a no-show before the visit', async () => {
    expect((await run(['no-show', await booked()])).code).toBe(9);
  });
});

describe('holds', () => {
  test('create, list, show, extend once, release', async () => {
    const slot = await freshSlot();
    const [hold] = await items(['hold', 'create', ...siti, '--at', slot.when]);
    const ref = refOf(hold);
    const day = ['--date', slot.day];
    const listed = await items(['hold', 'list', ...day]);
    expect(listed.map(refOf)).toContain(ref);
    expect(await items(['hold', 'show', ref, ...day])).toMatchObject([
      { status: 'pending', extended: false },
    ]);
    await items(['hold', 'extend', ref, ...day]);
    expect((await run(['hold', 'extend', ref, ...day])).code).toBe(9);
    await items(['hold', 'release', ref, ...day, '--reason', 'caller hung up']);
    expect(await items(['hold', 'show', ref])).toMatchObject([{ status: 'cancelled' }]);
    const { code, err } = await run(['hold', 'show', 'abcdef', ...day]);
    expect(code).toBe(3);
    expect(err).toContain(`next: petpro hold list --date ${slot.day}`);
  });

  test('confirm turns a hold into a paid booking', async () => {
    const slot = await freshSlot();
    const [hold] = await items(['hold', 'create', ...siti, '--at', slot.when]);
    const id = String(hold?.['reservation_id']);
    const [booking] = await items(['confirm', id, '--paid', 'cash']);
    expect(await items(['bookings', 'show', refOf(booking)])).toMatchObject([
      { payment_state: 'paid' },
    ]);
  });
});

describe('people and days', () => {
  test('find by phone tail, pet and reference', async () => {
    expect(await items(['find', '7890'])).toMatchObject([{ full_name: 'Siti Rahmawati' }]);
    const ref = await booked();
    const spoken = ['find', `bp${ref.slice(2, 6)}`, ref.slice(6)];
    expect(await items(spoken)).toMatchObject([{ reference_code: ref }]);
    const nobody = await run(['find', 'zzzz']);
    expect(`${nobody.out}${nobody.code}`).toBe('3');
  });

  test('a new owner can be booked for at once', async () => {
    const add = [
      'owners',
      'add',
      '--name',
      'Rina Baru',
      '--phone',
      '+62 813 9999 0001',
      '--pet',
      'Pixel',
    ];
    expect(await items([...add, '--species', 'cat'])).toMatchObject([{ full_name: 'Rina Baru' }]);
    const slot = await freshSlot();
    await items([
      'book',
      '--owner',
      '99990001',
      '--service',
      'checkup',
      '--slot',
      slot.id,
      '--pay',
      'cash',
    ]);
    const day = await items(['today', '--date', slot.day]);
    expect(day.find((row) => row['slot_id'] === slot.id)).toMatchObject({
      kind: 'booking',
      pet_name: 'Pixel',
      owner_name: 'Rina Baru',
    });
  });

  test('bookings by status and vet, page by page', async () => {
    const words = ['bookings', 'list', '--from', 'today', '--to', '+14d', '--limit', '2'];
    const first = JSON.parse((await run([...words, '--json'])).out);
    expect(first.items).toHaveLength(2);
    const second = JSON.parse((await run([...words, '--cursor', first.meta.cursor, '--json'])).out);
    const ids = [...first.items, ...second.items].map((item: Item) => item['booking_id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect((await run(['bookings', 'list', '--status', 'lost'])).code).toBe(2);
  });

  test('another clinic by its code, in its own money', async () => {
    const { out } = await run([
      '-c',
      'SKR',
      'slots',
      'list',
      '--from',
      '+2d',
      '--to',
      '+9d',
      '--limit',
      '1',
    ]);
    expect(out).toMatch(/\t￥[\d,]+\t/);
    const { code, err } = await run(['-c', 'XXX', 'today']);
    expect(code).toBe(3);
    expect(err).toContain('No clinic is called "XXX"; there is ');
  });
});

describe('watch', () => {
  test('in a pipe each changed row is one line, until Ctrl-C', async () => {
    const slot = await freshSlot();
    const stop = new AbortController();
    const seen: string[] = [];
    const words = ['today', '--date', slot.day, '--watch', '500ms'];
    const watching = run(words, { signal: stop.signal, on_out: (text) => seen.push(text) });
    const [booking] = await items(['book', ...siti, '--slot', slot.id, '--pay', 'cash']);
    const id = String(booking?.['booking_id']);
    const rows = () => seen.map((line) => JSON.parse(line)).filter((row) => row.booking_id === id);
    await eventually('the booked row', () => rows().length === 1);
    await items(['check-in', refOf(booking)]);
    await eventually('the changed row', () => rows().length === 2);
    stop.abort(130);
    expect((await watching).code).toBe(130);
    const [before, after] = rows();
    expect(before).toMatchObject({ kind: 'booking', arrived_at: null });
    expect(after.arrived_at).not.toBeNull();
  });

  test('a terminal is repainted in place', async () => {
    const stop = new AbortController();
    let painted = '';
    const watching = run(['today', '--watch=500ms'], {
      signal: stop.signal,
      terminal: 80,
      on_out: (text) => {
        painted += text;
      },
    });
    await eventually('two paints', () => painted.split('\u001b[H\u001b[2J').length > 2);
    stop.abort(143);
    expect((await watching).code).toBe(143);
  });
});

describe('rights', () => {
  test('a viewer may look, not book', async () => {
    const env = { PETPRO_TOKEN: keys.viewer };
    expect((await run(['today'], { env })).code).toBe(0);
    const { code, err } = await run(['find', 'siti'], { env });
    expect(code).toBe(5);
    expect(err).toContain('error[FORBIDDEN]');
  });

  test('a wrong token is exit 4, also on the feed', async () => {
    const env = { PETPRO_TOKEN: 'ppk_00000000_wrong', PETPRO_CLINIC: seeded.clinic_id };
    expect((await run(['today'], { env })).code).toBe(4);
    const { code, err } = await run(['events', 'tail', '--limit', '1'], { env });
    expect(code).toBe(4);
    expect(err).toContain('PETPRO_TOKEN');
  });
});

describe('events tail', () => {
  test('tells what happened in order and stops after the limit', async () => {
    const { out, code } = await run([
      'events',
      'tail',
      '--after',
      '0',
      '--limit',
      '5',
      '-o',
      'jsonl',
    ]);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events).toHaveLength(5);
    const sequences = events.map((event) => event.sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  });

  test('filters by kind, follows live and ends politely on Ctrl-C', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const words = ['events', 'tail', '--type', 'booking.*', '-o', 'jsonl', '--after', '0'];
    const tail = run(words, { signal: stop.signal, on_out: (text) => seen.push(text) });
    const wanted = await booked();
    await eventually('the booking on the feed', () => seen.some((line) => line.includes(wanted)));
    const records = seen.map((line): Record<string, string> => JSON.parse(line));
    // A busy machine may bring a heartbeat in between.
    const types = records.flatMap(({ type, event_type = '' }) =>
      type === 'event' ? [event_type] : [],
    );
    expect(types.every((type) => type.startsWith('booking.'))).toBe(true);
    stop.abort(130);
    expect((await tail).code).toBe(130);
  });
});

describe('keeping it running', () => {
  test('health is its exit code', async () => {
    expect(await items(['health'])).toMatchObject([{ ok: true }]);
    const quiet = await run(['health', '--ready', '--quiet']);
    expect(`${quiet.out}${quiet.err}${quiet.code}`).toBe('0');
    const nobody = await run(['health'], { env: { PETPRO_URL: 'http://127.0.0.1:9' } });
    expect(nobody.code).toBe(11);
  });

  test('migrate status and verify on a current schema', async () => {
    const rows = await items(['migrate', 'status']);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => row['state'] === 'applied')).toBe(true);
    expect(await items(['migrate', 'verify'])).toMatchObject([{ state: 'current', pending: [] }]);
    expect((await run(['migrate', 'up', '--dry-run'])).out).toBe('');
  });

  test('doctor finds a broken invariant and says so with its own exit code', async () => {
    const only = ['doctor', '--only', 'invariants', '--json', '-q'];
    expect((await run(only)).code).toBe(0);
    const { id } = await freshSlot();
    await harness.sql`update slots set booked_count = booked_count + 1 where id = ${id}`;
    const { code, out } = await run(only);
    expect(code).toBe(12);
    const broken = JSON.parse(out).items.filter((check: Item) => check['state'] === 'fail');
    expect(broken.map((check: Item) => check['id'])).toEqual(['invariants.counters']);
    await harness.sql`update slots set booked_count = booked_count - 1 where id = ${id}`;
  });

  test('doctor passes each check or says how to mend it', async () => {
    const { out, code } = await run([
      'doctor',
      '--only',
      'daemon,postgres,redis,stripe',
      '--json',
      '-q',
    ]);
    const { items: checks } = JSON.parse(out);
    expect(checks.filter((check: Item) => check['state'] === 'fail')).toEqual([]);
    expect(code).toBe(0);
    const broken = await run(['doctor', '--only', 'postgres.reach', '--json', '-q'], {
      env: { DATABASE_URL: 'postgres://127.0.0.1:9/nowhere' },
    });
    expect(broken.code).toBe(10);
    const state = { id: 'postgres.reach', state: 'fail' };
    expect(JSON.parse(broken.out).items[0]).toMatchObject(state);
  });
});
