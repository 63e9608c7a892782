import { expect, test } from 'vitest';
import { addOwner, addSlot } from '../helpers/database.ts';
import { call, codeOf, member, send, startHarness } from './harness.ts';
import { buildWorld } from './world.ts';

const harness = await startHarness();
const world = await buildWorld(harness);

const outage = (mode: 'outage' | 'none') =>
  send(harness.stripe_url, '/sandbox/faults', { method: 'POST', body: { mode } });

test('503 while the payment provider is away, then 201 under the same Idempotency-Key', async () => {
  const owner = await addOwner(harness.sql);
  const slot_id = await addSlot(harness.sql, world.clinic, world.service_id, { in_hours: 60 });
  const token = await harness.mintCustomerToken(owner.user_id);
  const body = { service_id: world.service_id, slot_id, pet_id: owner.pet_id };
  const headers = { 'idempotency-key': 'one-wish' };
  const book = () => call(world.base, 'create_booking', { body }, { token, headers });

  await outage('outage');
  const away = await book();
  expect([away.status, codeOf(away)]).toEqual([503, 'unavailable']);
  expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await book()).status).toBe(503);
  await outage('none');

  const retries = await Promise.all(Array.from({ length: 8 }, book));
  expect(retries.map(({ status }) => status)).toEqual(Array(8).fill(201));
  const ids = new Set(retries.map(({ json }) => member(json, 'reservation_id')));
  expect(ids.size).toBe(1);
  const live = await harness.sql`
    select from reservations where slot_id = ${slot_id} and status = 'pending'`;
  expect(live).toHaveLength(1);
});
