/** The dates of visits that come again. Pure: local dates in, local dates out; the clock is the clinic's. */

export const series_units = ['day', 'week', 'month'] as const;
export type SeriesUnit = (typeof series_units)[number];

/** A year of weeks: one transaction makes them all, and others wait for it. */
export const VISITS_MAX = 52;
export const VISITS_MIN = 2;
/** Most days, weeks or months between two visits. */
export const every_max: Readonly<Record<SeriesUnit, number>> = { day: 365, week: 52, month: 24 };

export type SeriesRule = {
  readonly every: number;
  readonly unit: SeriesUnit;
  /** ISO, for weeks only; empty = the weekday of `start`. */
  readonly weekdays: readonly number[];
  /** For months only: the same day of the month, or the same weekday of it ("second Tuesday"). */
  readonly month_by: 'date' | 'weekday';
  /** The first day that may be one. */
  readonly start: string;
  /** Ends after so many visits, or with this day, whichever is given. */
  readonly count: number | null;
  readonly until: string | null;
};

/** Why a date is not quite what the rule says. */
export type DateNote =
  /** The month has no such day: its last one. */
  | 'short_month'
  /** The month has no fifth such weekday: the last one. */
  | 'no_fifth';

export type SeriesDate = { readonly date: string; readonly note: DateNote | null };

type Step = { readonly day: Temporal.PlainDate; readonly note: DateNote | null };

function stepsOfWeek(rule: SeriesRule, start: Temporal.PlainDate, n: number): readonly Step[] {
  const monday = start.subtract({ days: start.dayOfWeek - 1 }).add({ weeks: n * rule.every });
  const days = rule.weekdays.length === 0 ? [start.dayOfWeek] : rule.weekdays;
  return [...new Set(days)]
    .toSorted((a, b) => a - b)
    .map((weekday) => ({ day: monday.add({ days: weekday - 1 }), note: null }));
}

/** Counted from the first visit each time: 31 January, 28 February, 31 March, not 28 for ever after. */
function stepOfMonth(rule: SeriesRule, start: Temporal.PlainDate, n: number): Step {
  const months = n * rule.every;
  if (rule.month_by === 'date') {
    const day = start.add({ months });
    return { day, note: day.day === start.day ? null : 'short_month' };
  }
  const first = start.toPlainYearMonth().add({ months }).toPlainDate({ day: 1 });
  const ahead = (start.dayOfWeek - first.dayOfWeek + 7) % 7;
  const nth = Math.ceil(start.day / 7);
  const wanted = 1 + ahead + 7 * (nth - 1);
  return wanted <= first.daysInMonth
    ? { day: first.with({ day: wanted }), note: null }
    : { day: first.with({ day: wanted - 7 }), note: 'no_fifth' };
}

function stepsOf(rule: SeriesRule, start: Temporal.PlainDate, n: number): readonly Step[] {
  switch (rule.unit) {
    case 'day':
      return [{ day: start.add({ days: n * rule.every }), note: null }];
    case 'week':
      return stepsOfWeek(rule, start, n);
    case 'month':
      return [stepOfMonth(rule, start, n)];
  }
}

/**
 * The dates of a rule in order. One more than `VISITS_MAX` tells that the rule asks for too many.
 */
export function seriesDates(rule: SeriesRule): readonly SeriesDate[] {
  const start = Temporal.PlainDate.from(rule.start);
  const until = rule.until === null ? null : Temporal.PlainDate.from(rule.until);
  const wanted = Math.min(rule.count ?? VISITS_MAX + 1, VISITS_MAX + 1);
  const dates: SeriesDate[] = [];
  // Every step but the first of weeks gives at least one date.
  for (let n = 0; n <= VISITS_MAX + 1; n += 1) {
    for (const { day, note } of stepsOf(rule, start, n)) {
      if (Temporal.PlainDate.compare(day, start) < 0) continue;
      if (until !== null && Temporal.PlainDate.compare(day, until) > 0) return dates;
      dates.push({ date: day.toString(), note });
      if (dates.length === wanted) return dates;
    }
  }
  return dates;
}

/** Which visits a change is about: this one, this and all later ones, or all that are to come. */
export const series_scopes = ['one', 'following', 'all'] as const;
export type SeriesScope = (typeof series_scopes)[number];

type Visit = {
  readonly booking_id: string;
  readonly status: string;
  readonly starts_at: Temporal.Instant;
};

/** The visits that a change touches: of what the scope names, those that stand and have not begun. */
export function visitsInScope<T extends Visit>(
  visits: readonly T[],
  scope: SeriesScope,
  from: T | null,
  now: Temporal.Instant,
): readonly T[] {
  const isLeft = (visit: T) =>
    visit.status === 'confirmed' && Temporal.Instant.compare(visit.starts_at, now) > 0;
  switch (scope) {
    case 'one':
      return from === null ? [] : [from];
    case 'following':
      return visits.filter(
        (visit) =>
          from !== null &&
          isLeft(visit) &&
          Temporal.Instant.compare(visit.starts_at, from.starts_at) >= 0,
      );
    case 'all':
      return visits.filter(isLeft);
  }
}

const day_names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const nth_names = ['first', 'second', 'third', 'fourth', 'fifth'];

/** `every 2 weeks on Tue, Fri`, as people say it. */
export function ruleText(
  rule: Pick<SeriesRule, 'every' | 'unit' | 'weekdays' | 'month_by' | 'start'>,
) {
  const { every, unit, weekdays, month_by } = rule;
  const start = Temporal.PlainDate.from(rule.start);
  const beat = every === 1 ? `every ${unit}` : `every ${every} ${unit}s`;
  const nameOf = (weekday: number) => day_names[weekday - 1] ?? '';
  if (unit === 'week') {
    const days = weekdays.length === 0 ? [start.dayOfWeek] : weekdays;
    return `${beat} on ${days.map(nameOf).join(', ')}`;
  }
  if (unit === 'month' && month_by === 'weekday') {
    const nth = nth_names[Math.ceil(start.day / 7) - 1] ?? '';
    return `${beat} on the ${nth} ${nameOf(start.dayOfWeek)}`;
  }
  return unit === 'month' ? `${beat} on day ${start.day}` : beat;
}
