import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom, timeout } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTcp } from '../../src/daemon/tcp/server.ts';
import { addSlot } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, freshHold, freshSlot, stateOf, type World } from '../http/world.ts';

/** The client that PetPro's other services use, from npm, as it is. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
let world: World;
let client: ClientProxy;
let port = 0;

const clients: ClientProxy[] = [];
function connect(): ClientProxy {
  const made = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
  clients.push(made);
  return made;
}
afterAll(() => {
  for (const one of clients) one.close();
});

beforeAll(async () => {
  world = await buildWorld(harness);
  const server = await startTcp(harness.daemon.app, { port: 0, host: '127.0.0.1' });
  ({ port } = server);
  client = connect();
  afterAll(() => server.stop());
});

type Data = Readonly<Record<string, unknown>>;

const ask = async (pattern: string | { cmd: string }, data: unknown, by = client): Promise<Data> =>
  Object(await firstValueFrom(by.send(pattern, data).pipe(timeout(15_000))));

/** What the caller's `catch` gets. */
async function refusal(pattern: string, data: unknown, by = client): Promise<Data> {
  try {
    await ask(pattern, data, by);
  } catch (error) {
    return Object(error);
  }
  throw new Error(`${pattern} succeeded`);
}

const wish = async () => ({
  service_id: world.service_id,
  slot_id: await freshSlot(world),
  ...world.owner,
});

describe('a NestJS client', () => {
  test('checks, reserves, confirms, finds and updates, for real', async () => {
    const { desk: token } = world.tokens;
    const own = await wish();
    const day = { service_id: own.service_id, slot_id: own.slot_id };
    const open = await ask('booking.availability.check', { token, ...day });
    expect(open).toMatchObject({ available: true, open_slots: 1, first: { slot_id: own.slot_id } });
    const held = await ask('booking.reservation.create', { token, ...own });
    expect(held).toMatchObject({ replayed: false, seats: [1] });
    const gone = await ask('booking.availability.check', { token, ...day });
    expect(gone).toEqual({ available: false, open_slots: 0, first: null });
    const { reservation_id } = held;
    const confirmed = await ask('booking.reservation.confirm', {
      token,
      reservation_id,
      payment_method: 'cash',
    });
    expect(confirmed['reference_code']).toMatch(/^BP\d{8}$/);
    const { booking_id } = confirmed;
    const [row] = await harness.sql`
      select b.status, p.status as paid from bookings b
      join payments p on p.booking_id = b.id where b.id = ${String(booking_id)}`;
    expect(row).toMatchObject({ status: 'confirmed', paid: 'success' });
    expect(await ask('booking.booking.find', { token, booking_id })).toMatchObject({ booking_id });
    const { user_id } = world.owner;
    const found = await ask('booking.booking.find', { token, user_id, limit: 5 });
    expect(found['items']).toContainEqual(expect.objectContaining({ booking_id }));
    const moved = await ask('booking.booking.update', { token, booking_id, status: 'arrived' });
    expect(moved['arrived_at']).toEqual(expect.any(String));
    const cancelled = await ask('booking.booking.cancel', { token, booking_id, by: 'clinic' });
    expect(cancelled).toMatchObject({ status: 'cancelled', refund_percent: 100 });
  });

  test('may write its patterns as objects, and log in once for a connection', async () => {
    const own = connect();
    const slots = { service_id: world.service_id };
    expect((await refusal('booking.slots.find', slots, own))['code']).toBe('unauthorized');
    const who = await ask('auth.login', { token: world.tokens.viewer }, own);
    expect(who).toMatchObject({ role: 'viewer' });
    await addSlot(harness.sql, world.clinic, world.service_id, { in_hours: 30 });
    const found = await ask({ cmd: 'booking.slots.find' }, slots, own);
    expect(found['items']).not.toEqual([]);
    // Nobody else's connection.
    expect((await refusal('booking.slots.find', slots))['code']).toBe('unauthorized');
    const foreign = { ...slots, token: world.other_desk };
    expect((await refusal('booking.slots.find', foreign, own))['code']).toBe('not_found');
  });

  test('gets the refusals of the API, with code, status and sentence', async () => {
    const { desk: token } = world.tokens;
    const own = await wish();
    await ask('booking.reservation.create', { token, ...own });
    const rival = { token, ...own, ...world.other_owner };
    const lost = await refusal('booking.reservation.create', rival);
    expect(lost).toMatchObject({ code: 'slot_locked', status: 409, message: expect.any(String) });
    const misspelt = { token, ...own, slotId: own.slot_id };
    const refused = await refusal('booking.reservation.create', misspelt);
    expect(refused).toMatchObject({ code: 'invalid_input', status: 400 });
    expect(refused['detail']).toContain('body.slotId');
  });

  test('has one effect for one idempotency key, whichever door it came through', async () => {
    const { desk: token } = world.tokens;
    const reservation_id = await freshHold(world);
    const idempotency_key = randomUUID();
    const sent = { token, reservation_id, payment_method: 'cash', idempotency_key };
    const [one, two] = [
      await ask('booking.reservation.confirm', sent),
      await ask('booking.reservation.confirm', sent),
    ];
    expect(two).toEqual(one);
    const address = `${world.base}/v1/reservations/${reservation_id}/confirm`;
    const over_http = await fetch(address, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': idempotency_key,
      },
      body: JSON.stringify({ payment_method: 'cash' }),
    });
    expect(over_http.headers.get('idempotency-replayed')).toBe('true');
    expect(await over_http.json()).toEqual(one);
  });

  test('a thousand messages at once on one connection are all answered, each its own', async () => {
    const { desk: token } = world.tokens;
    const own = await wish();
    const rivals = Array.from({ length: 40 }, () => ({ token, ...own }));
    const reads = Array.from({ length: 960 }, () => ({
      token,
      service_id: own.service_id,
      limit: 1,
    }));
    const [holds, pages] = await Promise.all([
      Promise.allSettled(rivals.map((one) => ask('booking.reservation.create', one))),
      Promise.all(reads.map((one) => ask('booking.slots.find', one))),
    ]);
    expect(holds.every((one) => one.status === 'fulfilled')).toBe(true);
    const ids = holds.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(new Set(ids.map(({ reservation_id }) => reservation_id)).size).toBe(1);
    expect(pages.every((one) => Array.isArray(one['items']))).toBe(true);
  }, 60_000);
});

describe('nobody may more than through the API', () => {
  const changes = [
    'booking.reservation.create',
    'booking.reservation.confirm',
    'booking.booking.update',
    'booking.booking.create',
    'booking.booking.cancel',
    'booking.booking.reschedule',
    'booking.reservation.extend',
    'booking.reservation.cancel',
  ];

  test.each(changes)('%s refuses a viewer, an sre and those without a token', async (pattern) => {
    const reservation_id = await freshHold(world);
    const data = { reservation_id, booking_id: reservation_id, payment_method: 'cash' };
    const before = await stateOf(harness);
    for (const token of [world.tokens.viewer, world.tokens.sre]) {
      expect((await refusal(pattern, { ...data, token }))['code']).toBe('forbidden');
    }
    for (const token of [undefined, '', 'x', 7, 'y'.repeat(9_000)]) {
      expect((await refusal(pattern, { ...data, token }))['code']).toBe('unauthorized');
    }
    expect(await stateOf(harness)).toBe(before);
  });

  test('a customer confirms nothing, and sees nothing of others', async () => {
    const reservation_id = await freshHold(world);
    const own = { token: world.tokens.customer, reservation_id, payment_method: 'cash' };
    expect((await refusal('booking.reservation.confirm', own))['code']).toBe('forbidden');
    const token = world.other_customer;
    const foreign = { token, reservation_id };
    expect((await refusal('booking.reservation.find', foreign))['code']).toBe('not_found');
    expect((await refusal('booking.reservation.cancel', foreign))['code']).toBe('not_found');
  });

  test('unknown patterns are refused with the list, and no prototype helps', async () => {
    const { admin: token } = world.tokens;
    for (const pattern of ['booking.drop', '__proto__', 'constructor', '', '{', 'auth.LOGIN']) {
      const refused = await refusal(pattern, { token });
      expect(refused['code']).toBe('not_found');
      expect(refused['patterns']).toContain('booking.reservation.create');
    }
    expect((await refusal('booking.slots.find', 'text'))['code']).toBe('invalid_input');
    expect((await refusal('booking.slots.find', [token]))['code']).toBe('invalid_input');
    const bad_key = { token, idempotency_key: '' };
    expect((await refusal('booking.slots.find', bad_key))['code']).toBe('invalid_input');
  });
});
