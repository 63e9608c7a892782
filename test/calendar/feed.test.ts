import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { addStaff } from '../helpers/database.ts';
import { call, codeOf, member, send, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, freshSlot, must, type World } from '../http/world.ts';
import { readCalendar } from './ical.ts';

const harness = await startHarness({
  PETPRO_ONLY: 'api',
  PETPRO_PUBLIC_URL: 'https://book.example.com',
});
const { sql } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

async function link(body: Readonly<Record<string, string>>, token = world.tokens.desk, key = '') {
  const headers: Record<string, string> = key === '' ? {} : { 'idempotency-key': key };
  return await call(world.base, 'create_calendar_link', { body }, { token, headers });
}

const mine = async () => await link({ kind: 'owner' }, world.tokens.customer);
const read = async (path: string, etag?: string) =>
  await send(world.base, path, { headers: etag === undefined ? {} : { 'if-none-match': etag } });

const refOf = async (booking_id: string) => {
  const [row] = await sql<{ reference_code: string }[]>`
    select reference_code from bookings where id = ${booking_id}`;
  return `${row?.reference_code}@petpro`;
};

const eventOf = async (path: string, booking_id: string) => {
  const uid = await refOf(booking_id);
  const { events } = readCalendar((await read(path)).text);
  return events.find((event) => event.uid === uid);
};

test('an owner reads their visits under a secret address, and nobody guesses it', async () => {
  await sql`update pets set name = 'ムギ; "a", b' where id = ${world.owner.pet_id}`;
  const booking_id = await freshBooking(world);
  const made = await mine();
  expect(made.status).toBe(201);
  const path = must(made, 'path');
  expect(must(made, 'url')).toBe(`https://book.example.com${path}`);
  const token = /^\/v1\/calendar\/([\w-]{43})\.ics$/.exec(path)?.[1] ?? '';
  const answer = await read(path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/calendar; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('private, max-age=300');
  const event = await eventOf(path, booking_id);
  expect(event).toMatchObject({ sequence: 1, status: 'CONFIRMED', time_zone: 'Asia/Jakarta' });
  expect(event?.summary).toContain('ムギ; "a", b: ');
  expect(answer.text).not.toContain('Owner');
  // The other address of the documents, and one sign changed.
  expect((await read(`/v1/calendars/${token}.ics`)).text).toBe(answer.text);
  const other = `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`;
  for (const wrong of [other, '', 'x', '..', token.toUpperCase(), `${token}.ics`]) {
    expect([404, 405]).toContain((await read(`/v1/calendar/${wrong}.ics`)).status);
  }
  expect((await read(`/v1/calendar/${token}`)).status).toBe(404);
  // Only its hash is kept, here and in the answers to repeated requests.
  const hash = createHash('sha256').update(token).digest('hex');
  const [kept] = await sql<{ hash: string; leaks: number }[]>`
    select encode(l.token_hash, 'hex') as hash,
      (select count(*)::integer from idempotency_keys where response_body::text like ${`%${token}%`})
        as leaks
    from calendar_links l where l.id = ${must(made, 'link_id')}`;
  expect(kept).toEqual({ hash, leaks: 0 });
});

test('a reader that has it already is told so, until something changes', async () => {
  const booking_id = await freshBooking(world);
  const path = must(await mine(), 'path');
  const first = await read(path);
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{27}"$/);
  for (const asked of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await read(path, asked);
    expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
    expect(again.headers.get('etag')).toBe(etag);
  }
  const moved = { params: { booking_id }, body: { slot_id: await freshSlot(world) } };
  const token = world.tokens.desk;
  expect((await call(world.base, 'reschedule_booking', moved, { token })).status).toBe(200);
  const second = await read(path, etag);
  expect(second.status).toBe(200);
  expect(second.headers.get('etag')).not.toBe(etag);
  const before = readCalendar(first.text).events.find(({ sequence }) => sequence === 1);
  const after = await eventOf(path, booking_id);
  expect(after).toMatchObject({ sequence: 2, status: 'CONFIRMED' });
  expect(String(after?.starts_at)).not.toBe(String(before?.starts_at));
  await call(world.base, 'cancel_booking', { params: { booking_id } }, { token });
  expect(await eventOf(path, booking_id)).toMatchObject({ sequence: 3, status: 'CANCELLED' });
});

test('a repeated request shows the same address, another wish under its key does not', async () => {
  const wish = { kind: 'clinic', clinic_id: world.clinic.id, name: 'front desk' };
  const first = await link(wish, world.tokens.desk, 'link 1');
  const again = await link(wish, world.tokens.desk, 'link 1');
  expect(must(again, 'path')).toBe(must(first, 'path'));
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  const other = await link({ ...wish, name: 'another' }, world.tokens.desk, 'link 1');
  expect(codeOf(other)).toBe('conflict');
  const many = await Promise.all(
    Array.from({ length: 8 }, () => link(wish, world.tokens.manager, 'link of eight')),
  );
  expect(new Set(many.map((one) => must(one, 'path'))).size).toBe(1);
});

test('a revoked address is gone at once, and only those who may revoke do', async () => {
  const made = await mine();
  const [path, link_id] = [must(made, 'path'), must(made, 'link_id')];
  const revoke = async (token: string) =>
    await call(world.base, 'revoke_calendar_link', { params: { link_id } }, { token });
  for (const token of [world.other_customer, world.tokens.desk, world.tokens.admin]) {
    expect(codeOf(await revoke(token))).toBe('not_found');
  }
  expect((await read(path)).status).toBe(200);
  for (const _ of [1, 2]) expect((await revoke(world.tokens.customer)).status).toBe(200);
  expect(codeOf(await read(path))).toBe('not_found');
  const listed = await call(
    world.base,
    'list_calendar_links',
    { query: { revoked: '1' } },
    { token: world.tokens.customer },
  );
  expect(listed.text).toContain(link_id);
  expect(listed.text).not.toContain(path);
  const [audit] = await sql<{ actions: string[] }[]>`
    select array_agg(action order by action) as actions
    from audit_log where target_id = ${link_id}`;
  expect(audit?.actions).toEqual(['calendar_link.created', 'calendar_link.revoked']);
});

test('whose visits somebody may give out', async () => {
  const { clinic, other_clinic, tokens, other_desk } = world;
  const staff_id = await addStaff(sql, clinic, 'Sari');
  const staff = { kind: 'staff', clinic_id: clinic.id, staff_id };
  const cases = [
    [{ kind: 'owner' }, tokens.desk, 'forbidden'],
    [{ kind: 'clinic', clinic_id: clinic.id }, tokens.customer, 'forbidden'],
    [{ kind: 'clinic', clinic_id: clinic.id }, other_desk, 'not_found'],
    [{ ...staff, clinic_id: other_clinic.id }, tokens.desk, 'not_found'],
    [{ kind: 'clinic' }, tokens.desk, 'invalid_input'],
    [{ kind: 'staff', clinic_id: clinic.id }, tokens.desk, 'invalid_input'],
    [staff, tokens.viewer, 'forbidden'],
  ] as const;
  for (const [body, token, code] of cases) expect(codeOf(await link(body, token))).toBe(code);
  expect((await link(staff)).status).toBe(201);
});

test('a vet, a clinic and an export show the visits that are theirs', async () => {
  const { clinic, tokens } = world;
  const staff_id = await addStaff(sql, clinic, 'Sari');
  const [with_sari, without] = [await freshBooking(world), await freshBooking(world)];
  await sql`
    update slots set staff_id = ${staff_id}
    where id = (select slot_id from bookings where id = ${with_sari})`;
  const vet = must(await link({ kind: 'staff', clinic_id: clinic.id, staff_id }), 'path');
  const all = must(await link({ kind: 'clinic', clinic_id: clinic.id }), 'path');
  expect(await eventOf(vet, with_sari)).toBeDefined();
  expect(await eventOf(vet, without)).toBeUndefined();
  expect(await eventOf(all, with_sari)).toBeDefined();
  expect(await eventOf(all, without)).toBeDefined();
  const params = { clinic_id: clinic.id };
  const days = { from: '2020-01-01', to: '2020-01-02', staff_id };
  const token = tokens.desk;
  const none = await call(world.base, 'get_calendar', { params, query: days }, { token });
  expect(member(none.json, 'event_count')).toBe(0);
  const to = Temporal.Now.plainDateISO('UTC').add({ days: 60 }).toString();
  const ask = { params, query: { staff_id, to } };
  const raw = await call(world.base, 'get_calendar', ask, {
    token,
    headers: { accept: 'text/calendar' },
  });
  expect(raw.headers.get('content-type')).toBe('text/calendar; charset=utf-8');
  expect(readCalendar(raw.text).events.map(({ uid }) => uid)).toEqual([await refOf(with_sari)]);
  for (const query of [
    { from: '2026-01-02', to: '2026-01-01' },
    { from: '2026-01-01', to: '2027-01-01' },
    { from: '2026-02-30' },
  ]) {
    const answer = await call(world.base, 'get_calendar', { params, query }, { token });
    expect(codeOf(answer)).toBe('invalid_input');
  }
});

test('a booking as a file, and whether it stands in a calendar', async () => {
  const booking_id = await freshBooking(world);
  const token = world.tokens.customer;
  const params = { booking_id };
  const file = await call(world.base, 'get_booking_calendar', { params }, { token });
  expect(readCalendar(must(file, 'ics')).events[0]?.uid).toBe(await refOf(booking_id));
  const foreign = { token: world.other_customer };
  for (const name of ['get_booking_calendar', 'sync_calendar'] as const) {
    expect(codeOf(await call(world.base, name, { params }, foreign))).toBe('not_found');
  }
  const sync = async (body: object) =>
    (await call(world.base, 'sync_calendar', { params, body }, { token })).json;
  expect(await sync({})).toMatchObject({ calendar_synced: true, is_current: true });
  const [row] = await sql<{ version: number }[]>`
    select version from bookings where id = ${booking_id}`;
  expect(row?.version).toBe(1);
  await sql`update bookings set calendar_synced_at = now() - interval '1 day' where id = ${booking_id}`;
  const detail = await sync({ synced: false });
  expect(detail).toMatchObject({ calendar_synced: false, calendar_synced_at: null });
});
