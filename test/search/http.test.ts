import { beforeAll, describe, expect, it } from 'vitest';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';
import { call, codeOf, member, send, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, freshSlot, must, type World } from '../http/world.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const items = (json: unknown) => member(Object(json), 'items');

const search = async (query: Readonly<Record<string, string>>, token: string) =>
  await call(world.base, 'search_owners', { query }, { token });

describe('owners', () => {
  it('are found by those who may, with names hidden from those who need none', async () => {
    const owner = await addOwner(sql, { full_name: 'Kartika Sari', phone: '+62 811 555 9000' });
    const found = await search({ q: 'kartika' }, world.tokens.desk);
    const [hit] = Object(items(found.json));
    expect(hit).toMatchObject({ user_id: owner.user_id, matched_by: 'name', pets: [{}] });
    const masked = await search({ q: 'kartika' }, world.tokens.ci);
    expect(masked.text).not.toMatch(/Kartika|5559000|555 9000|Mochi|@example/);
    expect(masked.text).toContain(owner.user_id);
    for (const role of ['customer', 'viewer', 'sre'] as const) {
      expect(codeOf(await search({ q: 'kartika' }, world.tokens[role]))).toBe('forbidden');
    }
  });

  it('are refused with what is wrong when the question is none', async () => {
    const wrong: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
      [{}, 'query.q'],
      [{ q: '' }, 'query.q'],
      [{ q: 'x'.repeat(81) }, 'query.q'],
      [{ q: 'a\u0000b' }, 'query.q'],
      [{ q: 'a\u001bb' }, 'query.q'],
      [{ q: 'a', limit: '51' }, 'query.limit'],
      [{ q: 'a', near: 'perhaps' }, 'query.near'],
      [{ q: 'a', clinic_id: 'here' }, 'query.clinic_id'],
    ];
    for (const [query, field] of wrong) {
      const answer = await search(query, world.tokens.desk);
      expect({ code: codeOf(answer), query }).toEqual({ code: 'invalid_input', query });
      expect(answer.text).toContain(field);
    }
    const foreign = { q: 'a', clinic_id: world.clinic.id };
    expect(codeOf(await search(foreign, world.other_desk))).toBe('not_found');
    for (const q of ['%', "'", '‮', '*:*', '\\']) {
      const answer = await search({ q, near: 'true' }, world.tokens.desk);
      expect(answer.status).toBe(200);
      expect(items(answer.json)).toEqual([]);
    }
  });

  it('have those first who come to the clinic of the key', async () => {
    const { other_clinic, other_service_id } = world;
    await addOwner(sql, { full_name: 'Lina Aaa' });
    const regular = await addOwner(sql, { full_name: 'Lina Zzz' });
    const slot_id = await addSlot(sql, other_clinic, other_service_id, { in_hours: 30 });
    const body = { service_id: other_service_id, slot_id, ...regular, payment_method: 'cash' };
    const booked = await call(world.base, 'create_booking', { body }, { token: world.tokens.desk });
    expect(booked.status, booked.text).toBe(201);
    const [hit] = Object(items((await search({ q: 'lina' }, world.other_desk)).json));
    expect(hit).toMatchObject({ full_name: 'Lina Zzz' });
  });
});

describe('the card of an owner', () => {
  const card = async (user_id: string, token: string) =>
    await call(world.base, 'get_owner', { params: { user_id } }, { token });

  it('tells pets, visits and what is due, within the reach of the key', async () => {
    const owner = await addOwner(sql, { full_name: 'Card Holder' });
    const book = async (payment_method: string) => {
      const { service_id } = world;
      const body = { service_id, slot_id: await freshSlot(world), ...owner, payment_method };
      const { desk: token } = world.tokens;
      return must(await call(world.base, 'create_booking', { body }, { token }), 'booking_id');
    };
    const past = await book('at_clinic');
    const missed = await book('at_clinic');
    const next = await book('at_clinic');
    await book('cash');
    await sql`
      update bookings set booking_time = now() - interval '3 days', status = 'completed'
      where id = ${past}`;
    await sql`
      update bookings set booking_time = now() - interval '2 days', status = 'no-show'
      where id = ${missed}`;
    const answer = await card(owner.user_id, world.tokens.desk);
    expect(answer.json).toMatchObject({
      full_name: 'Card Holder',
      pets: [{ name: 'Mochi' }],
      next_visit: { booking_id: next, status: 'confirmed', pet_name: 'Mochi' },
      last_visit: { booking_id: missed, status: 'no-show' },
      next_visits: [{ booking_id: next, payment_state: 'due' }, { payment_state: 'paid' }],
      last_visits: [{ booking_id: past, status: 'completed', pet_name: 'Mochi' }],
      visit_count: 1,
      no_show_count: 1,
      cancelled_count: 0,
      due: [{ currency: 'IDR', amount: '500000.00', overdue: '250000.00' }],
    });
    const elsewhere = await card(owner.user_id, world.other_desk);
    expect(elsewhere.json).toMatchObject({ next_visits: [], last_visits: [], due: [] });
    expect(elsewhere.json).toMatchObject({ next_visit: null, last_visit: null });
    const listed = await search({ q: 'card holder' }, world.tokens.desk);
    expect(items(listed.json)).toMatchObject([
      { next_visit: { booking_id: next }, last_visit: { booking_id: missed } },
    ]);
    const far = await search({ q: 'card holder' }, world.other_desk);
    expect(items(far.json)).toMatchObject([{ next_visit: null, last_visit: null }]);
    const masked = await card(owner.user_id, world.tokens.ci);
    expect(masked.text).not.toMatch(/Card Holder|Mochi|@example/);
  });

  it('is not there for strangers, the erased and other roles', async () => {
    const owner = await addOwner(sql);
    for (const role of ['customer', 'viewer', 'sre'] as const) {
      expect(codeOf(await card(owner.user_id, world.tokens[role]))).toBe('forbidden');
    }
    await sql`update users set is_erased = true where id = ${owner.user_id}`;
    expect(codeOf(await card(owner.user_id, world.tokens.desk))).toBe('not_found');
    expect(codeOf(await card(crypto.randomUUID(), world.tokens.desk))).toBe('not_found');
  });
});

describe('places', () => {
  const get = async (address: string, token = world.tokens.customer) =>
    await send(world.base, address, { token });

  it('tell what they have left, less when it is held, in lists and alone', async () => {
    const venue = await addClinic(sql);
    await sql`
      update clinics set kind = 'venue', city = 'Malmö', name = 'Jürgens Höhle' where id = ${venue.id}`;
    const service_id = await addService(sql, venue, { name: 'Concert', capacity: 5 });
    await sql`update services set category = 'Music' where id = ${service_id}`;
    const quiet_id = await addService(sql, venue, { name: 'Reading' });
    const slot_id = await addSlot(sql, venue, service_id, { capacity: 5, in_hours: 30 });
    await addSlot(sql, venue, service_id, { capacity: 5, in_hours: 24 * 9 });
    await addSlot(sql, venue, service_id, { capacity: 5, in_hours: -2 });
    const asked = [
      '/v1/clinics?kind=venue&city=MALMO',
      '/v1/clinics?name=hohle',
      '/v1/clinics?name=J%C3%BCrgens',
      '/api/events?category=music',
    ];
    for (const address of asked) {
      const found = await get(address);
      expect(items(found.json), address).toMatchObject([
        { clinic_id: venue.id, open: { days: 7, slots: 1, remaining: 5, is_partial: false } },
      ]);
    }
    expect(items((await get('/v1/clinics?name=%25')).json)).toEqual([]);
    expect(items((await get('/api/v1/salons?city=malmo')).json)).toEqual([]);
    const { desk: token } = world.tokens;
    const body = { service_id, slot_id, ...world.other_owner, quantity: 2 };
    const held = await call(world.base, 'create_reservation', { body }, { token });
    expect(held.status, held.text).toBe(201);
    const detail = await get(`/api/events/${venue.id}`);
    expect(detail.json).toMatchObject({
      open: { days: 7, slots: 1, remaining: 3 },
      services: [
        { service_id, open: { slots: 1, remaining: 3, is_partial: false } },
        { service_id: quiet_id, open: { slots: 0, remaining: 0, next_at: null } },
      ],
    });
    const longer = await get(`/v1/clinics/${venue.id}?days=14`);
    expect(longer.json).toMatchObject({ open: { days: 14, slots: 2, remaining: 8 } });
    const none = await get(`/v1/clinics/${venue.id}?days=0`);
    expect(member(none.json, 'open')).toBeUndefined();
    for (const days of ['15', '-1', 'week', '1.5']) {
      expect(codeOf(await get(`/v1/clinics?days=${days}`))).toBe('invalid_input');
    }
  });

  it('are paged by name without a gap or a double', async () => {
    for (let n = 0; n < 7; n += 1) {
      const { id } = await addClinic(sql);
      // Some share a name: the id goes on from there.
      await sql`update clinics set city = 'Paged', name = ${`Same ${n % 3}`} where id = ${id}`;
    }
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 10; page += 1) {
      const answer = await get(`/v1/clinics?city=paged&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(answer.status, answer.text).toBe(200);
      const rows: readonly { clinic_id: string; name: string }[] = Object(items(answer.json));
      seen.push(...rows.map(({ name, clinic_id }) => `${name} ${clinic_id}`));
      const next = member(answer.json, 'next_cursor');
      if (typeof next !== 'string') break;
      cursor = next;
    }
    expect(seen).toHaveLength(7);
    expect(seen).toEqual([...new Set(seen)].toSorted());
    expect(codeOf(await get('/v1/clinics?cursor=nonsense'))).toBe('invalid_input');
  });

  it('count what owners can hold, which is less than what staff can', async () => {
    const clinic = await addClinic(sql);
    await sql`update clinics set city = 'Notice', min_notice_minutes = 600 where id = ${clinic.id}`;
    const service_id = await addService(sql, clinic);
    await addSlot(sql, clinic, service_id, { in_hours: 2 });
    const slots = async (token: string) => {
      const [one] = Object(items((await get('/v1/clinics?city=notice', token)).json));
      return one.open.slots;
    };
    expect(await slots(world.tokens.customer)).toBe(0);
    expect(await slots(world.tokens.desk)).toBe(1);
  });
});

it('a booking of the world is found by its reference', async () => {
  const booking_id = await freshBooking(world);
  const [row] = await sql<{ reference_code: string }[]>`
    select reference_code from bookings where id = ${booking_id}`;
  const query = { q: row?.reference_code ?? '' };
  const found = await call(world.base, 'search_owners', { query }, { token: world.tokens.desk });
  expect(items(found.json)).toMatchObject([
    { user_id: world.owner.user_id, matched_by: 'reference' },
  ]);
});
