import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, test } from 'vitest';
import {
  discardParkedEvent,
  listParkedEvents,
  retryParkedEvent,
} from '../../src/daemon/actions/parked-events.ts';
import {
  type Consumer,
  INPUT_GROUP,
  INPUT_KEY,
  openConsumer,
} from '../../src/daemon/workers/consume.ts';
import { openBench, staff } from '../actions/bench.ts';
import { makeWorld, startBooking } from '../actions/world.ts';
import { addClinic, addOwner, addService } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';

/** The platform's other services write, we read: a real Redis, a real PostgreSQL. */

const { app, sql, redis, control, drain } = await openBench();
const raw = new Redis(redis.url);
afterAll(() => raw.disconnect());
const never = new AbortController().signal;

const opened: Consumer[] = [];
function open(claim_after_ms = 30_000): Consumer {
  const one = openConsumer({ url: redis.url, log: app.log, claim_after_ms });
  opened.push(one);
  return one;
}
afterAll(() => Promise.all(opened.map((one) => one.close())));
const consumer = open();

const write = (event: unknown) =>
  raw.xadd(INPUT_KEY, '*', 'event', typeof event === 'string' ? event : JSON.stringify(event));

/** Ticks until nothing of the group waits for its first reading. */
async function read(by = consumer): Promise<void> {
  await eventually('all is read', async () => {
    await by.worker.tick(app, never);
    const groups = (await raw.xinfo('GROUPS', INPUT_KEY).catch(() => [])) as unknown[][];
    const lag = groups[0]?.[groups[0].indexOf('lag') + 1];
    return lag === 0;
  });
}

const pending = async () => Number((await raw.xpending(INPUT_KEY, INPUT_GROUP))[0]);

function userEvent(user_id: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    event_id: randomUUID(),
    event_type: 'user.updated',
    user_id,
    email: 'ayu@example.com',
    full_name: 'Ayu Lestari',
    phone_number: '+6281234567890',
    updated_at: '2026-11-20T08:00:00Z',
    ...more,
  };
}

const userOf = async (user_id: string) =>
  (await sql`select full_name, email, phone from users where id = ${user_id}`)[0];
const statusOf = async (event_id: string) =>
  (
    await sql`select status, reason, attempts, raw from consumed_events
    where event_id = ${event_id}`
  )[0];

describe('copies', () => {
  test('of owners, pets, clinics and services follow their events', async () => {
    const user_id = randomUUID();
    const pet_id = randomUUID();
    const clinic = await addClinic(sql);
    const service_id = await addService(sql, clinic);
    const updated_at = '2026-11-20T08:00:00+07:00';
    await write(userEvent(user_id));
    const pet = { pet_id, user_id, name: 'Mochi', species: 'cat', breed: null, updated_at };
    await write({ event_type: 'pet.updated', payload: pet });
    await write({
      event_type: 'clinic.updated',
      clinic_id: clinic.id,
      name: 'Happy Paws Menteng',
      address: 'Jl. Cikini 1',
      phone_number: '+622112345',
      updated_at,
    });
    await write({
      event_type: 'service.updated',
      service_id,
      clinic_id: clinic.id,
      name: 'Check-up',
      price: '275000.00',
      duration_minutes: 45,
      is_available: false,
      updated_at,
    });
    await write({ event_type: 'loyalty.updated', user_id });
    await read();
    expect(await userOf(user_id)).toMatchObject({
      full_name: 'Ayu Lestari',
      phone: '+6281234567890',
    });
    const [row] = await sql`
      select p.name as pet, c.name as clinic, c.address, s.name, s.price, s.duration_minutes,
        s.is_available
      from pets p, clinics c, services s
      where p.id = ${pet_id} and c.id = ${clinic.id} and s.id = ${service_id}`;
    expect(row).toEqual({
      pet: 'Mochi',
      clinic: 'Happy Paws Menteng',
      address: 'Jl. Cikini 1',
      name: 'Check-up',
      price: '275000.000',
      duration_minutes: 45,
      is_available: false,
    });
    expect(await pending()).toBe(0);
  });

  test('end alike in whatever order, however often, and from two readers at once', async () => {
    const user_id = randomUUID();
    const events = Array.from({ length: 20 }, (_, at) =>
      userEvent(user_id, {
        full_name: `Name ${at}`,
        updated_at: `2026-11-20T08:00:${String(Math.floor(at / 2)).padStart(2, '0')}Z`,
        event_id: `${user_id}-${String(at).padStart(2, '0')}`,
      }),
    );
    const shuffled = [...events, ...events, ...events]
      .map((event) => ({ event, place: Math.random() }))
      .toSorted((a, b) => a.place - b.place);
    for (const { event } of shuffled) await write(event);
    const other = open();
    await Promise.all([read(), read(other)]);
    await Promise.all([consumer, other].map((one) => one.worker.tick(app, never)));
    expect(await userOf(user_id)).toMatchObject({ full_name: 'Name 19' });
    const rows = await sql`
      select status, count(*) from consumed_events where thing_id = ${user_id} group by status`;
    expect(rows.reduce((sum, row) => sum + Number(row['count']), 0)).toBe(20);
    expect(await pending()).toBe(0);
  });

  test('a version of the source decides before its clock, and nothing comes from the future', async () => {
    const user_id = randomUUID();
    await write(userEvent(user_id, { version: 7, full_name: 'New' }));
    const late = { version: 6, full_name: 'Old', updated_at: '2026-11-20T09:00:00Z' };
    const old = userEvent(user_id, late);
    await write(old);
    const future = userEvent(user_id, { version: 8, updated_at: '2999-01-01T00:00:00Z' });
    await write(future);
    await read();
    expect(await userOf(user_id)).toMatchObject({ full_name: 'New' });
    expect(await statusOf(old.event_id)).toMatchObject({ status: 'outdated', raw: null });
    expect(await statusOf(future.event_id)).toMatchObject({ status: 'parked' });
  });

  test('an erased owner stays erased, and strange places stay out', async () => {
    const { user_id } = await addOwner(sql);
    await sql`update users set is_erased = true, full_name = 'erased', email = null
      where id = ${user_id}`;
    const event = userEvent(user_id);
    await write(event);
    const foreign = {
      event_id: randomUUID(),
      event_type: 'clinic.updated',
      clinic_id: randomUUID(),
      name: 'x',
      address: null,
      phone_number: null,
      updated_at: '2026-11-20T08:00:00Z',
    };
    await write(foreign);
    await read();
    expect(await userOf(user_id)).toMatchObject({ full_name: 'erased', email: null });
    expect(await statusOf(event.event_id)).toMatchObject({ status: 'ignored' });
    expect(await statusOf(foreign.event_id)).toMatchObject({ status: 'ignored' });
  });
});

describe('what cannot be taken', () => {
  const poison = [
    ['no JSON', '{', 'no valid JSON'],
    ['a list', '[]', 'no object'],
    ['no type', '{}', 'event_type'],
    ['a wrong id', JSON.stringify(userEvent('7')), 'user_id'],
    ['no name', JSON.stringify(userEvent(randomUUID(), { full_name: '' })), 'full_name'],
    ['no time', JSON.stringify(userEvent(randomUUID(), { updated_at: 'now' })), 'no time'],
    ['NUL', JSON.stringify(userEvent(randomUUID(), { full_name: 'a\0b' })), 'cannot be stored'],
    ['too much', JSON.stringify(userEvent(randomUUID(), { pad: 'x'.repeat(70_000) })), '65536'],
  ] as const;

  test.each(poison)('%s is parked with its reason, and keeps nobody', async (_, text, reason) => {
    const after = userEvent(randomUUID());
    const stream_id = await write(text);
    await write(after);
    await read();
    const [row] = await sql`
      select status, reason from consumed_events where stream_id = ${stream_id}`;
    expect(row).toMatchObject({ status: 'parked', reason: expect.stringContaining(reason) });
    expect(await statusOf(after.event_id)).toMatchObject({ status: 'applied' });
    expect(await pending()).toBe(0);
  });

  test('a price that its currency does not have is refused whole', async () => {
    const clinic = await addClinic(sql, { currency: 'JPY' });
    const service_id = await addService(sql, clinic, { price: '3500' });
    const event = {
      event_id: randomUUID(),
      event_type: 'service.updated',
      service_id,
      clinic_id: clinic.id,
      name: 'Half a yen',
      price: '0.5',
      duration_minutes: 30,
      is_available: true,
      updated_at: '2026-11-20T08:00:00Z',
    };
    await write(event);
    await read();
    expect(await statusOf(event.event_id)).toMatchObject({
      status: 'parked',
      reason: expect.stringContaining('decimals'),
    });
    const good = { ...event, event_id: randomUUID(), price: '4000' };
    await write(good);
    await read();
    // The refused one has claimed nothing: the same moment is still to be had.
    expect(await statusOf(good.event_id)).toMatchObject({ status: 'applied' });
  });

  test('a pet before its owner waits, is parked after five tries, and taken by hand', async () => {
    const eager = open(0);
    const user_id = randomUUID();
    const pet_id = randomUUID();
    const event_id = randomUUID();
    const updated_at = '2026-11-20T08:00:00Z';
    const pet = { pet_id, user_id, name: 'Kuro', species: 'dog', breed: 'Shiba', updated_at };
    await write({ event_id, event_type: 'pet.updated', ...pet });
    await read(eager);
    expect(await statusOf(event_id)).toMatchObject({ status: 'waiting' });
    await eventually('it is parked', async () => {
      await eager.worker.tick(app, never);
      return (await statusOf(event_id))?.['status'] === 'parked';
    });
    expect(await statusOf(event_id)).toMatchObject({ attempts: 5 });
    expect(await pending()).toBe(0);
    const sre = staff('sre');
    const listed = await listParkedEvents(app, sre, { limit: 200 });
    const parked = listed.items.find((one) => one.event_id === event_id);
    expect(parked).toMatchObject({ reason: expect.stringContaining('owner'), event: null });
    const parked_id = parked?.parked_id ?? '';
    expect(await retryParkedEvent(app, sre, { parked_id })).toMatchObject({ status: 'parked' });
    await write(userEvent(user_id));
    await read();
    expect(await retryParkedEvent(app, sre, { parked_id })).toMatchObject({ status: 'applied' });
    expect(await sql`select name from pets where id = ${pet_id}`).toEqual([{ name: 'Kuro' }]);
    const again = retryParkedEvent(app, sre, { parked_id });
    await expect(again).rejects.toMatchObject({ code: 'conflict' });
  });

  test('somebody may say that nobody needs it, and that is written down', async () => {
    await write('{');
    await read();
    const admin = staff('admin');
    const { items } = await listParkedEvents(app, admin, { limit: 200 });
    const { parked_id = '', event } = items.at(-1) ?? {};
    expect(event).toBe('{');
    const reason = 'sent by a test';
    const done = await discardParkedEvent(app, admin, { parked_id, reason });
    expect(done).toMatchObject({ status: 'discarded', event: null });
    const [audit] = await sql`
      select action, reason from audit_log where target_id = ${parked_id}`;
    expect(audit).toEqual({ action: 'consumed_event.discard', reason });
    const one_clinic = { ...admin, clinic_id: randomUUID() };
    const refused = listParkedEvents(app, one_clinic, { limit: 5 });
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('money', () => {
  test('news of a payment only make us ask the provider', async () => {
    const started = await startBooking(app, await makeWorld(sql));
    const { reservation_id } = started;
    const [payment] = await sql<{ id: string }[]>`
      select id from payments where reservation_id = ${reservation_id}`;
    const say = (new_status: string) =>
      write({
        event_id: randomUUID(),
        event_type: 'payment.status_changed',
        payment_id: payment?.id,
        external_reference: 'pi_x',
        previous_status: 'pending',
        new_status,
        changed_at: new Date().toISOString(),
      });
    const stateOf = async () =>
      (
        await sql`
        select r.status, p.status as paid from reservations r
        join payments p on p.reservation_id = r.id where r.id = ${reservation_id}`
      )[0];
    const before = await stateOf();
    await say('success');
    await read();
    // A lie: nobody has paid.
    expect(await stateOf()).toEqual(before);
    // The webhook is lost, and the person does pay.
    await control('pay', { ref: started.reference_code, outcome: 'lost_webhook' });
    expect(await stateOf()).toEqual(before);
    await say('failed');
    await read();
    expect(await stateOf()).toEqual({ status: 'confirmed', paid: 'success' });
    await drain('relay');
  });
});

describe('readers and Redis come and go', () => {
  test('what a dead reader had in hand is taken by another', async () => {
    await read();
    const events = Array.from({ length: 5 }, () => userEvent(randomUUID()));
    for (const event of events) await write(event);
    const taken = await raw.xreadgroup(
      'GROUP',
      INPUT_GROUP,
      'dead',
      'COUNT',
      100,
      'STREAMS',
      INPUT_KEY,
      '>',
    );
    expect(taken).not.toBeNull();
    await consumer.worker.tick(app, never);
    expect(await pending()).toBe(5);
    const heir = open(0);
    await eventually('nothing is left', async () => {
      await heir.worker.tick(app, never);
      return (await pending()) === 0;
    });
    for (const { event_id } of events) {
      expect(await statusOf(event_id)).toMatchObject({ status: 'applied', attempts: 1 });
    }
  });

  test('a flush takes the group away; the next event brings it back', async () => {
    await raw.flushall();
    const event = userEvent(randomUUID());
    await write(event);
    await eventually('it is taken', async () => {
      await consumer.worker.tick(app, never);
      return (await statusOf(event.event_id))?.['status'] === 'applied';
    });
  });
});
