import { AppError } from '../../domain/errors.ts';
import { ruleText, seriesDates } from '../../domain/series.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import {
  findSeries,
  listSeries as list,
  type SeriesRow,
  type SeriesVisitRow,
  visitsOfSeries,
} from '../store/series.ts';
import { scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { moneyText } from './money-text.ts';
import { masker } from './personal-data.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

type Series = Output<'get_series'>;

/** The rule as it was asked for, with its first real date. */
function ruleOf(row: SeriesRow) {
  const { every, unit, weekdays, month_by } = row;
  const start = row.start_date.toString();
  const rule = { every, unit, weekdays, month_by, start };
  const [first] = seriesDates({ ...rule, count: 1, until: null });
  return {
    every,
    unit,
    weekdays,
    month_by,
    rule_text: ruleText({ ...rule, start: first?.date ?? start }),
  };
}

function summaryJson(row: SeriesRow, actor: Actor): Output<'list_series'>['items'][number] {
  const mask = masker(actor);
  const { time_zone } = row;
  return {
    series_id: row.series_id,
    series_code: row.series_code,
    clinic_id: row.clinic_id,
    clinic_name: row.clinic_name,
    service_id: row.service_id,
    service_name: row.service_name,
    user_id: row.user_id,
    owner_name: mask(row.owner_name),
    pet_id: row.pet_id,
    pet_name: mask(row.pet_name),
    staff_id: row.staff_id,
    ...ruleOf(row),
    start_date: row.start_date.toString(),
    start_time: row.start_time.toString({ smallestUnit: 'minute' }),
    until: row.until_date?.toString() ?? null,
    quantity: row.quantity,
    visits_asked: row.visits_asked,
    visits_made: row.visits_made,
    visits_left: row.visits_left,
    next_visit_at: zonedTextOrNull(row.next_visit_at, time_zone),
    currency: row.currency,
    version: row.version,
    created_at: zonedText(row.created_at, time_zone),
  };
}

function visitJson(visit: SeriesVisitRow, time_zone: string): Series['visits'][number] {
  const { date, time, text } = localTime(visit.starts_at, time_zone);
  const { position, booking_id, reference_code, status, slot_id, staff_id, staff_name } = visit;
  return {
    position,
    booking_id,
    reference_code,
    status,
    slot_id,
    starts_at: text,
    ends_at: zonedText(visit.ends_at, time_zone),
    date,
    time,
    staff_id,
    staff_name,
    amount: moneyText(visit.amount, visit.currency),
    payment_state: visit.payment_state,
    note: null,
  };
}

/** A series within the caller's scope, or the failure that there is none. */
export async function mustFindSeries(app: App, actor: Actor, ref: string): Promise<SeriesRow> {
  const series = await findSeries(app.sql, ref, scopeOf(actor));
  if (series) return series;
  const detail = ref.startsWith('BP')
    ? `There is no such booking, or ${ref} belongs to no series.`
    : 'There is no such series.';
  throw new AppError('not_found', detail, { next: 'petpro series list' });
}

/** One series with all its visits. */
export async function getSeries(
  app: App,
  actor: Actor,
  { series_id }: Input<'get_series'>,
): Promise<Series> {
  const row = await mustFindSeries(app, actor, series_id);
  const visits = await visitsOfSeries(app.sql, row.series_id);
  return {
    ...summaryJson(row, actor),
    notes: masker(actor)(row.notes),
    visits: visits.map((visit) => visitJson(visit, row.time_zone)),
  };
}

/** Series of an owner or a clinic, newest first. */
export async function listSeries(
  app: App,
  actor: Actor,
  input: Input<'list_series'>,
): Promise<Output<'list_series'>> {
  const { user_id, clinic_id, service_id, limit } = input;
  const rows = await list(app.sql, {
    scope: scopeOf(actor),
    user_id,
    clinic_id,
    service_id,
    after: decodeTimeCursor(input.cursor),
    limit: limit + 1,
  });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.series_id]);
  return {
    items: page.items.map((row) => summaryJson(row, actor)),
    next_cursor: page.next_cursor,
  };
}
