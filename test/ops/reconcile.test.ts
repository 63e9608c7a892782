import { beforeEach, describe, expect, test } from 'vitest';
import { reconcile } from '../../src/daemon/actions/reconcile.ts';
import { system_actor } from '../../src/daemon/store/actor.ts';
import { cancelReservation, confirmReservation } from '../../src/daemon/store/reservations.ts';
import { createReconciler } from '../../src/daemon/workers/reconcile.ts';
import { expectProblem, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { lapse } from '../helpers/database.ts';
import { age, auditOf, board, heldSlot, leakedLock, openOpsBench, sre } from './bench.ts';

const bench = await openOpsBench();
const { app, sql, raw } = bench;
const never = new AbortController().signal;

const run = (more: Partial<Parameters<typeof reconcile>[2]> = {}) =>
  reconcile(app, sre, { dry_run: false, fix: false, ...more });
type Report = Awaited<ReturnType<typeof run>>;

const kindsOf = (report: Report) => report.findings.map(({ kind }) => kind).toSorted();

/** Freezes what there is to repair and carries it out. */
async function mend(): Promise<{ readonly plan: Report; readonly done: Report }> {
  const plan = await run({ dry_run: true });
  const done = await run({ fix: true, plan_id: plan.plan_id ?? '', reason: 'INC-300' });
  return { plan, done };
}

/** A confirmed booking, paid in cash. */
async function booked() {
  const held = await heldSlot(bench);
  const desk = { ...system_actor, kind: 'operator', id: sre.id } as const;
  const { reservation_id } = held;
  const done = await confirmReservation(sql, { reservation_id, payment_method: 'cash' }, desk);
  if (done.outcome !== 'ok') throw new Error(`confirm said ${done.outcome}`);
  await raw.del(held.key);
  return { ...held, booking_id: done.booking_id };
}

/** Money of a hold that is over, with neither booking nor refund. */
async function strandedPayment(): Promise<string> {
  const held = await heldSlot(bench);
  const [row] = await sql<{ id: string }[]>`
    insert into payments (
      reservation_id, clinic_id, user_id, amount, currency, payment_method, status, paid_at
    )
    select id, clinic_id, user_id, amount_due, currency, 'checkout', 'success',
      now() - interval '8 days'
    from reservations where id = ${held.reservation_id}
    returning id`;
  await cancelReservation(sql, held.reservation_id, null, system_actor);
  await raw.del(held.key);
  return row?.id ?? '';
}

beforeEach(async () => {
  // Each test starts from a world in which everything fits together.
  await raw.del(...(await raw.keys('hold:*')), 'none');
  await sql`delete from slot_claims c using reservations r
    where r.id = c.reservation_id and r.status = 'pending'`;
  await sql`delete from reservations where status = 'pending'
    and id not in (select reservation_id from payments)`;
});

test('says that all is well when it is', async () => {
  await heldSlot(bench);
  await booked();
  expect(await run()).toMatchObject({
    is_ok: true,
    mismatches: 0,
    findings: [],
    plan_id: null,
    repairs: [],
    doorman: 'up',
    is_complete: true,
  });
  expect(await run({ dry_run: true })).toMatchObject({ plan_id: null, planned: 0 });
});

describe('each repair', () => {
  test('release_lock: a leaked lock goes', async () => {
    const { key } = await leakedLock(bench);
    const { plan, done } = await mend();
    expect(kindsOf(plan)).toEqual(['lock.leaked']);
    expect(plan.repairs).toEqual([
      { repair: 'release_lock', target: key, outcome: 'planned', why: null },
    ]);
    expect(done).toMatchObject({ is_ok: true, planned: 1, repaired: 1, findings: [] });
    expect(await raw.exists(key)).toBe(0);
    expect((await auditOf(sql, key))[0]).toMatchObject({ reason: 'INC-300', actor_id: sre.id });
  });

  test('recreate_lock: a ghost gets its lock back, with the life that its hold has', async () => {
    const held = await heldSlot(bench);
    const value = await raw.get(held.key);
    await raw.del(held.key);
    const { plan, done } = await mend();
    expect(kindsOf(plan)).toEqual(['lock.ghost']);
    expect(done).toMatchObject({ is_ok: true, repaired: 1 });
    expect(await raw.get(held.key)).toBe(value);
    const ttl_ms = await raw.pttl(held.key);
    expect(ttl_ms).toBeGreaterThan(500_000);
    expect(ttl_ms).toBeLessThanOrEqual(605_000);
    expect((await auditOf(sql, held.reservation_id)).map(({ action }) => action)).toEqual([
      'lock.recreated',
    ]);
  });

  test('recreate_lock: a lock without end gets the end of its hold', async () => {
    const held = await heldSlot(bench);
    await raw.persist(held.key);
    const { plan, done } = await mend();
    expect(plan.findings[0]).toMatchObject({ kind: 'lock.leaked', repair: 'recreate_lock' });
    expect(done).toMatchObject({ is_ok: true, repaired: 1 });
    expect(await raw.pttl(held.key)).toBeGreaterThan(500_000);
  });

  test('recount_slot: the count becomes what the rows say', async () => {
    const { slot_id } = await booked();
    await sql`update slots set booked_count = 0, status = 'available' where id = ${slot_id}`;
    const { plan, done } = await mend();
    expect(kindsOf(plan)).toEqual(['invariant.counters']);
    expect(done).toMatchObject({ is_ok: true, repaired: 1 });
    const [slot] = await sql`select booked_count, status from slots where id = ${slot_id}`;
    expect(slot).toEqual({ booked_count: 1, status: 'booked' });
    const [audit] = await auditOf(sql, slot_id);
    expect(audit).toMatchObject({ action: 'slot.recounted', before: { booked_count: 0 } });
  });

  test('expire_hold: an overdue hold that nobody swept ends', async () => {
    const held = await heldSlot(bench);
    await lapse(sql, held.reservation_id);
    await sql`update reservations set expires_at = now() - interval '5 minutes' where id = ${held.reservation_id}`;
    await sql`update slot_claims set expires_at = now() - interval '5 minutes' where slot_id = ${held.slot_id}`;
    await raw.del(held.key);
    const { plan, done } = await mend();
    expect(kindsOf(plan)).toEqual(['invariant.holds']);
    expect(done).toMatchObject({ is_ok: true, repaired: 1 });
    const [row] = await sql`select status from reservations where id = ${held.reservation_id}`;
    expect(row).toEqual({ status: 'expired' });
    expect((await auditOf(sql, held.reservation_id)).map(({ action }) => action)).toEqual([
      'reservation.ended_overdue',
    ]);
  });

  test('request_refund: stranded money is on its way back, once', async () => {
    const payment_id = await strandedPayment();
    const { plan, done } = await mend();
    expect(kindsOf(plan)).toEqual(['invariant.no_stranded_money']);
    expect(done).toMatchObject({ is_ok: true, repaired: 1 });
    const refunds = await sql`
      select amount, currency, reason, status from refunds where payment_id = ${payment_id}`;
    expect(refunds).toMatchObject([
      { amount: '250000.000', currency: 'IDR', reason: 'INC-300', status: 'pending' },
    ]);
    const [payment] = await sql`
      select status, refund_status from payments where id = ${payment_id}`;
    expect(payment).toEqual({ status: 'refunded', refund_status: 'pending' });
    expect((await auditOf(sql, payment_id)).map(({ action }) => action)).toEqual([
      'payment.refund_requested',
    ]);
  });

  test('all together, and a second run of the same finds nothing to do', async () => {
    await leakedLock(bench);
    const ghost = await heldSlot(bench);
    await raw.del(ghost.key);
    const { slot_id } = await booked();
    await sql`update slots set booked_count = 0 where id = ${slot_id}`;
    await strandedPayment();
    const { plan, done } = await mend();
    expect(plan.planned).toBe(4);
    expect(done).toMatchObject({ is_ok: true, planned: 4, repaired: 4, findings: [] });
    await expectProblem(
      run({ fix: true, plan_id: plan.plan_id ?? '', reason: 'again' }),
      'conflict',
    );
    expect(await run({ dry_run: true })).toMatchObject({ is_ok: true, plan_id: null, planned: 0 });
    await expectInvariants(sql);
  });
});

describe('a plan', () => {
  test('is kept to: what came later stays, what mended itself is left alone', async () => {
    const mended = await booked();
    await sql`update slots set booked_count = 0 where id = ${mended.slot_id}`;
    const ghost = await heldSlot(bench);
    await raw.del(ghost.key);
    const plan = await run({ dry_run: true });
    expect(plan.planned).toBe(2);
    await sql`update slots set booked_count = 1 where id = ${mended.slot_id}`;
    await cancelReservation(sql, ghost.reservation_id, null, system_actor);
    const late = await leakedLock(bench);
    const done = await run({ fix: true, plan_id: plan.plan_id ?? '', reason: 'INC-301' });
    expect(done.repaired).toBe(0);
    expect(done.repairs.map(({ outcome, why }) => `${outcome} ${why}`).toSorted()).toEqual([
      'kept already_done',
      'kept ended',
    ]);
    expect(await raw.exists(ghost.key)).toBe(0);
    expect(await raw.exists(late.key)).toBe(1);
    // What came later is found, not touched.
    expect(kindsOf(done)).toEqual(['lock.leaked']);
  });

  test('is needed, with a reason, and by somebody who may see all clinics', async () => {
    await expectProblem(run({ fix: true }), 'policy_refused');
    await leakedLock(bench);
    const { plan_id } = await run({ dry_run: true });
    await expectProblem(run({ fix: true, plan_id: plan_id ?? '' }), 'invalid_input');
    const scoped = staff('sre', (await heldSlot(bench)).clinic.id);
    await expectProblem(reconcile(app, scoped, { dry_run: false, fix: false }), 'forbidden');
    expect((await board(app)).some((row) => row.class === 'leaked')).toBe(true);
  });

  test('leaves a count alone that would exceed the capacity', async () => {
    const { slot_id, booking_id } = await booked();
    await sql`update bookings set quantity = 2 where id = ${booking_id}`;
    const plan = await run({ dry_run: true });
    expect(kindsOf(plan)).toContain('invariant.counters');
    const done = await run({ fix: true, plan_id: plan.plan_id ?? '', reason: 'INC-302' });
    expect(done.repairs).toContainEqual({
      repair: 'recount_slot',
      target: slot_id,
      outcome: 'kept',
      why: 'policy_refused',
    });
    expect(done.is_ok).toBe(false);
    await sql`update bookings set quantity = 1 where id = ${booking_id}`;
  });
});

test('a mismatch that no machine may repair comes with the command of whoever may', async () => {
  const { booking_id } = await booked();
  await sql`update payments set status = 'failed' where booking_id = ${booking_id}`;
  const report = await run({ dry_run: true });
  const paid = report.findings.find(({ kind }) => kind === 'invariant.paid');
  expect(paid).toMatchObject({ severity: 'mismatch', repair: null, repairable: 0, count: 1 });
  expect(paid?.next).toContain('petpro bookings show');
  expect(paid?.sample[0]).toMatchObject({ booking_id });
  await sql`update payments set status = 'success' where booking_id = ${booking_id}`;
});

test('money that is late is a warning, not a mismatch', async () => {
  await sql`
    insert into webhook_events (event_id, event_type, payload, received_at)
    values ('evt_unsettled', 'checkout.session.completed', '{}', now() - interval '1 hour')`;
  const report = await run();
  expect(kindsOf(report)).toEqual(['inbox.unmatched', 'inbox.unsettled']);
  expect(report).toMatchObject({ is_ok: true, mismatches: 0 });
  await sql`delete from webhook_events where event_id = 'evt_unsettled'`;
});

test('a foreign key is told, and never repaired', async () => {
  await raw.set('hold:stray', 'x');
  const report = await run({ dry_run: true });
  expect(report).toMatchObject({ is_ok: true, plan_id: null });
  expect(report.findings[0]).toMatchObject({ kind: 'lock.foreign', severity: 'warning' });
});

test('while Redis is away no lock is called lost', async () => {
  await heldSlot(bench);
  process.kill(bench.redis.pid, 'SIGSTOP');
  try {
    expect(await run()).toMatchObject({ is_ok: true, doorman: 'down', findings: [] });
  } finally {
    process.kill(bench.redis.pid, 'SIGCONT');
    await bench.redisBack();
  }
});

describe('the periodic look', () => {
  /** As if a minute had passed. */
  const aMinuteLater = () => sql`
    update inventory_state set looked_at = now() - interval '2 minutes'`;

  test('finds a planted mismatch, logs it, keeps it until it is gone, and repairs nothing', async () => {
    const worker = createReconciler();
    await aMinuteLater();
    await worker.tick(app, never);
    expect(worker.findings?.()).toEqual({});
    const { key } = await leakedLock(bench);
    // Not its time yet: what was found last still stands.
    await worker.tick(app, never);
    expect(worker.findings?.()).toEqual({});
    await aMinuteLater();
    await worker.tick(app, never);
    expect(worker.findings?.()).toEqual({ 'lock.leaked': 1 });
    expect(bench.logged()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        event: 'inventory.mismatch',
        kind: 'lock.leaked',
        count: 1,
      }),
    );
    expect(await raw.exists(key)).toBe(1);
    await raw.del(key);
    await aMinuteLater();
    await worker.tick(app, never);
    expect(worker.findings?.()).toEqual({});
  });

  test('is done by one of several daemons, and shown by all', async () => {
    const daemons = [createReconciler(), createReconciler(), createReconciler()];
    await leakedLock(bench);
    await aMinuteLater();
    const before = bench.logged().filter(({ event }) => event === 'inventory.mismatch').length;
    await Promise.all(daemons.map((worker) => worker.tick(app, never)));
    const after = bench.logged().filter(({ event }) => event === 'inventory.mismatch').length;
    expect(after - before).toBe(1);
    await Promise.all(daemons.map((worker) => worker.tick(app, never)));
    for (const worker of daemons) expect(worker.findings?.()).toEqual({ 'lock.leaked': 1 });
  });

  test('holds shorter than the grace are no mismatch', async () => {
    const held = await heldSlot(bench);
    await raw.del(held.key);
    await sql`
      update reservations set created_at = now(), updated_at = now()
      where id = ${held.reservation_id}`;
    expect((await run()).findings).toEqual([]);
    await age(sql, held.reservation_id);
    expect(kindsOf(await run())).toEqual(['lock.ghost']);
  });
});
