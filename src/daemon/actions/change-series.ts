import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import { whyNotCancel, whyNotReschedule } from '../../domain/refusal.ts';
import { visitsInScope } from '../../domain/series.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { instantOf, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { refusalsOf } from '../locks/recent-refusals.ts';
import { findBooking } from '../store/bookings.ts';
import {
  cancelSeries as cancel,
  type MoveResult,
  moveSeries as move,
  type SeriesRow,
  type SeriesVisitRow,
  visitsOfSeries,
} from '../store/series.ts';
import { placesAt, type SeriesPlace } from '../store/series-places.ts';
import { endGrace, graceOf } from '../store/undo.ts';
import { dbActor, scopeOf } from './actor.ts';
import { refusedBooking, refusedBy } from './explain.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { mustFindSeries } from './series.ts';
import { afterOverdue, conflictFailure, withRetries } from './series-failure.ts';
import {
  type Plan,
  planVisits,
  reasonOfOutcome,
  toldConflicts,
  type Wanted,
  type Wish,
} from './series-plan.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

/** Moving and cancelling visits of a series: one, this and the following, or all. */

type Change = Pick<
  Input<'cancel_series'>,
  'series_id' | 'scope' | 'booking_id' | 'by' | 'expected_version'
>;

type Scoped = {
  readonly series: SeriesRow;
  readonly visits: readonly SeriesVisitRow[];
  readonly version: number;
};

/** Vets tried for one visit, as for single moves. */
const CANDIDATES_MAX = 5;

function anchorOf(visits: readonly SeriesVisitRow[], change: Change): SeriesVisitRow | null {
  const { scope, series_id } = change;
  const ref = change.booking_id ?? (series_id.startsWith('SR') ? undefined : series_id);
  const found = visits.find((visit) => visit.booking_id === ref || visit.reference_code === ref);
  if (found !== undefined || (change.booking_id === undefined && scope === 'all')) {
    return found ?? null;
  }
  if (change.booking_id !== undefined) {
    throw new AppError('not_found', 'That booking is not of this series.', {
      next: 'petpro series show',
    });
  }
  throw new AppError('invalid_input', `Say which visit: "${scope}" begins with one.`, {
    errors: [{ path: 'body.booking_id', message: 'Required unless scope is all' }],
  });
}

async function scopeVisits(app: App, actor: Actor, change: Change): Promise<Scoped> {
  if (change.by === 'clinic' && actor.role === 'customer') {
    throw new AppError('forbidden', 'Only staff may do this for the clinic.');
  }
  const series = await mustFindSeries(app, actor, change.series_id);
  const all = await visitsOfSeries(app.sql, series.series_id);
  const version = change.expected_version ?? series.version;
  if (version !== series.version) throw stale(series);
  const anchor = anchorOf(all, change);
  const visits = visitsInScope(all, change.scope, anchor, Temporal.Now.instant());
  if (visits.length === 0) {
    // The visits are read after the version: somebody may have changed them in between.
    const now = await mustFindSeries(app, actor, series.series_id);
    if (now.version !== version) throw stale(now);
    const facts = { rule: 'nothing_left', series_code: series.series_code };
    throw failure('policy_refused', facts, 'No visit of this series is still to come.');
  }
  return { series, visits, version };
}

const stale = ({ series_code, version }: SeriesRow) =>
  failure(
    'conflict',
    { version, next: `petpro series show ${series_code}` },
    'A visit of this series has changed in the meantime; look at it again.',
  );

function sum(texts: readonly string[], currency: string): string {
  const minors = texts.map((text) => parseAmount(text, currency).amount_minor);
  return amountText({ amount_minor: minors.reduce((all, one) => all + one, 0), currency });
}

/** Cancels visits of a series, all of those that the scope names or none. */
export async function cancelSeries(
  app: App,
  actor: Actor,
  input: Input<'cancel_series'>,
): Promise<Output<'cancel_series'>> {
  const { scope, by, quote, reason = null } = input;
  const { series, visits, version } = await scopeVisits(app, actor, input);
  const booking_ids = visits.map(({ booking_id }) => booking_id);
  const { series_id, series_code, time_zone } = series;
  const change = { series_id, booking_ids, by, reason, expected_version: version, quote };
  const done = await withRetries(() => cancel(app.sql, change, dbActor(actor)));
  if (done.outcome === 'conflict') throw stale({ ...series, version: done.version });
  if (done.outcome === 'policy_refused' && done.failed_id !== null) {
    const booking = await findBooking(app.sql, done.failed_id, scopeOf(actor));
    if (booking) throw refusedBy(whyNotCancel(await refusedBooking(app, booking), by));
  }
  if (done.outcome !== 'ok') throw failure(done.outcome);
  const by_id = new Map(visits.map((visit) => [visit.booking_id, visit]));
  const currency = visits[0]?.currency ?? series.currency;
  const cancelled = done.visits.flatMap((one) => {
    const visit = by_id.get(one.booking_id);
    if (!visit) return [];
    const { date, time, text } = localTime(visit.starts_at, time_zone);
    const { position, booking_id, reference_code } = visit;
    return [
      {
        position,
        booking_id,
        reference_code,
        starts_at: text,
        date,
        time,
        refund_percent: one.refund_percent,
        refund_amount: moneyText(one.refund_amount, currency),
      },
    ];
  });
  let undo_until: Temporal.Instant | null = null;
  if (!quote) {
    for (const { slot_id, booking_id } of done.visits) {
      refusalsOf(app.locks)?.forget(slot_id);
      if (input.now) await endGrace(app.sql, booking_id);
    }
    const [first] = done.visits;
    if (first) undo_until = await graceOf(app.sql, first.booking_id, first.version);
    app.wake.relay();
    app.wake.dispatcher();
  }
  return {
    series_id,
    series_code,
    quote,
    scope,
    cancelled,
    refund_amount: sum(
      cancelled.map(({ refund_amount }) => refund_amount),
      currency,
    ),
    currency,
    undo_until: zonedTextOrNull(undo_until, time_zone),
    version: done.version,
  };
}

type MoveInput = Input<'move_series'>;

/** By so many days on the clinic's calendar, and to that time of its clock. */
function wantedOf(visit: SeriesVisitRow, input: MoveInput, time_zone: string): Wanted {
  const now = localTime(visit.starts_at, time_zone);
  const date = Temporal.PlainDate.from(now.date).add({ days: input.days }).toString();
  const time = input.time ?? now.time;
  const { instant, kind } = instantOf(date, time, time_zone);
  const { position, reference_code } = visit;
  const is_same = date === now.date && time === now.time;
  // The very moment, where the clock shows that time twice.
  const starts_at = is_same ? visit.starts_at : kind === 'gap' ? null : instant;
  return { position, date, time, starts_at, reference_code };
}

/** First those that make room for the others: the last one when all go later, the first when earlier. */
function inOrder<T extends { readonly from: Temporal.Instant; readonly to: Temporal.Instant }>(
  moves: readonly T[],
): readonly T[] {
  const isLater = ({ from, to }: T) => Temporal.Instant.compare(to, from) > 0;
  const later = moves.filter(isLater).toSorted((a, b) => Temporal.Instant.compare(b.from, a.from));
  const earlier = moves
    .filter((one) => !isLater(one))
    .toSorted((a, b) => Temporal.Instant.compare(a.from, b.from));
  return [...earlier, ...later];
}

type MoveJob = {
  readonly scoped: Scoped;
  readonly input: MoveInput;
  readonly wish: Wish;
  readonly plan: Plan;
};

/** The places of each visit: the vet who has it first, then whoever is free. */
function itemsOf({ scoped, plan }: MoveJob) {
  const by_position = new Map(scoped.visits.map((visit) => [visit.position, visit]));
  const moves = plan.visits.flatMap(({ wanted, places }) => {
    const visit = by_position.get(wanted.position);
    if (!visit) return [];
    const others = places
      .filter(({ slot_id }) => slot_id !== visit.slot_id)
      .toSorted(
        (a, b) => Number(b.staff_id === visit.staff_id) - Number(a.staff_id === visit.staff_id),
      );
    const to = places[0].starts_at;
    return [{ visit, from: visit.starts_at, to, places: others.slice(0, CANDIDATES_MAX) }];
  });
  return inOrder(moves).map(({ visit, places }) => ({
    booking_id: visit.booking_id,
    slot_ids: places.map(({ slot_id }) => slot_id),
  }));
}

async function planMove(app: App, scoped: Scoped, input: MoveInput): Promise<MoveJob> {
  const { series, visits } = scoped;
  const wish: Wish = {
    service_id: series.service_id,
    user_id: series.user_id,
    time_zone: series.time_zone,
    quantity: series.quantity,
    staff_id: input.staff_id ?? null,
    same_vet: false,
    wanted: visits.map((visit) => wantedOf(visit, input, series.time_zone)),
    going: new Set(visits.flatMap(({ reservation_id }) => reservation_id ?? [])),
    going_slots: new Set(visits.map(({ slot_id }) => slot_id)),
  };
  return { scoped, input, wish, plan: await planVisits(app, wish) };
}

async function refusedMoves(app: App, job: MoveJob, { failed }: Pick<MoveResult, 'failed'>) {
  const { scoped, wish, plan } = job;
  const positions = new Map(
    scoped.visits.map(({ booking_id, position }) => [booking_id, position]),
  );
  const unplanned = failed.flatMap(({ booking_id, why, rule }) => {
    const position = positions.get(booking_id);
    const wanted = wish.wanted.find((one) => one.position === position);
    return wanted ? [{ wanted, reason: reasonOfOutcome(why, rule) }] : [];
  });
  return await toldConflicts(app, wish, plan, [...plan.conflicts, ...unplanned]);
}

async function movedJson(
  app: App,
  { scoped, wish }: MoveJob,
  { visits }: MoveResult,
): Promise<Output<'move_series'>['moved']> {
  const { series } = scoped;
  const { time_zone, currency } = series;
  const moments = wish.wanted.flatMap(({ starts_at }) => (starts_at === null ? [] : [starts_at]));
  const places: readonly SeriesPlace[] = await placesAt(app.sql, series.service_id, moments);
  const by_slot = new Map(places.map((place) => [place.slot_id, place]));
  const by_id = new Map(scoped.visits.map((visit) => [visit.booking_id, visit]));
  return visits
    .flatMap((one) => {
      const visit = by_id.get(one.booking_id);
      const place = by_slot.get(one.slot_id);
      if (!visit || !place) return [];
      const { date, time, text } = localTime(place.starts_at, time_zone);
      const money = (amount: string) => moneyText(amount, currency);
      return [
        {
          position: visit.position,
          booking_id: visit.booking_id,
          reference_code: visit.reference_code,
          slot_id: one.slot_id,
          previous_starts_at: zonedText(visit.starts_at, time_zone),
          starts_at: text,
          date,
          time,
          staff_name: place.staff_name,
          previous_amount: money(one.old_amount),
          amount: money(one.amount),
          refund_amount: money(one.refund_amount),
          due_amount: money(one.due_amount),
        },
      ];
    })
    .toSorted((a, b) => a.position - b.position);
}

async function assertMovable(app: App, actor: Actor, { visits }: Scoped, input: MoveInput) {
  const [visit] = visits;
  if (input.scope !== 'one' || visit === undefined) return;
  const booking = await findBooking(app.sql, visit.booking_id, scopeOf(actor));
  if (!booking) throw failure('not_found');
  const has_begun = Temporal.Instant.compare(booking.starts_at, Temporal.Now.instant()) <= 0;
  const same_slot = false;
  const refused = await refusedBooking(app, booking);
  const why = whyNotReschedule(refused, { same_slot, by: input.by, has_begun });
  if (why) throw refusedBy(why);
}

/**
 * Moves visits of a series by as many days, and to another time or vet: all or none, or without those
 * that cannot. `quote` judges by doing it and undoing it, so that what it says is what would happen.
 */
export async function moveSeries(
  app: App,
  actor: Actor,
  input: MoveInput,
): Promise<Output<'move_series'>> {
  const { scope, by, quote, reason = null, skip_conflicts: skip } = input;
  const scoped = await scopeVisits(app, actor, input);
  await assertMovable(app, actor, scoped, input);
  const { series, visits, version } = scoped;
  const { series_id, series_code, currency } = series;
  const job = await planMove(app, scoped, input);
  const items = itemsOf(job);
  const planned_out = job.plan.conflicts.length > 0;
  if (items.length === 0 || (planned_out && !skip)) {
    throw conflictFailure(await refusedMoves(app, job, { failed: [] }), visits.length, 'moved');
  }
  const change = { series_id, items, by, reason, expected_version: version, skip, quote };
  const done = await afterOverdue(app, () => move(app.sql, change, dbActor(actor)));
  if (done.outcome === 'not_found') throw failure('not_found');
  if (done.outcome === 'conflict' && done.failed.length === 0) {
    throw stale({ ...series, version: done.version });
  }
  const conflicts = await refusedMoves(app, job, done);
  if (done.outcome !== 'ok') throw conflictFailure(conflicts, visits.length, 'moved');
  const moved = await movedJson(app, job, done);
  if (!quote) {
    for (const { old_slot_id } of done.visits) refusalsOf(app.locks)?.forget(old_slot_id);
    app.wake.relay();
    app.wake.dispatcher();
  }
  return {
    series_id,
    series_code,
    quote,
    scope,
    moved,
    conflicts,
    refund_amount: sum(
      moved.map(({ refund_amount }) => refund_amount),
      currency,
    ),
    due_amount: sum(
      moved.map(({ due_amount }) => due_amount),
      currency,
    ),
    currency,
    version: done.version,
  };
}
