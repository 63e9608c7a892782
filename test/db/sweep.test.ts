import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { recordPaymentSession } from '../../src/daemon/store/payments.ts';
import { expireDue } from '../../src/daemon/store/reservations.ts';
import { addScene, customer, eventsOf, hold, mustHold } from '../helpers/booking.ts';
import { createTestDatabase, lapse } from '../helpers/database.ts';

const { sql } = await createTestDatabase();

async function overdue(): Promise<{ readonly id: string; readonly slot_id: string }> {
  const { slot_id, owner } = await addScene(sql);
  const id = await mustHold(sql, slot_id, owner);
  await lapse(sql, id);
  return { id, slot_id };
}

async function statusOf(id: string): Promise<unknown> {
  const [row] = await sql`select status from reservations where id = ${id}`;
  return row?.['status'];
}

test('ends as many overdue holds as asked for, oldest first, each with its event', async () => {
  const old = await overdue();
  const young = await overdue();
  await sql`
    update reservations set expires_at = expires_at - interval '1 hour' where id = ${old.id}`;
  const [first] = await expireDue(sql, 1);
  expect(first).toMatchObject({ reservation_id: old.id, slot_id: old.slot_id, seats: [1] });
  expect(await statusOf(young.id)).toBe('pending');
  expect((await expireDue(sql, 10)).map((ended) => ended.reservation_id)).toEqual([young.id]);
  expect(await expireDue(sql, 10)).toEqual([]);
  expect(await eventsOf(sql, old.id)).toEqual(['reservation.created', 'reservation.expired']);
  await assertInvariants(sql);
});

test('leaves what has time left, and what could still be paid', async () => {
  const { slot_id, owner } = await addScene(sql);
  const fresh = await mustHold(sql, slot_id, owner);
  const scene = await addScene(sql);
  const payable = await mustHold(sql, scene.slot_id, scene.owner);
  const session = {
    payment_id: randomUUID(),
    reservation_id: payable,
    session_id: `cs_${payable}`,
    payment_url: 'http://127.0.0.1/pay',
    expires_at: Temporal.Now.instant().add({ minutes: 31 }).toString(),
  };
  await recordPaymentSession(sql, session, customer(scene.owner.user_id));
  await lapse(sql, payable);
  expect(await expireDue(sql, 10)).toEqual([]);
  expect([await statusOf(fresh), await statusOf(payable)]).toEqual(['pending', 'pending']);
});

test('never waits for a hold that somebody has in hand, and nobody waits for it', async () => {
  const held = await overdue();
  await sql.begin(async (tx) => {
    await tx`select from reservations where id = ${held.id} for update`;
    expect(await expireDue(sql, 10)).toEqual([]);
  });
  const rival = (await addScene(sql)).owner;
  await sql.begin(async (tx) => {
    expect((await expireDue(tx, 10)).map((ended) => ended.reservation_id)).toEqual([held.id]);
    // The sweep is not committed: whoever wants the slot is told to come again, at once.
    expect((await hold(sql, held.slot_id, rival)).outcome).toBe('slot_locked');
  });
  expect((await hold(sql, held.slot_id, rival)).outcome).toBe('ok');
  await assertInvariants(sql);
});

test('the hot functions use indexes whatever a connection planned first', async () => {
  const rows = await sql<{ proname: string }[]>`
    select proname from pg_proc
    where pronamespace = current_schema()::regnamespace
      and 'enable_seqscan=off' = any (proconfig)`;
  const names = rows.map(({ proname }) => proname);
  expect(names).toEqual(expect.arrayContaining(['hold_slot', 'expire_due', 'take_payment_event']));
});
