import { beforeEach, expect, test } from 'vitest';
import { addClinic, addOwner, addService, addSlot, type OwnerIds } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, codeOf, member, startHarness } from '../http/harness.ts';
import { type Client, clientOf, listOf, minutesTo, textOf } from './scene.ts';

/** Seed 003: salons. Booked before anything is paid, held for five minutes, four states. */

const harness = await startHarness();
const { sql } = harness;

let salon_id: string;
let service_id: string;
let slot_id: string;
let date: string;
let owner: OwnerIds;
let customer: Client;
let rival: Client;
let staff: Client;

beforeEach(async () => {
  const salon = await addClinic(sql, { hold_ms: 300_000 });
  salon_id = salon.id;
  await sql`update clinics set kind = 'salon', city = 'Bandung' where id = ${salon_id}`;
  service_id = await addService(sql, salon, { name: 'Haircut', price: '150000', deposit: '0' });
  slot_id = await addSlot(sql, salon, service_id);
  const [row] = await sql<{ date: string }[]>`
    select slot_date::text as date from slots where id = ${slot_id}`;
  date = row?.date ?? '';
  await sql`
    insert into schedules (clinic_id, weekday, opens, closes) values (${salon_id}, 1, '09:00', '17:00')`;
  owner = await addOwner(sql);
  customer = clientOf(harness, await harness.mintCustomerToken(owner.user_id));
  const other = await addOwner(sql);
  rival = clientOf(harness, await harness.mintCustomerToken(other.user_id));
  staff = clientOf(harness, await harness.addKey('desk', salon_id));
});

const slots = async (client: Client): Promise<Answer> =>
  await client(
    'GET',
    `/api/v1/availability/slots?salonId=${salon_id}&date=${date}&serviceId=${service_id}`,
  );

async function stateOf(booking_id: string): Promise<unknown> {
  return member((await customer('GET', `/v1/bookings/${booking_id}`)).json, 'salon_state');
}

test('a cut and a wash in one booking: total price, total length, all or nothing', async () => {
  const wash = await addService(
    sql,
    { id: salon_id, currency: 'IDR', time_zone: 'Asia/Jakarta' },
    {
      name: 'Wash',
      price: '50000',
      deposit: '0',
    },
  );
  const [next] = await sql<{ id: string; starts_at: Temporal.Instant }[]>`
    insert into slots (
      clinic_id, service_id, starts_at, ends_at, slot_date, slot_start_time, slot_end_time
    )
    select clinic_id, ${wash}, ends_at, ends_at + interval '15 minutes', slot_date, slot_end_time,
      slot_end_time + interval '15 minutes'
    from slots where id = ${slot_id}
    returning id, starts_at`;
  const rows = await customer(
    'GET',
    `/v1/clinics/${salon_id}/availability?services=${service_id},${wash}&date=${date}`,
  );
  expect(listOf(rows, 'items')).toMatchObject([
    { amount: '200000.00', duration_minutes: 45, items: [{ slot_id }, { slot_id: next?.id }] },
  ]);
  const [row] = listOf(rows, 'items');
  const wish = {
    salonId: salon_id,
    items: [{ serviceId: service_id }, { serviceId: wash }],
    startsAt: member(row, 'starts_at'),
  };
  const booked = await customer('POST', '/api/v1/bookings', wish);
  expect(booked.status, booked.text).toBe(201);
  expect(booked.json).toMatchObject({
    amount: '200000.00',
    payment_url: null,
    items: [{ service_name: 'Haircut' }, { service_name: 'Wash', slot_id: next?.id }],
  });
  const booking_id = textOf(booked, 'bookingId');
  expect((await customer('GET', `/v1/bookings/${booking_id}`)).json).toMatchObject({
    service_name: 'Haircut + Wash',
    duration_minutes: 45,
    salon_state: 'CONFIRMED',
  });
  const refused = await rival('POST', '/api/v1/bookings', wish);
  expect(codeOf(refused)).toBe('slot_taken');
  const typo = await rival('POST', '/api/v1/bookings', { ...wish, items: [{ servceId: wash }] });
  expect(typo.status).toBe(400);
  const cancelled = await customer('POST', `/v1/bookings/${booking_id}/cancel`);
  expect(cancelled.status, cancelled.text).toBe(200);
  const free = await sql`select from slot_claims where slot_id in (${slot_id}, ${next?.id ?? ''})`;
  expect(free).toHaveLength(0);
});

test('browse, lock for five minutes, book without payment, be served', async () => {
  const salons = await customer('GET', '/api/v1/salons?city=bandung&limit=200');
  expect(listOf(salons, 'items')).toContainEqual(
    expect.objectContaining({ clinic_id: salon_id, kind: 'salon' }),
  );
  const detail = await customer('GET', `/api/v1/salons/${salon_id}`);
  expect(detail.json).toMatchObject({
    services: [{ service_id, name: 'Haircut', price: '150000.00' }],
    working_hours: [{ weekday: 1, opens: '09:00', closes: '17:00' }],
  });
  expect(listOf(await slots(customer), 'slots')).toMatchObject([{ slot_id, available: true }]);

  const lock = await customer('POST', `/api/v1/availability/slots/${slot_id}/lock`, {
    salonId: salon_id,
  });
  expect(lock.status, lock.text).toBe(201);
  expect(minutesTo(textOf(lock, 'expires_at'))).toBeGreaterThan(4.5);
  expect(minutesTo(textOf(lock, 'expires_at'))).toBeLessThanOrEqual(5);
  const hold = await customer('GET', `/v1/reservations/${textOf(lock, 'reservation_id')}`);
  expect(member(hold.json, 'salon_state')).toBe('PENDING');

  expect(listOf(await slots(rival), 'slots')).toEqual([]);
  const refused = await rival('POST', `/api/v1/availability/slots/${slot_id}/lock`);
  expect(codeOf(refused)).toBe('slot_locked');
  const wait_s = Number(refused.headers.get('retry-after'));
  expect(wait_s).toBeGreaterThan(0);
  expect(wait_s).toBeLessThanOrEqual(300);

  const wish = { salonId: salon_id, serviceId: service_id, slotId: slot_id };
  const booked = await customer('POST', '/api/v1/bookings', wish);
  expect(booked.status, booked.text).toBe(201);
  expect(booked.json).toMatchObject({ amount: '150000.00', payment_url: null });
  const booking_id = textOf(booked, 'bookingId');
  expect(textOf(booked, 'reservation_id')).toBe(textOf(lock, 'reservation_id'));
  expect(await stateOf(booking_id)).toBe('CONFIRMED');
  const items = await sql`
    select i.service_id, i.quantity from booking_items i where i.booking_id = ${booking_id}`;
  expect(items).toEqual([{ service_id, quantity: 1 }]);
  expect(codeOf(await rival('POST', '/api/v1/bookings', wish))).toBe('slot_taken');

  for (const status of ['arrived', 'in-progress', 'completed']) {
    const moved = await staff('PUT', `/v1/bookings/${booking_id}/status`, { status });
    expect(moved.status, moved.text).toBe(200);
  }
  expect(await stateOf(booking_id)).toBe('COMPLETED');
  const late = await customer('POST', `/v1/bookings/${booking_id}/cancel`, { reason: 'no' });
  expect([409, 422]).toContain(late.status);
});

test('staff turn a lock into a booking, tell its owner, and a cancel frees the slot', async () => {
  const lock = await customer('POST', `/api/v1/availability/slots/${slot_id}/lock`);
  const address = `/api/v1/availability/slots/${slot_id}/book`;
  expect((await customer('POST', address, { paymentMethod: 'at_clinic' })).status).toBe(403);
  const foreign = clientOf(harness, await harness.addKey('desk', (await addClinic(sql)).id));
  expect((await foreign('POST', address, { paymentMethod: 'at_clinic' })).status).toBe(404);
  const booked = await staff('POST', address, { paymentMethod: 'at_clinic' });
  expect(booked.status, booked.text).toBe(200);
  const booking_id = textOf(booked, 'booking_id');
  expect(textOf(lock, 'reference_code')).toBe(textOf(booked, 'reference'));
  expect((await staff('POST', address, { paymentMethod: 'at_clinic' })).status).toBe(404);

  const told = await staff('POST', '/api/v1/notifications', {
    user_id: owner.user_id,
    booking_id,
    title: 'See you soon',
    content: 'Please come ten minutes early.',
  });
  expect(told.status, told.text).toBe(201);
  const list = await customer('GET', '/api/v1/notifications');
  expect(listOf(list, 'items')).toContainEqual(expect.objectContaining({ title: 'See you soon' }));

  const cancelled = await customer('POST', `/v1/bookings/${booking_id}/cancel`, { reason: 'ill' });
  expect(cancelled.status, cancelled.text).toBe(200);
  expect(await stateOf(booking_id)).toBe('CANCELLED');
  await eventually('free again', async () => listOf(await slots(rival), 'slots').length === 1);
  const again = await rival('POST', `/api/v1/availability/slots/${slot_id}/lock`);
  expect(again.status, again.text).toBe(201);
});

test('errors: unknown slots and services, no token, numbers instead of ids', async () => {
  const unknown = '01932f0e-7a51-7cc2-9f4e-8f6b6a3f2c11';
  const nowhere = await customer('POST', `/api/v1/availability/slots/${unknown}/lock`);
  expect(codeOf(nowhere)).toBe('not_found');
  const no_service = await customer(
    'GET',
    `/api/v1/availability/slots?serviceId=${unknown}&date=${date}`,
  );
  expect(no_service.status).toBe(404);
  const seed_example = '/api/v1/availability/slots?salonId=1&date=2024-01-15&serviceId=1';
  expect(codeOf(await customer('GET', seed_example))).toBe('invalid_input');
  const nobody = clientOf(harness, 'nobody');
  expect((await nobody('POST', '/api/v1/bookings', { slotId: slot_id })).status).toBe(401);
  const twice = { slotId: slot_id, slot_id };
  expect(codeOf(await customer('POST', '/api/v1/bookings', twice))).toBe('invalid_input');
  await sql`delete from pets where user_id = ${owner.user_id}`;
  const no_pet = await customer('POST', `/api/v1/availability/slots/${slot_id}/lock`);
  // A salon does not ask for one; nobody's is made up.
  expect(no_pet.status).toBe(201);
  const { reservation_id } = JSON.parse(no_pet.text);
  const [held] = await sql`select pet_id from reservations where id = ${reservation_id}`;
  expect(held).toEqual({ pet_id: null });
});

test('leaked locks are cleaned up by hand, by those who run the machines', async () => {
  const address = '/api/v1/availability/cleanup-locks';
  expect((await staff('POST', address, { dry_run: true })).status).toBe(403);
  const sre = clientOf(harness, await harness.addKey('sre'));
  const plan = await sre('POST', address, { dry_run: true });
  expect(plan.status, plan.text).toBe(200);
});
