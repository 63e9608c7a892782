import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import {
  every_max,
  ruleText,
  type SeriesDate,
  type SeriesRule,
  seriesDates,
  VISITS_MAX,
  VISITS_MIN,
} from '../../domain/series.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { instantOf, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import {
  type CreateResult,
  createSeries as create,
  findSeries,
  findSeriesService,
  type SeriesService,
  visitsOfSeries,
} from '../store/series.ts';
import { pricesOf, type SeriesPlace } from '../store/series-places.ts';
import { dbActor, ownerOf, scopeOf } from './actor.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { afterOverdue, conflictFailure } from './series-failure.ts';
import {
  type Conflict,
  type Plan,
  planVisits,
  reasonOfOutcome,
  toldConflicts,
  type Wanted,
  type Wish,
} from './series-plan.ts';
import { zonedText } from './slot-time.ts';

type Request = Input<'create_series'>;
type Answer = Output<'create_series'>;
type Visit = Answer['visits'][number];

const wrong = (path: string, message: string) =>
  new AppError('invalid_input', message, { errors: [{ path: `body.${path}`, message }] });

/** Vets tried for one visit, as for single holds. */
const CANDIDATES_MAX = 5;

function ruleOf(input: Request): SeriesRule {
  const { every, unit, weekdays, month_by, count = null, until = null } = input;
  if (every > every_max[unit]) {
    throw wrong('every', `At most ${every_max[unit]} ${unit}s lie between two visits.`);
  }
  if (unit !== 'week' && weekdays.length > 0) {
    throw wrong('weekdays', 'Weekdays go with weeks: leave them out, or set unit to week.');
  }
  return { every, unit, weekdays, month_by, start: input.date, count, until };
}

function datesOf(rule: SeriesRule): readonly SeriesDate[] {
  const dates = seriesDates(rule);
  if (dates.length > VISITS_MAX) {
    const last = dates[VISITS_MAX - 1]?.date ?? '';
    throw wrong('until', `A series has ${VISITS_MAX} visits at most: end it with ${last}.`);
  }
  if (dates.length < VISITS_MIN) {
    const what = dates.length === 0 ? 'no visit' : 'one visit only';
    throw wrong('until', `Up to that day the rule gives ${what}: end it later, or book it alone.`);
  }
  return dates;
}

async function serviceOf(
  app: App,
  actor: Actor,
  user_id: string,
  input: Request,
): Promise<SeriesService> {
  const { service_id, pet_id = null, staff_id = null } = input;
  const { clinic_id } = actor;
  const wish = { service_id, user_id, pet_id, staff_id, clinic_id };
  const service = await findSeriesService(app.sql, wish);
  const absent = (detail: string) => new AppError('not_found', detail);
  if (!service) throw absent('There is no such service.');
  if (!service.has_pet) {
    throw pet_id === null
      ? wrong('pet_id', 'Say for which pet: a clinic has to know.')
      : absent('The owner has no such pet.');
  }
  if (staff_id !== null && service.staff_name === null) throw absent('There is no such vet.');
  if (!service.is_available) throw failure('service_unavailable');
  return service;
}

/** What an owner cannot do alone: the desk takes money and says yes. */
function assertOwnersOwn(actor: Actor, rule: 'pay_before' | 'ask_before' | null): void {
  if (actor.role !== 'customer' || rule === null) return;
  const detail =
    rule === 'pay_before'
      ? 'The visits of a series are paid at the clinic, and this service asks for money before: book them one by one, or ask the clinic.'
      : 'The clinic wants to be asked before each visit of this service: book them one by one, or ask the clinic.';
  throw failure('policy_refused', { rule }, detail);
}

function wantedOf(dates: readonly SeriesDate[], time: string, time_zone: string) {
  return dates.map(({ date, note }, index): Wanted & { readonly note: Visit['note'] } => {
    const { instant, kind } = instantOf(date, time, time_zone);
    return {
      position: index + 1,
      date,
      time,
      starts_at: kind === 'gap' ? null : instant,
      // The first of two readings, as everywhere.
      note: kind === 'double' ? 'clock_double' : note,
    };
  });
}

type Job = {
  readonly input: Request;
  readonly rule: SeriesRule;
  readonly service: SeriesService;
  readonly wish: Wish;
  readonly notes: ReadonlyMap<number, Visit['note']>;
};

/** The visits as they would be. */
async function foreseen(app: App, actor: Actor, job: Job, plan: Plan): Promise<readonly Visit[]> {
  const { service, wish, notes } = job;
  const slot_ids = plan.visits.map(({ places }) => places[0].slot_id);
  const prices = await pricesOf(app.sql, slot_ids, wish.quantity, dbActor(actor));
  const by_slot = new Map(prices.map((price) => [price.slot_id, price]));
  const is_due = prices.some(({ amount_due }) => Number(amount_due ?? '0') > 0);
  assertOwnersOwn(actor, is_due ? 'pay_before' : service.requires_approval ? 'ask_before' : null);
  return plan.visits.map(({ wanted, places: [place] }) => ({
    position: wanted.position,
    booking_id: null,
    reference_code: null,
    status: null,
    ...placeJson(place, service.time_zone),
    amount: moneyText(by_slot.get(place.slot_id)?.amount ?? '0', service.currency),
    payment_state: null,
    note: notes.get(wanted.position) ?? null,
  }));
}

function placeJson(
  place: Pick<SeriesPlace, 'slot_id' | 'starts_at' | 'ends_at' | 'staff_id' | 'staff_name'>,
  time_zone: string,
) {
  const { date, time, text } = localTime(place.starts_at, time_zone);
  const { slot_id, staff_id, staff_name } = place;
  const ends_at = zonedText(place.ends_at, time_zone);
  return { slot_id, starts_at: text, ends_at, date, time, staff_id, staff_name };
}

function sumOf(visits: readonly Visit[], currency: string): string {
  const minors = visits.map(({ amount }) => parseAmount(amount, currency).amount_minor);
  const amount_minor = minors.reduce((sum, minor) => sum + minor, 0);
  return amountText({ amount_minor, currency });
}

async function made(app: App, actor: Actor, job: Job, series_id: string) {
  const [series, rows] = await Promise.all([
    findSeries(app.sql, series_id, scopeOf(actor)),
    visitsOfSeries(app.sql, series_id),
  ]);
  if (!series) throw new Error(`the series ${series_id} is not there`);
  const visits = rows.map(
    (row): Visit => ({
      position: row.position,
      booking_id: row.booking_id,
      reference_code: row.reference_code,
      status: row.status,
      ...placeJson(row, series.time_zone),
      amount: moneyText(row.amount, row.currency),
      payment_state: row.payment_state,
      note: job.notes.get(row.position) ?? null,
    }),
  );
  return { series, visits };
}

/** Asks the judge; once more after a hold with an open payment page was ended. */
async function judge(
  app: App,
  actor: Actor,
  job: Job,
  plan: Plan,
  series_id: string,
): Promise<CreateResult> {
  const { input, rule, service, wish } = job;
  const { every, unit, weekdays, month_by } = rule;
  const series = {
    series_id,
    clinic_id: service.clinic_id,
    service_id: wish.service_id,
    user_id: wish.user_id,
    pet_id: input.pet_id ?? null,
    staff_id: input.staff_id ?? null,
    quantity: wish.quantity,
    every,
    unit,
    weekdays,
    month_by,
    start_date: rule.start,
    start_time: input.time,
    visits_asked: wish.wanted.length,
    until_date: rule.until,
    notes: input.notes ? input.notes : null,
  };
  const visits = plan.visits.map(({ wanted, places }) => ({
    position: wanted.position,
    starts_at: places[0].starts_at.toString(),
    reservation_id: randomUUIDv7(),
    slot_ids: places.slice(0, CANDIDATES_MAX).map(({ slot_id }) => slot_id),
  }));
  const skip = input.skip_conflicts;
  return await afterOverdue(app, () => create(app.sql, series, visits, skip, dbActor(actor)));
}

/** What the judge refused, with other times. */
async function refusedVisits(
  app: App,
  { wish }: Job,
  plan: Plan,
  { failed }: CreateResult,
): Promise<readonly Conflict[]> {
  const by_position = new Map(wish.wanted.map((wanted) => [wanted.position, wanted]));
  const unplanned = failed.flatMap(({ position, why, rule }) => {
    const wanted = by_position.get(position);
    return wanted ? [{ wanted, reason: reasonOfOutcome(why, rule) }] : [];
  });
  return await toldConflicts(app, wish, plan, [...plan.conflicts, ...unplanned]);
}

/**
 * Books visits that come again: all or none, or without the dates that cannot be. Every date is looked
 * at, and each conflict is told with the nearest open times. Each visit is paid at the clinic.
 */
export async function createSeries(app: App, actor: Actor, input: Request): Promise<Answer> {
  const user_id = ownerOf(actor, input.user_id);
  const rule = ruleOf(input);
  const dates = datesOf(rule);
  const service = await serviceOf(app, actor, user_id, input);
  const wanted = wantedOf(dates, input.time, service.time_zone);
  const wish: Wish = {
    service_id: input.service_id,
    user_id,
    time_zone: service.time_zone,
    quantity: input.quantity,
    staff_id: input.staff_id ?? null,
    same_vet: input.same_vet,
    wanted,
    going: new Set(),
    going_slots: new Set(),
  };
  const notes = new Map(wanted.map(({ position, note }) => [position, note]));
  const job: Job = { input, rule, service, wish, notes };
  const plan = await planVisits(app, wish);
  const told = await toldConflicts(app, wish, plan, plan.conflicts);
  const known = {
    dry_run: input.dry_run,
    clinic_id: service.clinic_id,
    service_id: input.service_id,
    service_name: service.service_name,
    rule_text: ruleText({ ...rule, start: dates[0]?.date ?? rule.start }),
    currency: service.currency,
  };
  const expected = await foreseen(app, actor, job, plan);
  if (input.dry_run) {
    const amount = sumOf(expected, service.currency);
    const none = { series_id: null, series_code: null, version: null };
    return { ...known, ...none, visits: expected, conflicts: told, amount };
  }
  const asked = wanted.length;
  if (plan.visits.length === 0 || (told.length > 0 && !input.skip_conflicts)) {
    throw conflictFailure(told, asked, 'booked');
  }
  const series_id = randomUUID();
  const result = await judge(app, actor, job, plan, series_id);
  if (result.outcome === 'policy_refused') {
    assertOwnersOwn(actor, result.rule === 'ask_before' ? 'ask_before' : 'pay_before');
  }
  const conflicts = result.failed.length === 0 ? told : await refusedVisits(app, job, plan, result);
  if (result.outcome !== 'ok') throw conflictFailure(conflicts, asked, 'booked');
  app.wake.relay();
  const { series, visits } = await made(app, actor, job, series_id);
  const { series_code, version } = series;
  const amount = sumOf(visits, service.currency);
  return { ...known, series_id, series_code, visits, conflicts, amount, version };
}
