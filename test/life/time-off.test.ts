import { expect, test } from 'vitest';
import { getBooking } from '../../src/daemon/actions/get-booking.ts';
import { endTimeOff, listTimeOff, takeTimeOff } from '../../src/daemon/actions/time-off.ts';
import { undoBooking } from '../../src/daemon/actions/undo-booking.ts';
import type { Input } from '../../src/domain/shapes.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { expectProblem, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { hold, mustBook, mustHold } from '../helpers/booking.ts';
import { addClinic, addOwner, addService, addSlot, addStaff } from '../helpers/database.ts';

const { app, sql } = await openBench();

/** A clinic with two vets in three days: Andi is ill, Sari could help out. */
async function illness(visits: number, spare: number) {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const andi = await addStaff(sql, clinic, 'Andi');
  const sari = await addStaff(sql, clinic, 'Sari');
  const bookings: {
    slot_id: string;
    booking_id: string;
    owner: Awaited<ReturnType<typeof addOwner>>;
  }[] = [];
  for (let n = 0; n < visits; n += 1) {
    const slot_id = await addSlot(sql, clinic, service_id, { staff_id: andi, in_hours: 72 + n });
    const owner = await addOwner(sql);
    bookings.push({ slot_id, owner, booking_id: await mustBook(sql, slot_id, owner) });
  }
  const free = await addSlot(sql, clinic, service_id, { staff_id: andi, in_hours: 72 + visits });
  const spares: string[] = [];
  for (let n = 0; n < spare; n += 1) {
    spares.push(await addSlot(sql, clinic, service_id, { staff_id: sari, in_hours: 72 + n }));
  }
  const day = (hours: number) =>
    Temporal.Now.zonedDateTimeISO(clinic.time_zone).add({ hours }).toPlainDate().toString();
  const manager = staff('manager', clinic.id);
  const close = async (more: Partial<Input<'take_time_off'>>) =>
    await takeTimeOff(app, manager, {
      staff_id: andi,
      bookings: 'reseat',
      dry_run: false,
      ...(more.plan_id === undefined ? { date: day(71), to_date: day(72 + visits + 2) } : {}),
      ...more,
    });
  return { clinic, service_id, andi, sari, bookings, free, spares, manager, close };
}

const statusOf = async (slot_id: string) =>
  (await sql<{ status: string }[]>`select status from slots where id = ${slot_id}`)[0]?.status;

test('a day of an ill vet: two visits find a place, one is cancelled with all money, all is closed', async () => {
  const { bookings, spares, free, manager, close, clinic, sari } = await illness(3, 2);
  const plan = shapes.take_time_off.output.parse(await close({ dry_run: true }));
  expect(plan).toMatchObject({ dry_run: true, moved: 2, cancelled: 1, kept: 0, time_off_id: null });
  expect(plan.items.map(({ kind }) => kind)).toEqual(['move', 'move', 'cancel']);
  expect(plan.items[2]).toMatchObject({ refund_amount: '250000.00', to_slot_id: null });
  expect(await statusOf(free)).toBe('available');
  const done = await close({ plan_id: plan.plan_id, reason: 'vet is ill' });
  expect(done).toMatchObject({ moved: 2, cancelled: 1, slots_closed: 4, bookings: 'reseat' });
  const seen = await Promise.all(
    bookings.map(({ booking_id }) => getBooking(app, manager, { booking_id })),
  );
  expect(seen.map(({ status }) => status)).toEqual(['confirmed', 'confirmed', 'cancelled']);
  expect(seen.slice(0, 2).map(({ slot_id }) => slot_id)).toEqual(spares);
  expect(seen[0]?.staff_id ?? sari).toBe(sari);
  const [late] =
    await sql`select refund_percent, cancelled_by from bookings where id = ${bookings[2]!.booking_id}`;
  expect(late).toEqual({ refund_percent: 100, cancelled_by: 'clinic' });
  expect(await statusOf(free)).toBe('blocked');
  const nobody = await hold(sql, free, await addOwner(sql));
  expect(nobody.outcome).toBe('invalid_slot');
  const listed = await listTimeOff(app, manager, { clinic_id: clinic.id });
  expect(listed.items).toMatchObject([
    { staff_name: 'Andi', reason: 'vet is ill', slots_closed: 4 },
  ]);
  await expectInvariants(sql);
});

test('nothing is said about the visits: they are listed and nothing happens', async () => {
  const { close, bookings, manager, free } = await illness(1, 1);
  const problem = await expectProblem(
    close({ bookings: 'refuse', reason: 'ill' }),
    'policy_refused',
  );
  expect(problem.facts).toMatchObject({ visits: 1 });
  const [first] = bookings;
  expect(await getBooking(app, manager, { booking_id: first!.booking_id })).toMatchObject({
    version: 1,
  });
  expect(await statusOf(free)).toBe('available');
});

test('a plan that is no longer true changes nothing at all', async () => {
  const { close, bookings, spares, manager, free } = await illness(3, 3);
  const plan = await close({ dry_run: true });
  // Somebody takes the place that the last visit was to have.
  await mustHold(sql, spares[2]!, await addOwner(sql));
  const problem = await expectProblem(close({ plan_id: plan.plan_id, reason: 'ill' }), 'conflict');
  expect(problem.message).toContain('nothing was changed');
  for (const { booking_id } of bookings) {
    expect(await getBooking(app, manager, { booking_id })).toMatchObject({
      status: 'confirmed',
      version: 1,
    });
  }
  expect(await statusOf(free)).toBe('available');
  // The plan was not spent: its failure left no trace, so it can be looked into.
  const [row] = await sql`select taken_at from plans where 'PL' || id = ${plan.plan_id}`;
  expect(row).toEqual({ taken_at: null });
  await expectInvariants(sql);
});

test('a visit that was booked after the plan was made stops it', async () => {
  const { close, free } = await illness(1, 1);
  const plan = await close({ dry_run: true });
  await mustHold(sql, free, await addOwner(sql));
  const problem = await expectProblem(close({ plan_id: plan.plan_id, reason: 'ill' }), 'conflict');
  expect(problem.facts['problem']).toMatchObject({ kind: 'new', slot_id: free });
  await expectInvariants(sql);
});

test('of two who carry the same plan out, one does', async () => {
  const { close } = await illness(4, 4);
  const plan = await close({ dry_run: true });
  const results = await Promise.allSettled([
    close({ plan_id: plan.plan_id, reason: 'ill' }),
    close({ plan_id: plan.plan_id, reason: 'ill' }),
  ]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  await expectInvariants(sql);
});

test('holds that race with the closing either stop it or are refused, never stand in closed hours', async () => {
  for (let round = 0; round < 12; round += 1) {
    const { close, free, andi } = await illness(1, 1);
    const plan = await close({ dry_run: true });
    const owner = await addOwner(sql);
    const [closed, held] = await Promise.allSettled([
      close({ plan_id: plan.plan_id, reason: 'ill' }),
      hold(sql, free, owner),
    ]);
    const has_hold = held.status === 'fulfilled' && held.value.outcome === 'ok';
    expect(closed.status === 'fulfilled' && has_hold).toBe(false);
    const [count] = await sql<{ n: number }[]>`
      select count(*)::integer as n from slot_claims c join slots sl on sl.id = c.slot_id
      where sl.staff_id = ${andi} and sl.status = 'blocked'`;
    expect(count?.n).toBe(0);
  }
  await expectInvariants(sql);
});

test('without the claim in the vet’s time such a hold does get in: the control', async () => {
  const { free, andi, clinic } = await illness(0, 0);
  await sql.begin(async (tx) => {
    // What closing would be without the exclusion: the status alone, read before it was written.
    const other = await addOwner(sql);
    const held = hold(sql, free, other);
    await tx`update slots set status = 'blocked' where id = ${free}`;
    expect((await held).outcome).toBe('ok');
  });
  const [row] = await sql<{ n: number }[]>`
    select count(*)::integer as n from slot_claims c join slots sl on sl.id = c.slot_id
    where sl.staff_id = ${andi} and sl.clinic_id = ${clinic.id} and sl.status = 'blocked'`;
  expect(row?.n).toBe(1);
});

test('kept visits stay, and their time stays closed when they are cancelled later', async () => {
  const { close, bookings, free, manager } = await illness(2, 0);
  const done = await close({ bookings: 'keep', reason: 'lunch' });
  expect(done).toMatchObject({ kept: 2, moved: 0, cancelled: 0, slots_closed: 3 });
  const [first] = bookings;
  await sql`select outcome from cancel_booking(${first!.booking_id}, 'x', 'clinic', null, false,
    '{"kind": "operator", "source": "cli"}'::jsonb)`;
  expect((await hold(sql, first!.slot_id, await addOwner(sql))).outcome).toBe('invalid_slot');
  expect((await hold(sql, free, await addOwner(sql))).outcome).toBe('invalid_slot');
  await expectInvariants(sql);
  const opened = await endTimeOff(app, manager, { time_off_id: done.time_off_id! });
  expect(opened.slots_opened).toBe(3);
  expect(await statusOf(bookings[1]!.slot_id)).toBe('booked');
  expect((await hold(sql, first!.slot_id, await addOwner(sql))).outcome).toBe('ok');
  await expectProblem(endTimeOff(app, manager, { time_off_id: done.time_off_id! }), 'conflict');
  await expectInvariants(sql);
});

test('unpaid holds are ended, and a cancelled visit cannot be taken back into closed hours', async () => {
  const { close, free, bookings, manager, clinic } = await illness(1, 0);
  await sql`update clinics set undo_ms = 30000 where id = ${clinic.id}`;
  const reservation_id = await mustHold(sql, free, await addOwner(sql));
  const done = await close({ reason: 'ill' });
  expect(done).toMatchObject({ holds_ended: 1, cancelled: 1 });
  const [held] =
    await sql`select status, cancellation_reason from reservations where id = ${reservation_id}`;
  expect(held).toEqual({ status: 'cancelled', cancellation_reason: 'ill' });
  const undo = undoBooking(app, manager, { booking_id: bookings[0]!.booking_id });
  await expectProblem(undo, 'policy_refused');
  await expectInvariants(sql);
});

test('another clinic’s manager, a plan of somebody else, wrong days: refused in words', async () => {
  const one = await illness(0, 0);
  const two = await illness(0, 0);
  const stranger = staff('manager', two.clinic.id);
  const wish = { staff_id: one.andi, date: '2099-01-01', bookings: 'keep', dry_run: true } as const;
  await expectProblem(takeTimeOff(app, stranger, wish), 'not_found');
  await expectProblem(
    one.close({ date: '2020-01-01', to_date: '2020-01-02', dry_run: true }),
    'invalid_input',
  );
  await expectProblem(one.close({ to_date: '2020-01-02', dry_run: true }), 'invalid_input');
  await expectProblem(one.close({ to_date: '2099-01-02', dry_run: true }), 'invalid_input');
  await expectProblem(one.close({ bookings: 'keep' }), 'invalid_input');
  const plan = await one.close({ dry_run: true, bookings: 'keep' });
  await expectProblem(
    takeTimeOff(app, stranger, {
      staff_id: two.andi,
      plan_id: plan.plan_id,
      reason: 'x',
      bookings: 'keep',
      dry_run: false,
    }),
    'not_found',
  );
  await expectProblem(one.close({ plan_id: 'PL999999', reason: 'x' }), 'not_found');
});
