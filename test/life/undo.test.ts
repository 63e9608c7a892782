import { afterAll, expect, test } from 'vitest';
import { cancelBooking, setBookingStatus } from '../../src/daemon/store/bookings.ts';
import { claimDeliveries } from '../../src/daemon/store/deliveries.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { claimRefunds, finishRefund } from '../../src/daemon/store/payments.ts';
import { endGrace, graceOf, listUndoable, undoBooking } from '../../src/daemon/store/undo.ts';
import { addScene, customer, desk, eventsOf, hold, mustBook } from '../helpers/booking.ts';
import { addOwner, createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase({ max: 6 });

afterAll(async () => {
  await assertInvariants(sql);
});

/** All mails that are due. */
const mails = { channel: 'email', limit: 100, lease_ms: 1_000, rate_per_minute: 0 } as const;

/** A booking of a clinic that gives thirty seconds. */
async function booked(in_hours = 72) {
  const scene = await addScene(sql, in_hours);
  await sql`update clinics set undo_ms = 30000 where id = ${scene.clinic.id}`;
  return { ...scene, booking_id: await mustBook(sql, scene.slot_id, scene.owner) };
}

const cancel = async (booking_id: string, actor = desk) =>
  await cancelBooking(
    sql,
    { booking_id, reason: 'oops', by: 'owner', expected_version: null, quote: false },
    actor,
  );

const undo = async (booking_id: string, expected_version: number | null = null, actor = desk) =>
  await undoBooking(sql, { booking_id, expected_version }, actor);

/** Numbers and publishes all events. */
async function relay(): Promise<void> {
  await sql`select sequence_events(1000)`;
  await sql`select event_id from fan_out_events(1000)`;
}

const rowOf = async (booking_id: string) => {
  const [row] = await sql<Record<string, unknown>[]>`
    select b.status, b.cancelled_by, b.refund_percent, b.arrived_at, b.version, sl.booked_count,
      p.refund_status,
      (select count(*)::integer from slot_claims c where c.slot_id = sl.id) as claims,
      (select count(*)::integer from refunds f where f.booking_id = b.id) as refunds,
      (select count(*)::integer from deliveries d
        where d.booking_id = b.id and d.type = 'booking_cancelled') as mails,
      (select count(*)::integer from booking_reminders m
        where m.booking_id = b.id and m.status = 'pending') as reminders
    from bookings b
    join slots sl on sl.id = b.slot_id
    left join payments p on p.id = b.payment_id
    where b.id = ${booking_id}`;
  return row;
};

test.each(['before', 'after'])('a cancel is undone %s the relay has told of it', async (when) => {
  const { booking_id } = await booked();
  const before = await rowOf(booking_id);
  const { version, refund_amount } = await cancel(booking_id);
  expect(refund_amount).toBe('250000.00');
  const until = await graceOf(sql, booking_id, version!);
  expect(Temporal.Now.instant().until(until!).total('seconds')).toBeGreaterThan(20);
  if (when === 'after') await relay();
  // Nothing leaves: neither the worker of refunds nor the dispatcher gets to see it.
  expect((await claimRefunds(sql, 100, 1_000)).map((one) => one.booking_id)).not.toContain(
    booking_id,
  );
  expect((await claimDeliveries(sql, mails)).map((one) => one.type)).not.toContain(
    'booking_cancelled',
  );
  expect(await rowOf(booking_id)).toMatchObject({ refunds: 1, mails: when === 'after' ? 1 : 0 });

  expect((await undo(booking_id, 1)).outcome).toBe('conflict');
  expect(await undo(booking_id, 2)).toMatchObject({
    outcome: 'ok',
    undone: 'cancelled',
    version: 3,
  });
  await relay();
  expect(await rowOf(booking_id)).toEqual({ ...before, version: 3 });
  expect((await eventsOf(sql, booking_id)).slice(-2)).toEqual([
    'booking.cancelled',
    'booking.status_changed',
  ]);
  await assertInvariants(sql);
  // Once is enough, and the booking lives on as any other.
  expect((await undo(booking_id)).problem).toBe('nothing_to_undo');
  expect((await cancel(booking_id)).outcome).toBe('ok');
  expect((await undo(booking_id)).outcome).toBe('ok');
});

test('what has left the house stays done', async () => {
  const told = await booked();
  await cancel(told.booking_id);
  await relay();
  await endGrace(sql, told.booking_id);
  const claimed = await claimDeliveries(sql, mails);
  expect(claimed.map((one) => one.type)).toContain('booking_cancelled');
  expect((await undo(told.booking_id)).problem).toBe('already_told');

  const paid_back = await booked();
  await cancel(paid_back.booking_id);
  await endGrace(sql, paid_back.booking_id);
  expect((await claimRefunds(sql, 100, 1_000)).map((one) => one.booking_id)).toContain(
    paid_back.booking_id,
  );
  expect((await undo(paid_back.booking_id)).problem).toBe('refund_under_way');
});

test('a place that somebody took since is not taken back', async () => {
  const { booking_id, slot_id } = await booked();
  await cancel(booking_id);
  const rival = await addOwner(sql);
  expect((await hold(sql, slot_id, rival)).outcome).toBe('ok');
  expect((await undo(booking_id)).problem).toBe('slot_gone');
  expect(await rowOf(booking_id)).toMatchObject({ status: 'cancelled', refunds: 1 });
});

test('owners undo their own cancel, not that of the clinic', async () => {
  const { booking_id, owner } = await booked();
  const me = customer(owner.user_id);
  await cancel(booking_id);
  expect((await undo(booking_id, null, me)).problem).toBe('undo_not_yours');
  const stranger = customer((await addOwner(sql)).user_id);
  expect((await undo(booking_id, null, stranger)).outcome).toBe('not_found');
  await undo(booking_id);
  await cancel(booking_id, me);
  expect((await undo(booking_id, null, me)).outcome).toBe('ok');
});

test('check-in and no-show are undone; a started visit is not', async () => {
  const { booking_id, slot_id } = await booked();
  const status = async (word: 'arrived' | 'no-show' | 'in-progress') =>
    await setBookingStatus(sql, { booking_id, status: word, expected_version: null }, desk);
  await status('arrived');
  expect((await listUndoable(sql, desk.id!, 20)).map((one) => one.booking_id)).toContain(
    booking_id,
  );
  expect(await undo(booking_id)).toMatchObject({ outcome: 'ok', undone: 'arrived' });
  expect(await rowOf(booking_id)).toMatchObject({ arrived_at: null, status: 'confirmed' });
  // As if the visit had begun an hour ago.
  await sql`
    update slots set starts_at = now() - interval '1 hour', ends_at = now() where id = ${slot_id}`;
  await sql`
    with m as (
      update booking_reminders set booking_time = now() - interval '1 hour'
      where booking_id = ${booking_id}
    )
    update bookings set booking_time = now() - interval '1 hour' where id = ${booking_id}`;
  expect((await status('no-show')).outcome).toBe('ok');
  expect(await undo(booking_id)).toMatchObject({ outcome: 'ok', undone: 'no-show' });
  expect(await rowOf(booking_id)).toMatchObject({
    status: 'confirmed',
    booked_count: 1,
    claims: 1,
  });
  await status('in-progress');
  expect((await undo(booking_id)).problem).toBe('nothing_to_undo');
});

test('the journal names what can be undone, newest first, and forgets what is done', async () => {
  const me = { ...desk, id: crypto.randomUUID() };
  const first = await booked();
  const second = await booked();
  await cancel(first.booking_id, me);
  await cancel(second.booking_id, me);
  const journal = await listUndoable(sql, me.id, 20);
  expect(journal.map((one) => [one.booking_id, one.action])).toEqual([
    [second.booking_id, 'cancelled'],
    [first.booking_id, 'cancelled'],
  ]);
  expect(journal[0]?.leaves_at).not.toBeNull();
  await undo(second.booking_id, null, me);
  expect((await listUndoable(sql, me.id, 20)).map((one) => one.booking_id)).toEqual([
    first.booking_id,
  ]);
});

test('undo against hold, refund worker and relay: one truth', async () => {
  for (let round = 0; round < 8; round += 1) {
    const { booking_id, slot_id } = await booked();
    await cancel(booking_id);
    if (round % 2 === 0) await endGrace(sql, booking_id);
    const rival = await addOwner(sql);
    const [undone, held, refunds] = await Promise.all([
      undo(booking_id),
      hold(sql, slot_id, rival),
      claimRefunds(sql, 100, 60_000),
      relay(),
      undo(booking_id),
    ]);
    const row = await rowOf(booking_id);
    const sent = refunds.filter((one) => one.booking_id === booking_id);
    if (row?.['status'] === 'confirmed') {
      expect(held.outcome).not.toBe('ok');
      expect(sent).toEqual([]);
    } else {
      expect(undone.problem).not.toBeNull();
    }
    for (const { refund_id } of refunds) {
      await finishRefund(sql, { refund_id, result: 'failed', error: 'cash' });
    }
    await assertInvariants(sql);
  }
});
