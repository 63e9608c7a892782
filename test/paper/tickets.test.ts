import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { admitSeats } from '../../src/daemon/store/tickets.ts';
import { startSmtpSink } from '../../src/sandbox/smtp-sink.ts';
import { cli } from '../cli/harness.ts';
import { desk } from '../helpers/booking.ts';
import { addClinic, addService, addSlot } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, call, codeOf, member, startHarness } from '../http/harness.ts';
import { freshTickets } from '../http/venue.ts';
import { buildWorld, freshBooking, must, type World } from '../http/world.ts';
import { packed, readPdf } from './pdf.ts';
import { readQrCodes } from './qr.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-tickets-'));
const sink = await startSmtpSink({ dir: path.join(folder, 'mail') });
const harness = await startHarness({ SMTP_URL: sink.smtp_url });
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});
afterAll(async () => {
  await sink.stop();
  fs.rmSync(folder, { recursive: true });
});

type Ticket = { readonly seat: number; readonly code: string; readonly used_at: string | null };
const { sql } = harness;

async function ticketsOf(booking_id: string): Promise<readonly Ticket[]> {
  const token = world.tokens.desk;
  const answer = await call(world.base, 'get_tickets', { params: { booking_id } }, { token });
  expect(answer.status, answer.text).toBe(200);
  return (answer.json as { tickets: readonly Ticket[] }).tickets;
}

async function scan(code: string, more: object = {}, token = world.tokens.desk): Promise<Answer> {
  return await call(world.base, 'check_in', { body: { code, ...more } }, { token });
}
const ruleOf = (answer: Answer) => member(answer.json, 'rule');

/** Moves the visit of a booking, as if it had been sold for that time. */
async function shift(booking_id: string, hours: number): Promise<void> {
  await sql`
    update slots sl
    set starts_at = sl.starts_at + ${hours} * interval '1 hour',
      ends_at = sl.ends_at + ${hours} * interval '1 hour'
    from bookings b
    where b.id = ${booking_id} and sl.id = b.slot_id`;
}

test('owner and desk get tickets with a signed code each; viewers and strangers do not', async () => {
  const booking_id = await freshTickets(world);
  const tickets = await ticketsOf(booking_id);
  expect(tickets.map(({ used_at }) => used_at)).toEqual([null, null]);
  expect(new Set(tickets.map(({ code }) => code)).size).toBe(2);
  const get = (token: string, headers = {}) =>
    call(world.base, 'get_tickets', { params: { booking_id } }, { token, headers });
  expect((await get(world.tokens.customer)).status).toBe(200);
  expect((await get(world.tokens.viewer)).status).toBe(403);
  expect((await get(world.other_customer)).status).toBe(404);
  expect((await get(world.other_desk)).status).toBe(404);
  const address = `${world.base}/v1/bookings/${booking_id}/tickets?format=pdf&lang=ja`;
  const answer = await fetch(address, {
    headers: { authorization: `Bearer ${world.tokens.customer}` },
  });
  expect(answer.headers.get('content-type')).toBe('application/pdf');
  expect(answer.headers.get('content-disposition')).toMatch(/filename="tickets-BP\d{8}\.pdf"/);
  const pdf = new Uint8Array(await answer.arrayBuffer());
  expect(readQrCodes(pdf)).toEqual(tickets.map(({ code }) => code));
});

test('a ticket admits its seat once; the second scan says when, and nothing changes', async () => {
  const booking_id = await freshTickets(world);
  const [first, second] = await ticketsOf(booking_id);
  const came = await scan(first!.code.toLowerCase());
  expect(came.json).toMatchObject({ booking_id, seats: [first!.seat], seats_left: 1, version: 2 });
  expect(member(came.json, 'arrived_at')).not.toBeNull();
  const again = await scan(first!.code);
  expect(again.status).toBe(422);
  const used_at = (await ticketsOf(booking_id))[0]?.used_at;
  expect(again.json).toMatchObject({ rule: 'ticket_used', seat: first!.seat, used_at });
  expect(member(again.json, 'detail')).toMatch(
    /was admitted on \d{4}-\d\d-\d\d \d\d:\d\d; it admits/,
  );
  expect((await scan(second!.code)).json).toMatchObject({ seats_left: 0, version: 3 });
  const log = await sql`
    select e.action, e.notes, e.source
    from booking_log_entries e
    join booking_logs l on l.id = e.log_id
    where l.booking_id = ${booking_id} and e.booking_version > 1
    order by e.booking_version`;
  expect(log).toEqual([
    { action: 'booking.arrived', notes: `seats ${first!.seat}`, source: 'api' },
    { action: 'booking.admitted', notes: `seats ${second!.seat}`, source: 'api' },
  ]);
});

test('a reference admits all who are not in yet, then nobody', async () => {
  const booking_id = await freshTickets(world);
  const [first, second] = await ticketsOf(booking_id);
  await scan(first!.code);
  expect((await scan(booking_id)).json).toMatchObject({ seats: [second!.seat], seats_left: 0 });
  const again = await scan(booking_id);
  expect(ruleOf(again)).toBe('ticket_used');
  expect(ruleOf(await scan(second!.code))).toBe('ticket_used');
});

test('forged, damaged and unknown codes are refused and change nothing', async () => {
  const booking_id = await freshTickets(world);
  const [first] = await ticketsOf(booking_id);
  const code = first!.code;
  const other_seat = code.replace(/\.\d+\./, '.9.');
  const other_signs = `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`;
  for (const forged of [other_seat, other_signs, 'PT9.BP10000127.1.A']) {
    expect(ruleOf(await scan(forged))).toBe('ticket_forged');
  }
  expect(codeOf(await scan('https://example.org'))).toBe('invalid_input');
  expect(codeOf(await scan('BP99999999'))).toBe('not_found');
  expect((await ticketsOf(booking_id)).map(({ used_at }) => used_at)).toEqual([null, null]);
});

test('another place, another day, an event that is over, a cancelled booking: each is named', async () => {
  const booking_id = await freshTickets(world);
  const [first] = await ticketsOf(booking_id);
  const elsewhere = { clinic_id: world.clinic.id };
  expect(ruleOf(await scan(first!.code, elsewhere))).toBe('other_place');
  expect(ruleOf(await scan(first!.code, {}, world.other_desk))).toBe('other_place');
  expect(codeOf(await scan(booking_id, {}, world.other_desk))).toBe('not_found');
  await shift(booking_id, 48);
  const early = await scan(first!.code);
  expect(ruleOf(early)).toBe('other_day');
  expect(member(early.json, 'detail')).toMatch(
    /is for \d{4}-\d\d-\d\d \d\d:\d\d; it admits from \d{4}/,
  );
  await shift(booking_id, -72);
  expect(ruleOf(await scan(first!.code))).toBe('event_over');
  await shift(booking_id, 24);
  const token = world.tokens.desk;
  const body = { by: 'clinic', now: true };
  await call(world.base, 'cancel_booking', { params: { booking_id }, body }, { token });
  expect(ruleOf(await scan(first!.code))).toBe('booking_final');
  expect(ruleOf(await scan(booking_id))).toBe('booking_final');
  const gone = await call(world.base, 'get_tickets', { params: { booking_id } }, { token });
  expect(ruleOf(gone)).toBe('booking_final');
});

test('a booking that moved: old seats admit nobody, and who was in does not come in again', async () => {
  const booking_id = await freshTickets(world);
  const [first, second] = await ticketsOf(booking_id);
  await scan(first!.code);
  // The same booking, on seats that it did not have.
  await sql`
    update reservations set seats = '{11, 12}'
    where id = (select reservation_id from bookings where id = ${booking_id})`;
  expect(ruleOf(await scan(second!.code))).toBe('seat_changed');
  const [next, last] = await ticketsOf(booking_id);
  expect((await scan(next!.code)).json).toMatchObject({ seats: [11], seats_left: 0 });
  expect(ruleOf(await scan(last!.code))).toBe('ticket_used');
});

test('an arrival that is taken back lets its ticket in again; a later admission stays', async () => {
  const booking_id = await freshTickets(world);
  const [first, second] = await ticketsOf(booking_id);
  const undo = () =>
    call(world.base, 'undo_booking', { params: { booking_id } }, { token: world.tokens.desk });
  await scan(first!.code);
  expect((await undo()).status).toBe(200);
  expect((await scan(first!.code)).status).toBe(200);
  expect((await scan(second!.code)).json).toMatchObject({ seats_left: 0 });
  expect(ruleOf(await undo())).toBe('nothing_to_undo');
});

test('places without tickets check in by reference, twice if need be', async () => {
  const booking_id = await freshBooking(world);
  const token = world.tokens.desk;
  const none = await call(world.base, 'get_tickets', { params: { booking_id } }, { token });
  expect(ruleOf(none)).toBe('no_tickets');
  expect(ruleOf(await scan(booking_id, { clinic_id: world.other_clinic.id }))).toBe('other_place');
  const came = await scan(booking_id);
  expect(came.json).toMatchObject({ seats: [], seats_left: 0, version: 2 });
  expect((await scan(booking_id)).json).toMatchObject({ version: 2 });
  expect(codeOf(await scan(booking_id, { expected_version: 1 }))).toBe('conflict');
});

/** Everybody scans the same ticket at once; how many came in. */
async function rush(admit: () => Promise<{ readonly outcome: string }>): Promise<number> {
  const scans = await Promise.all(Array.from({ length: 10 }, admit));
  return scans.filter(({ outcome }) => outcome === 'ok').length;
}

/** As the product but without its lock and its key: looks, thinks, then writes. */
async function naiveAdmit(pool: Sql, booking_id: string): Promise<{ readonly outcome: string }> {
  const used = await pool`select from naive_uses where booking_id = ${booking_id}`;
  if (used.length > 0) return { outcome: 'policy_refused' };
  await pool`select pg_sleep(0.05)`;
  await pool`insert into naive_uses (booking_id) values (${booking_id})`;
  return { outcome: 'ok' };
}

test('ten scans of one ticket at once: one comes in, where a naive door lets in several', async () => {
  const booking_id = await freshTickets(world);
  const [first] = await ticketsOf(booking_id);
  const request = { booking_id, seat: first!.seat, place: null, expected_version: null };
  expect(await rush(() => admitSeats(sql, request, desk))).toBe(1);
  const uses = await sql`select seat from ticket_uses where booking_id = ${booking_id}`;
  expect(uses.map(({ seat }) => seat)).toEqual([first!.seat]);
  await sql`create table naive_uses (booking_id uuid)`;
  expect(await rush(() => naiveAdmit(sql, booking_id))).toBeGreaterThan(1);
});

test('no ticket came in too often, as far as the rows tell: the invariant finds a planted one', async () => {
  const broken = async () =>
    (await runInvariants(sql)).find(({ name }) => name === 'tickets')?.rows;
  expect(await broken()).toBe(0);
  const booking_id = await freshTickets(world);
  await sql`
    insert into ticket_uses (booking_id, seat)
    select ${booking_id}, seat from generate_series(1, 3) as seat`;
  expect(await broken()).toBe(1);
  await sql`delete from ticket_uses where booking_id = ${booking_id}`;
});

test('the confirmation mail of a venue brings the tickets, and the message remembers it', async () => {
  const booking_id = await freshTickets(world);
  const codes = (await ticketsOf(booking_id)).map(({ code }) => code);
  const [delivery] = await eventually('the confirmation is sent', async () => {
    const rows = await sql<{ attached: string[]; reference_code: string; state: string }[]>`
      select d.attached, b.reference_code
      from deliveries d
      join bookings b on b.id = d.booking_id
      where d.booking_id = ${booking_id} and d.type = 'booking_confirmed' and d.status = 'sent'`;
    return rows.length > 0 ? rows : null;
  });
  const { reference_code, attached } = delivery!;
  expect(attached).toEqual([`tickets-${reference_code}.pdf`]);
  const mail = sink.list().find(({ subject }) => subject.includes(reference_code));
  const raw = fs.readFileSync(path.join(folder, 'mail', `${mail?.id}.eml`), 'latin1');
  expect(raw).toContain(`filename=tickets-${reference_code}.pdf`);
  const [, base64 = ''] =
    /Content-Type: application\/pdf[\s\S]*?\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)/.exec(raw) ?? [];
  const pdf = Buffer.from(base64, 'base64');
  expect(readQrCodes(pdf)).toEqual(codes);
  expect(packed((await readPdf(pdf)).pages[0] ?? '')).toContain(reference_code);
  const token = world.tokens.desk;
  const seen = await call(world.base, 'get_booking', { params: { booking_id } }, { token });
  expect(member(seen.json, 'state'), seen.text).toBe('TICKETS_DELIVERED');
});

test('the desk prints, lists and scans from the command line', async () => {
  const booking_id = await freshTickets(world);
  const env = { PETPRO_URL: world.base, PETPRO_TOKEN: world.tokens.desk };
  const file = path.join(folder, 'tickets.pdf');
  const printed = await cli(['tickets', 'print', booking_id, '--out', file], { env });
  expect(printed).toMatchObject({ code: 0, out: '' });
  const codes = readQrCodes(fs.readFileSync(file));
  expect(codes.length).toBe(2);
  const terminal = await cli(['tickets', 'print', booking_id], { env, terminal: 80 });
  expect(terminal.code).toBe(2);
  const names = await cli(['tickets', 'list', booking_id, '-o', 'name'], { env });
  expect(names.out.trim().split('\n')).toEqual(codes);
  const came = await cli(['check-in', codes[0]!], { env });
  expect(came.code, came.err).toBe(0);
  expect(came.out).toMatch(/admitted, seat \d+: /);
  const again = await cli(['check-in', codes[0]!], { env });
  expect(again.code).toBe(9);
  expect(again.err).toMatch(/was admitted on [\s\S]*next: petpro tickets list BP\d{8}\n/);
  const forged = await cli(['check-in', `${codes[0]?.slice(0, -4)}AAAA`], { env });
  expect(forged.err).toContain('next: petpro find NAME');
  const wrong = await cli(['check-in', codes[1]!, '--clinic', world.clinic.id], { env });
  expect(wrong.err).toContain('not for here');
  const json = await cli(['check-in', codes[1]!, '--json'], { env });
  expect(JSON.parse(json.out).items[0]).toMatchObject({ seats_left: 0 });
});

test('without a secret nobody gets tickets, and references still come in', async () => {
  const bare = await startHarness({ PETPRO_TICKET_SECRET: '', PETPRO_ONLY: 'api' });
  const there = await buildWorld(bare);
  const venue = await addClinic(bare.sql);
  await bare.sql`update clinics set kind = 'venue' where id = ${venue.id}`;
  const service_id = await addService(bare.sql, venue, { capacity: 5 });
  const slot_id = await addSlot(bare.sql, venue, service_id, { in_hours: 1, capacity: 5 });
  const token = there.tokens.desk;
  const body = { service_id, slot_id, ...there.owner, payment_method: 'cash' };
  const made = await call(there.base, 'create_booking', { body }, { token });
  const booking_id = must(made, 'booking_id');
  const none = await call(there.base, 'get_tickets', { params: { booking_id } }, { token });
  expect(ruleOf(none)).toBe('tickets_off');
  const code = `PT1.${must(made, 'reference_code')}.1.${'A'.repeat(20)}`;
  const scanned = await call(there.base, 'check_in', { body: { code } }, { token });
  expect(ruleOf(scanned)).toBe('tickets_off');
  const came = await call(there.base, 'check_in', { body: { code: booking_id } }, { token });
  expect(came.json).toMatchObject({ seats_left: 0 });
  expect(member(came.json, 'seats')).toHaveLength(1);
});
