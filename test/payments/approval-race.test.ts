import { expect, test } from 'vitest';
import { decideApproval } from '../../src/daemon/actions/approvals.ts';
import { cancelReservation } from '../../src/daemon/actions/cancel-reservation.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { AppError } from '../../src/domain/errors.ts';
import { no_key, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, rivalOf } from '../actions/world.ts';
import { askedRequest, dueNow, intentOf, type Request, standing } from './approval-bench.ts';
import { arrive } from './saved-bench.ts';

/** Everybody at once: the clinic says yes and no, the time is over, the owner leaves, a rival comes. */

const bench = await openBench();
const { app, sql, drain, workers } = bench;
const desk = staff('desk');
const never = new AbortController().signal;
const ROUNDS = 12;

const decide = ({ reservation_id }: Request, decision: 'approved' | 'rejected') =>
  decideApproval(app, desk, { reservation_id, decision });

/** Runs all of them; a refusal is an answer, anything else is a bug. */
async function atOnce(...deeds: readonly (() => Promise<unknown>)[]): Promise<number> {
  const ends = await Promise.allSettled(deeds.map((deed) => deed()));
  for (const end of ends) {
    if (end.status === 'rejected' && !(end.reason instanceof AppError)) throw end.reason;
  }
  return ends.filter(({ status }) => status === 'fulfilled').length;
}

/** What is on its way arrives, and the worker does what is left. */
async function settle({ reservation_id }: Request) {
  await arrive(bench);
  await dueNow(sql, reservation_id);
  await drain('sweeper', 'authorisations', 'refunds');
  await arrive(bench);
  const row = await standing(sql, reservation_id);
  const intent = await intentOf(bench, reservation_id);
  return { ...row, money: intent['status'] };
}

test('a yes and a no: one of them stands, and the money follows it', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const request = await askedRequest(bench);
    const done = await atOnce(
      () => decide(request, 'approved'),
      () => decide(request, 'rejected'),
      () => decide(request, 'approved'),
    );
    expect(done).toBeGreaterThan(0);
    const end = await settle(request);
    const yes = { hold: 'confirmed', money: 'succeeded', booking: 'confirmed' };
    const no = { hold: 'cancelled', money: 'canceled', booking: null };
    expect(end).toMatchObject(end.approval === 'approved' ? yes : no);
  }
  await expectInvariants(sql);
});

test('a yes against the end of its time, the owner and a rival: one owner per place', async () => {
  const ends = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const request = await askedRequest(bench);
    const rival = await rivalOf(sql, request.world);
    // Around now: sometimes the clinic is in time, sometimes it is not.
    await sql`
      with soon as (
        update reservations set expires_at = now() + ${round % 4} * interval '10 ms'
        where id = ${request.reservation_id}
        returning id, expires_at
      )
      update slot_claims c set expires_at = s.expires_at
      from soon s where c.reservation_id = s.id`;
    await atOnce(
      () => decide(request, 'approved'),
      () => workers.sweeper.tick(app, never),
      () => createReservation(app, rival.who, rival.wish, no_key),
      ...(round % 3 === 0
        ? [() => cancelReservation(app, request.world.who, request)]
        : [() => workers.authorisations.tick(app, never)]),
    );
    const end = await settle(request);
    ends.add(end.hold);
    const booked = end.booking === 'confirmed';
    expect({ booked, seats: end.seats }).toEqual({ booked, seats: booked ? 1 : 0 });
    if (end.money === 'succeeded' && !booked) {
      const [back] = await sql`
        select status from refunds where reservation_id = ${request.reservation_id}`;
      expect(back).toEqual({ status: 'completed' });
    } else expect(end.money).toBe(booked ? 'succeeded' : 'canceled');
  }
  expect(ends.size).toBeGreaterThan(1);
  await expectInvariants(sql);
});

/** What a clinic's page that reads, fetches and then writes would do. */
async function naiveApprove({ reservation_id }: Request, read: () => Promise<void>) {
  const [row] = await sql<{ payment_id: string; payment_intent: string }[]>`
    select a.payment_id, a.payment_intent
    from reservations r join authorisations a on a.reservation_id = r.id
    where r.id = ${reservation_id} and r.status = 'pending' and r.expires_at > now()`;
  if (!row) throw new Error('it was over before it began');
  await read();
  await app.payments.capture(row.payment_intent, row.payment_id);
  await sql`update payments set status = 'success', paid_at = now() where id = ${row.payment_id}`;
}

test('the control: without the lock, money is fetched for a place that is gone', async () => {
  const request = await askedRequest(bench);
  await bench.control('webhook', { url: null });
  await naiveApprove(request, async () => {
    await expireUnseen(app, request.reservation_id);
    const rival = await rivalOf(sql, request.world);
    await createReservation(app, rival.who, rival.wish, no_key);
  });
  const broken = await runInvariants(sql);
  const names = broken.filter(({ rows }) => rows > 0).map(({ name }) => name);
  expect(names).toContain('no_stranded_money');
  expect(names).toContain('authorisations');
});
