import { expect, test } from 'vitest';
import { cancelSeries, moveSeries } from '../../src/daemon/actions/change-series.ts';
import { createSeries } from '../../src/daemon/actions/create-series.ts';
import { payBooking } from '../../src/daemon/actions/pay-booking.ts';
import { getSeries, listSeries } from '../../src/daemon/actions/series.ts';
import { undoBooking } from '../../src/daemon/actions/undo-booking.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { customer, expectProblem, openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { eventsOf, hold, mustBook, mustHold } from '../helpers/booking.ts';
import { addOwner } from '../helpers/database.ts';
import { addSeriesScene, mustCreate, seriesWish } from './scene.ts';

const { app, sql } = await openBench();

const countOf = async (series_id: string) =>
  await sql<{ status: string; count: number }[]>`
    select status, count(*)::integer as count from bookings
    where series_id = ${series_id} group by status order by status`;

test('four Mondays: one vet, four bookings to be paid at the clinic, events that name the series', async () => {
  const scene = await addSeriesScene(sql);
  // Andi cannot on the third Monday, so Sari, who can on all of them, is chosen throughout.
  await mustBook(sql, scene.slot('andi', 14), await addOwner(sql));
  const plan = await createSeries(app, staff('desk'), seriesWish(scene, { dry_run: true }));
  expect(plan).toMatchObject({
    dry_run: true,
    series_id: null,
    conflicts: [],
    amount: '1000000.00',
  });
  const made = shapes.create_series.output.parse(await mustCreate(app, scene));
  expect(made).toMatchObject({ dry_run: false, version: 1, amount: '1000000.00', conflicts: [] });
  expect(made.rule_text).toBe('every week on Mon');
  expect(made.visits.map(({ date, time, staff_name }) => `${date} ${time} ${staff_name}`)).toEqual(
    [0, 7, 14, 21].map((days) => `${scene.monday.add({ days })} 10:00 Sari`),
  );
  expect(plan.visits.map(({ slot_id }) => slot_id)).toEqual(
    made.visits.map(({ slot_id }) => slot_id),
  );
  const [first, second] = made.visits;
  expect(await eventsOf(sql, second!.booking_id!)).toEqual([
    'booking.created',
    'booking.confirmed',
  ]);
  const events = await sql<{ aggregate_id: string; payload: Record<string, unknown> }[]>`
    select aggregate_id, payload from booking_events_outbox
    where payload ->> 'series_id' = ${made.series_id} and event_type = 'booking.confirmed'
    order by position`;
  expect(events.map(({ payload }) => payload['series_position'])).toEqual([1, 2, 3, 4]);
  expect(events[0]!.payload['tells']).toEqual(made.visits.map(({ booking_id }) => booking_id));
  expect(events[1]!.payload['told_by']).toBe(first!.booking_id);
  await expectInvariants(sql);
});

test('every date is looked at: all conflicts are named with other times, and nothing is booked', async () => {
  const scene = await addSeriesScene(sql, { vets: 1 });
  await mustBook(sql, scene.slot('andi', 7), await addOwner(sql));
  await mustHold(sql, scene.slot('andi', 14), await addOwner(sql));
  await mustBook(sql, scene.slot('andi', 21, '11:00'), scene.owner);
  await sql`update slots set status = 'blocked' where id = ${scene.slot('andi', 28)}`;
  const wish = seriesWish(scene, { count: 7 });
  const problem = await expectProblem(createSeries(app, staff('desk'), wish), 'slot_taken');
  const plan = await createSeries(app, staff('desk'), { ...wish, dry_run: true });
  expect(problem.facts['conflicts']).toEqual(plan.conflicts);
  expect(plan.conflicts.map(({ position, reason }) => [position, reason])).toEqual([
    [2, 'booked'],
    [3, 'held'],
    [5, 'blocked'],
    [7, 'not_open_yet'],
  ]);
  const near = plan.conflicts[0]!.alternatives;
  expect(near).toHaveLength(3);
  expect(near[0]).toMatchObject({ date: scene.monday.add({ days: 7 }).toString(), time: '11:00' });
  expect(plan.conflicts[3]!.detail).toMatch(/^Not open yet: slots exist up to \d{4}-/);
  expect(await sql`select from booking_series where service_id = ${scene.service_id}`).toEqual([]);
  const made = await mustCreate(app, scene, { count: 7, skip_conflicts: true });
  expect(made.visits.map(({ position }) => position)).toEqual([1, 4, 6]);
  expect(made.conflicts).toEqual(plan.conflicts);
  const shown = await getSeries(app, staff('viewer'), { series_id: made.series_id });
  expect(shown).toMatchObject({ visits_asked: 7, visits_made: 3, visits_left: 3 });
  await expectInvariants(sql);
});

test('where the owner is already is a conflict of its own, and their own hold too', async () => {
  const scene = await addSeriesScene(sql);
  const other = await addSeriesScene(sql);
  await mustBook(sql, other.slot('andi', 7), scene.owner);
  await mustHold(sql, scene.slot('sari', 14), scene.owner);
  const wish = seriesWish(scene, { dry_run: true });
  const plan = await createSeries(app, staff('desk'), wish);
  expect(plan.conflicts.map(({ position, reason }) => [position, reason])).toEqual([
    [2, 'owner_busy'],
    [3, 'owner_busy'],
  ]);
  const refused = createSeries(app, staff('desk'), { ...wish, dry_run: false });
  await expectProblem(refused, 'policy_refused');
});

test('one vet for all where that is asked, a named one, and several days a week', async () => {
  const scene = await addSeriesScene(sql);
  for (const days of [0, 7]) await mustBook(sql, scene.slot('andi', days), await addOwner(sql));
  await mustBook(sql, scene.slot('sari', 14), await addOwner(sql));
  const any = await createSeries(app, staff('desk'), seriesWish(scene, { dry_run: true }));
  expect(any.visits.map(({ staff_name }) => staff_name)).toEqual(['Sari', 'Sari', 'Andi', 'Sari']);
  const same = seriesWish(scene, { dry_run: true, same_vet: true });
  const one = await createSeries(app, staff('desk'), same);
  expect(one.conflicts.map(({ position, reason }) => [position, reason])).toEqual([[3, 'booked']]);
  const named = seriesWish(scene, { dry_run: true, staff_id: scene.andi });
  const andi = await createSeries(app, staff('desk'), named);
  expect(andi.conflicts.map(({ position }) => position)).toEqual([1, 2]);
  expect(andi.conflicts[0]!.alternatives.every(({ staff_id }) => staff_id === scene.andi)).toBe(
    true,
  );
  const twice = seriesWish(scene, { dry_run: true, weekdays: [4, 2], count: 5 });
  const days = await createSeries(app, staff('desk'), twice);
  expect(days.visits.map(({ date }) => scene.monday.until(date).days)).toEqual([1, 3, 8, 10, 15]);
});

test('cancel this and the following: each gives back by its own policy, all or none', async () => {
  const scene = await addSeriesScene(sql, { undo_ms: 30_000 });
  const made = await mustCreate(app, scene);
  const [, second, third] = made.visits;
  const desk = staff('desk');
  const paid = { booking_id: third!.booking_id!, payment_method: 'cash' } as const;
  await payBooking(app, staff('desk', scene.clinic.id), paid);
  const request = {
    series_id: made.series_id,
    scope: 'following',
    booking_id: second!.reference_code!,
    by: 'owner',
    quote: true,
  } as const;
  const quote = await cancelSeries(app, desk, request);
  expect(quote).toMatchObject({ quote: true, refund_amount: '250000.00', version: 2 });
  expect(
    quote.cancelled.map(({ position, refund_percent, refund_amount }) => [
      position,
      refund_percent,
      refund_amount,
    ]),
  ).toEqual([
    [2, 100, '0.00'],
    [3, 100, '250000.00'],
    [4, 100, '0.00'],
  ]);
  expect(await countOf(made.series_id)).toEqual([{ status: 'confirmed', count: 4 }]);
  const done = await cancelSeries(app, desk, { ...request, quote: false, expected_version: 2 });
  expect({ ...quote, quote: false }).toMatchObject({ cancelled: done.cancelled });
  expect(done.undo_until).not.toBeNull();
  expect(done.version).toBe(5);
  expect(await countOf(made.series_id)).toEqual([
    { status: 'cancelled', count: 3 },
    { status: 'confirmed', count: 1 },
  ]);
  await expectProblem(cancelSeries(app, desk, { ...request, expected_version: 2 }), 'conflict');
  await undoBooking(app, desk, { booking_id: third!.booking_id! });
  expect((await hold(sql, third!.slot_id, await addOwner(sql))).outcome).toBe('slot_taken');
  await expectInvariants(sql);
});

test('move all by a day and an hour; the second half a week on, through the places of each other', async () => {
  const scene = await addSeriesScene(sql, { vets: 1 });
  const made = await mustCreate(app, scene);
  const desk = staff('desk');
  const request = {
    series_id: made.series_code!,
    scope: 'all',
    by: 'owner',
    quote: true,
    days: 1,
    time: '11:00',
    skip_conflicts: false,
  } as const;
  const quote = await moveSeries(app, desk, request);
  expect(quote).toMatchObject({ quote: true, version: 1, conflicts: [] });
  expect(quote.moved.map(({ date, time }) => [scene.monday.until(date).days, time])).toEqual(
    [1, 8, 15, 22].map((days) => [days, '11:00']),
  );
  expect((await getSeries(app, desk, { series_id: made.series_id })).visits[0]!.time).toBe('10:00');
  const done = await moveSeries(app, desk, { ...request, quote: false });
  expect(done.moved).toEqual(quote.moved);
  expect(done.version).toBe(5);
  const later = await moveSeries(app, desk, {
    series_id: made.visits[1]!.reference_code!,
    scope: 'following',
    by: 'owner',
    quote: false,
    days: 7,
    skip_conflicts: false,
  });
  expect(later.moved.map(({ date }) => scene.monday.until(date).days)).toEqual([15, 22, 29]);
  const back = await moveSeries(app, desk, {
    series_id: made.visits[1]!.reference_code!,
    scope: 'following',
    by: 'owner',
    quote: false,
    days: -7,
    skip_conflicts: false,
  });
  expect(back.moved.map(({ date }) => scene.monday.until(date).days)).toEqual([8, 15, 22]);
  await expectInvariants(sql);
});

test('a move with a date in the way: all or none, or without it', async () => {
  const scene = await addSeriesScene(sql, { vets: 1 });
  const made = await mustCreate(app, scene);
  await mustBook(sql, scene.slot('andi', 8), await addOwner(sql));
  const request = {
    series_id: made.series_id,
    scope: 'all',
    by: 'owner',
    quote: false,
    days: 1,
    skip_conflicts: false,
  } as const;
  const problem = await expectProblem(moveSeries(app, staff('desk'), request), 'slot_taken');
  expect(problem.facts['conflicts']).toMatchObject([
    { position: 2, reason: 'booked', reference_code: made.visits[1]!.reference_code },
  ]);
  expect((await getSeries(app, staff('desk'), request)).version).toBe(1);
  const skip = { ...request, skip_conflicts: true };
  const quote = await moveSeries(app, staff('desk'), { ...skip, quote: true });
  const done = await moveSeries(app, staff('desk'), skip);
  expect(done.moved.map(({ position }) => position)).toEqual([1, 3, 4]);
  expect(quote.conflicts).toMatchObject([{ position: 2 }]);
  await expectInvariants(sql);
});

test('owners make series of what asks for nothing before, see their own, and no others', async () => {
  const scene = await addSeriesScene(sql);
  const owner = customer(scene.owner.user_id);
  const refused = await expectProblem(
    createSeries(app, owner, seriesWish(scene)),
    'policy_refused',
  );
  expect(refused.facts['rule']).toBe('pay_before');
  await sql`update services set deposit = 0 where id = ${scene.service_id}`;
  const made = await createSeries(app, owner, seriesWish(scene));
  const series_id = made.series_id!;
  const listed = await listSeries(app, owner, { limit: 10 });
  expect(listed.items.map((one) => one.series_id)).toEqual([series_id]);
  const stranger = customer((await addOwner(sql)).user_id);
  await expectProblem(getSeries(app, stranger, { series_id }), 'not_found');
  await expectProblem(
    cancelSeries(app, stranger, { series_id, scope: 'all', by: 'owner', quote: false }),
    'not_found',
  );
  await expectProblem(
    cancelSeries(app, owner, { series_id, scope: 'all', by: 'clinic', quote: false }),
    'forbidden',
  );
  const done = await cancelSeries(app, owner, {
    series_id,
    scope: 'all',
    by: 'owner',
    quote: false,
  });
  expect(done.cancelled).toHaveLength(4);
  await expectProblem(
    cancelSeries(app, owner, { series_id, scope: 'all', by: 'owner', quote: false }),
    'policy_refused',
  );
  await expectInvariants(sql);
});

test('salons ask for no pet, clinics do', async () => {
  const scene = await addSeriesScene(sql);
  const { pet_id: _, ...wish } = seriesWish(scene);
  const refused = await expectProblem(createSeries(app, staff('desk'), wish), 'invalid_input');
  expect(refused.detail).toMatch(/which pet/);
  await sql`update clinics set kind = 'salon' where id = ${scene.clinic.id}`;
  const made = await createSeries(app, staff('desk'), wish);
  expect(made.visits).toHaveLength(4);
  expect(await getSeries(app, staff('desk'), { series_id: made.series_id! })).toMatchObject({
    pet_id: null,
    pet_name: null,
  });
  await expectInvariants(sql);
});
