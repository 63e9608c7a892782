import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { dbActor } from '../../src/daemon/actions/actor.ts';
import { cancelSeries, moveSeries } from '../../src/daemon/actions/change-series.ts';
import { createSeries } from '../../src/daemon/actions/create-series.ts';
import { payBooking } from '../../src/daemon/actions/pay-booking.ts';
import { createSeries as create, type WishedVisit } from '../../src/daemon/store/series.ts';
import { AppError } from '../../src/domain/errors.ts';
import { openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { hold, mustBook } from '../helpers/booking.ts';
import { addOwner, type OwnerIds } from '../helpers/database.ts';
import { withoutGuard } from '../race/without-guard.ts';
import { addSeriesScene, mustCreate, type SeriesScene, seriesWish } from './scene.ts';

const { app, sql } = await openBench();
const desk = staff('desk');
const ROUNDS = 8;

/** Opens every connection: on a cold pool the rivals would queue on one instead of racing. */
beforeAll(async () => {
  const connections = Array.from({ length: app.config.database_pool_max });
  await Promise.all(connections.map(() => app.sql`select pg_sleep(0.05)`));
});
afterEach(() => expectInvariants(sql));

/** How each ended: `ok` or the code of its refusal; anything else is a bug and thrown. */
async function race(rivals: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const ends = await Promise.allSettled(rivals);
  return ends.map((end) => {
    if (end.status === 'fulfilled') return 'ok';
    if (!(end.reason instanceof AppError)) throw end.reason;
    return end.reason.code;
  });
}

const countOk = (ends: readonly string[]) => ends.filter((end) => end === 'ok').length;

/** The judge alone, with slots as somebody saw them: what was seen need not be so any more. */
async function judge(scene: SeriesScene, owner: OwnerIds, slot_ids: readonly string[]) {
  const visits = slot_ids.map(
    (slot_id, index): WishedVisit => ({
      position: index + 1,
      starts_at: scene.monday.add({ days: index }).toString(),
      reservation_id: randomUUID(),
      slot_ids: [slot_id],
    }),
  );
  const wish = {
    series_id: randomUUID(),
    clinic_id: scene.clinic.id,
    service_id: scene.service_id,
    ...owner,
    staff_id: null,
    quantity: 1,
    every: 1,
    unit: 'day',
    weekdays: [],
    month_by: 'date',
    start_date: scene.monday.toString(),
    start_time: '10:00',
    visits_asked: Math.max(visits.length, 2),
    until_date: null,
    notes: null,
  } as const;
  return await create(sql, wish, visits, false, dbActor(desk));
}

const bookedOf = async (scene: SeriesScene) =>
  (
    await sql<{ count: number }[]>`
      select count(*)::integer as count from bookings where service_id = ${scene.service_id}`
  )[0]?.count;

test('two series that cross: one is made whole, the other not at all', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const scene = await addSeriesScene(sql, { vets: 1, weeks: 2 });
    const rivals = [scene.owner, await addOwner(sql), await addOwner(sql)];
    // Every day; every second day; and from the second week back over the same days.
    const wishes = [
      { unit: 'day', count: 10 },
      { unit: 'day', every: 2, count: 6 },
      { unit: 'week', weekdays: [1, 3, 5], count: 5 },
    ] as const;
    const ends = await race(
      wishes.map((wish, index) =>
        createSeries(app, desk, { ...seriesWish(scene, wish), ...rivals[index]! }),
      ),
    );
    expect(countOk(ends)).toBe(1);
    expect(new Set(ends)).toEqual(new Set(['ok', 'slot_taken']));
    const won = wishes[ends.indexOf('ok')]!;
    expect(await bookedOf(scene)).toBe(won.count);
  }
});

test('in another order than that of time two series wait for each other in a circle', async () => {
  const fight = async () => {
    const scene = await addSeriesScene(sql, { vets: 1, weeks: 2 });
    const slots = Array.from({ length: 12 }, (_, days) => scene.slot('andi', days));
    const other = await addOwner(sql);
    return await race([judge(scene, scene.owner, slots), judge(scene, other, slots.toReversed())]);
  };
  // By slot, in either direction: the texts of the visits begin with their position.
  await withoutGuard(sql, {
    name: 'create_series',
    guard: "order by (v ->> 'starts_at')::timestamptz",
    instead: "order by (v ->> 'position')::integer",
    work: async () => {
      const ends: string[] = [];
      for (let round = 0; round < 4 && !ends.includes('unavailable'); round += 1) {
        ends.push(...(await fight()));
      }
      expect(ends).toContain('unavailable');
    },
  });
});

test('a date that was taken between look and judgement takes all with it, or only itself', async () => {
  const seen = async () => {
    const scene = await addSeriesScene(sql, { vets: 1, weeks: 1 });
    const slots = [0, 1, 2].map((days) => scene.slot('andi', days));
    await mustBook(sql, slots[1]!, await addOwner(sql));
    const { outcome, failed } = await judge(scene, scene.owner, slots);
    return { outcome, failed, booked: await bookedOf(scene) };
  };
  expect(await seen()).toEqual({
    outcome: 'conflict',
    failed: [{ position: 2, why: 'slot_taken', rule: null }],
    booked: 1,
  });
  // The control: without the guard half a series is booked.
  await withoutGuard(sql, {
    name: 'create_series',
    guard: "or (failed <> '[]' and not p_skip)",
    instead: '',
    work: async () => expect(await seen()).toMatchObject({ outcome: 'ok', booked: 3 }),
  });
});

test('a series against holds of single dates: whole, or not at all', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const scene = await addSeriesScene(sql, { vets: 1, weeks: 1 });
    const other = await addOwner(sql);
    const wish = seriesWish(scene, { unit: 'day', count: 7 });
    const single = hold(sql, scene.slot('andi', 6 - (round % 7)), other).then(({ outcome }) => {
      if (outcome !== 'ok') throw new AppError('slot_taken', outcome);
    });
    const ends = await race([createSeries(app, desk, wish), single]);
    expect(countOk(ends)).toBe(1);
    expect(await bookedOf(scene)).toBe(ends[0] === 'ok' ? 7 : 0);
  }
});

test('two cancels: one is done, every refund once; the other is told that it has changed', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const scene = await addSeriesScene(sql, { vets: 1 });
    const { series_id, visits } = await mustCreate(app, scene);
    const booking_id = visits[2]!.booking_id!;
    await payBooking(app, staff('desk', scene.clinic.id), { booking_id, payment_method: 'cash' });
    const wish = { series_id, scope: 'all', by: 'owner', quote: false } as const;
    const ends = await race([
      cancelSeries(app, desk, { ...wish, expected_version: 2 }),
      cancelSeries(app, desk, { ...wish, expected_version: 2 }),
    ]);
    expect([...ends].toSorted()).toEqual(['conflict', 'ok']);
    const refunds = await sql`
      select amount::text from refunds where booking_id = any (${visits.map((one) => one.booking_id)})`;
    expect(refunds).toEqual([{ amount: '250000.000' }]);
  }
});

test('two moves on one version: the second sees what the first has done', async () => {
  const fight = async () => {
    const scene = await addSeriesScene(sql, { vets: 1 });
    const { series_id } = await mustCreate(app, scene);
    const move = (days: number) =>
      moveSeries(app, desk, {
        series_id,
        scope: 'all',
        by: 'owner',
        quote: false,
        skip_conflicts: false,
        days,
        expected_version: 1,
      });
    return await race([move(1), move(2)]);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    expect([...(await fight())].toSorted()).toEqual(['conflict', 'ok']);
  }
  // The control: without the guard both move, and neither where its caller was told.
  await withoutGuard(sql, {
    name: 'lock_series',
    guard: "then 'ok' else 'conflict' end",
    instead: "then 'ok' else 'ok' end",
    work: async () => {
      const ends: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) ends.push(...(await fight()));
      expect(countOk(ends)).toBeGreaterThan(ROUNDS);
    },
  });
});
