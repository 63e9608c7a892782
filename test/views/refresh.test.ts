import { beforeEach, expect, test } from 'vitest';
import type { App } from '../../src/daemon/app-types.ts';
import { system_actor } from '../../src/daemon/store/actor.ts';
import { readViews, refreshView, requestRefresh } from '../../src/daemon/store/views.ts';
import { createViewRefresher } from '../../src/daemon/workers/refresh-views.ts';
import { addScene, mustBook } from '../helpers/booking.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';

/** Refreshing in the database: once however many try, recorded, bounded, and clear when it cannot. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
const { app }: { readonly app: App } = harness.daemon;
const limits = () => ({ timeout_ms: 20_000, signal: new AbortController().signal });
const UPCOMING = 'upcoming_bookings_view';
const RATES = 'booking_completion_rates';

const stateOf = async (view_name: string) => {
  const [row] = await readViews(sql, view_name);
  if (!row) throw new Error(`${view_name} has no state`);
  return row;
};
const makeDue = async () => await sql`update views_state set next_at = now() - interval '1 s'`;
const tick = async (timeout_ms?: number) =>
  await createViewRefresher(timeout_ms).tick(app, new AbortController().signal);

beforeEach(async () => {
  await sql`
    update views_state
    set next_at = now() + interval '1 hour', requested_at = null, failures_in_row = 0,
      failed_at = null, last_error = null, note = null`;
});

test('a due view shows what is booked since, and says when and at what cost', async () => {
  const { slot_id, owner } = await addScene(sql);
  const booking_id = await mustBook(sql, slot_id, owner);
  expect(await sql`select id from upcoming_bookings_view where id = ${booking_id}`).toHaveLength(0);
  expect(await tick()).toBe(0);
  await makeDue();
  const { now } = await stateOf(UPCOMING);
  expect(await tick()).toBe(3);
  expect(await sql`select id from upcoming_bookings_view where id = ${booking_id}`).toHaveLength(1);
  const state = await stateOf(UPCOMING);
  expect(state).toMatchObject({
    row_count: 1,
    is_concurrent: true,
    requested_at: null,
    note: null,
  });
  expect(state.duration_ms).toBeGreaterThan(0);
  expect(state.total_ms).toBeGreaterThanOrEqual(state.duration_ms ?? 0);
  expect(state.size_bytes).toBeGreaterThan(0);
  expect(Temporal.Instant.compare(state.refreshed_at ?? '1970-01-01T00:00Z', now)).toBe(1);
  const ahead_ms = state.next_at.epochMilliseconds - state.now.epochMilliseconds;
  expect(ahead_ms).toBeGreaterThan(state.refresh_every_ms - 10_000);
  expect(await tick()).toBe(0);
});

test('ten daemons at once: one refreshes, the others neither wait nor repeat it', async () => {
  const { refresh_count } = await stateOf(RATES);
  await sql`update views_state set next_at = now() where view_name = ${RATES}`;
  const all = await Promise.all(
    Array.from({ length: 10 }, async () => await refreshView(sql, RATES, limits())),
  );
  expect(all.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1);
  expect(all.every(({ outcome }) => ['ok', 'busy', 'not_due'].includes(outcome))).toBe(true);
  expect(await stateOf(RATES)).toMatchObject({ refresh_count: refresh_count + 1 });
});

test('asked for without --concurrently, it is done so, once', async () => {
  const wish = { view_name: RATES, concurrently: false };
  expect(await requestRefresh(sql, wish, system_actor)).toEqual({ outcome: 'ok' });
  expect(await tick()).toBe(1);
  expect(await stateOf(RATES)).toMatchObject({ is_concurrent: false, requested_at: null });
  await sql`update views_state set next_at = now() where view_name = ${RATES}`;
  expect(await tick()).toBe(1);
  expect(await stateOf(RATES)).toMatchObject({ is_concurrent: true });
});

test('without its index: refused where asked for, by the clock done with a note', async () => {
  await sql`drop index booking_completion_rates_key`;
  // One over a part of the rows is of no use to PostgreSQL.
  await sql`
    create unique index partial_key on booking_completion_rates (clinic_id, month)
    where total_bookings > 1`;
  const wish = { view_name: RATES, concurrently: true };
  expect(await requestRefresh(sql, wish, system_actor)).toEqual({ outcome: 'policy_refused' });
  await sql`update views_state set next_at = now() where view_name = ${RATES}`;
  expect(await tick()).toBe(1);
  expect(await stateOf(RATES)).toMatchObject({ is_concurrent: false, note: 'no_unique_index' });
  await sql`drop index partial_key`;
  await sql`
    create unique index booking_completion_rates_key on booking_completion_rates (clinic_id, month)`;
  await sql`update views_state set next_at = now() where view_name = ${RATES}`;
  expect(await tick()).toBe(1);
  expect(await stateOf(RATES)).toMatchObject({ is_concurrent: true, note: null });
});

test('a failure is kept with its reason, and tried again ever later', async () => {
  await sql`alter materialized view booking_completion_rates rename to hidden_rates`;
  const { refresh_count } = await stateOf(RATES);
  const pauses: number[] = [];
  for (let failure = 1; failure <= 3; failure += 1) {
    await sql`update views_state set next_at = now() where view_name = ${RATES}`;
    expect(await tick()).toBe(0);
    const { failures_in_row, last_error, next_at, now, size_bytes } = await stateOf(RATES);
    expect({ failures_in_row, size_bytes }).toEqual({ failures_in_row: failure, size_bytes: null });
    expect(last_error).toContain('"booking_completion_rates" does not exist');
    pauses.push(next_at.epochMilliseconds - now.epochMilliseconds);
  }
  expect(pauses[0]).toBeGreaterThan(9_000);
  expect(pauses[1]).toBeGreaterThan(pauses[0] ?? 0);
  expect(pauses[2]).toBeGreaterThan(pauses[1] ?? 0);
  await sql`alter materialized view hidden_rates rename to booking_completion_rates`;
  await sql`update views_state set next_at = now() where view_name = ${RATES}`;
  expect(await tick()).toBe(1);
  expect(await stateOf(RATES)).toMatchObject({
    failures_in_row: 0,
    refresh_count: refresh_count + 1,
  });
});

test('behind a reader that does not end it gives up, and so it does when its own time is over', async () => {
  await sql.begin(async (tx) => {
    await tx`select count(*) from booking_completion_rates`;
    const wish = { view_name: RATES, concurrently: false };
    await requestRefresh(sql, wish, system_actor);
    expect(await tick()).toBe(0);
    expect(await stateOf(RATES)).toMatchObject({ failures_in_row: 1, requested_at: null });
    expect((await stateOf(RATES)).last_error).toContain('lock timeout');
    await requestRefresh(sql, wish, system_actor);
    expect(await tick(500)).toBe(0);
    expect((await stateOf(RATES)).last_error).toContain('statement timeout');
  });
});

test('a daemon that stops cancels its refresh and counts no failure', async () => {
  const controller = new AbortController();
  await sql.begin(async (tx) => {
    await tx`select count(*) from booking_completion_rates`;
    await requestRefresh(sql, { view_name: RATES, concurrently: false }, system_actor);
    const ticking = createViewRefresher().tick(app, controller.signal);
    await eventually('the refresh waits for its lock', async () => {
      const rows = await sql`
        select pid from pg_stat_activity
        where wait_event_type = 'Lock' and query like '%refresh_view%' and datname = current_database()`;
      return rows.length === 1;
    });
    controller.abort();
    expect(await ticking).toBe(0);
  });
  expect(await stateOf(RATES)).toMatchObject({ failures_in_row: 0, last_error: null });
  expect(await tick()).toBe(1);
});
