import { dayClock, type Span } from './schedule-clock.ts';
import { dayRange } from './time.ts';

/** From hours to slots: which ones a clinic wants to sell, and why there is none elsewhere. Pure. */

/** Weekly hours. Without service they bound what is sold then; without vet and service, all of it. */
export type HoursRow = {
  readonly schedule_id: string;
  readonly staff_id: string | null;
  readonly service_id: string | null;
  readonly room_id: string | null;
  readonly kind: 'work' | 'break';
  /** ISO: 1 = Monday, of the day on which they begin. */
  readonly weekday: number;
  readonly opens: string;
  /** Not after `opens` = past midnight. */
  readonly closes: string;
  readonly step_minutes: number | null;
  readonly valid_from: string | null;
  readonly valid_to: string | null;
};

export type ExceptionRow = {
  readonly staff_id: string | null;
  readonly date: string;
  readonly is_closed: boolean;
  readonly opens: string | null;
  readonly closes: string | null;
};

export type ServiceRule = {
  readonly service_id: string;
  readonly duration_minutes: number;
  readonly capacity: number;
  readonly buffer_before_minutes: number;
  readonly buffer_after_minutes: number;
};

export type ScheduleRules = {
  readonly time_zone: string;
  readonly holiday_policy: 'ask' | 'close' | 'open';
  readonly hours: readonly HoursRow[];
  readonly exceptions: readonly ExceptionRow[];
  readonly holidays: readonly { readonly date: string; readonly name: string }[];
  readonly services: readonly ServiceRule[];
  readonly time_off: readonly (Span & { readonly staff_id: string })[];
};

/** Why hours give no slot at a time. */
export const gap_reasons = [
  'clock_skips',
  'clock_repeats',
  'closed',
  'holiday',
  'vet_away',
  'clinic_closed',
  'vet_not_in',
  'break',
  'time_off',
  'too_short',
] as const;
export type GapReason = (typeof gap_reasons)[number];

export type Gap = {
  readonly date: string;
  readonly time: string;
  readonly service_id: string;
  readonly staff_id: string | null;
  readonly reason: GapReason;
};

/** A slot as it should be; instants in epoch milliseconds, local times as the clinic's clock shows. */
export type WantedSlot = {
  readonly service_id: string;
  readonly staff_id: string | null;
  readonly room_id: string | null;
  readonly starts_ms: number;
  readonly ends_ms: number;
  readonly busy_from_ms: number;
  readonly busy_to_ms: number;
  readonly capacity: number;
  readonly date: string;
  readonly time: string;
};

export type Wish = {
  readonly from: string;
  /** The last day, included. */
  readonly to: string;
  /** What has begun is not made. */
  readonly now_ms: number;
};

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

export const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
export const closingMinutes = (opens: number, closes: number) =>
  closes > opens ? closes : closes + DAY_MINUTES;

/** Wall-clock text of minutes past midnight; those of the next day too. */
export function timeText(minutes: number): string {
  const of_day = minutes % DAY_MINUTES;
  return `${String(Math.floor(of_day / 60)).padStart(2, '0')}:${String(of_day % 60).padStart(2, '0')}`;
}

export const isValidOn = (row: HoursRow, date: string) =>
  (row.valid_from === null || row.valid_from <= date) &&
  (row.valid_to === null || row.valid_to >= date);

type Hours = { readonly opens: string; readonly closes: string };
type Day = { readonly date: string; readonly plain: Temporal.PlainDate };

const dayAt = (plain: Temporal.PlainDate): Day => ({ date: plain.toString(), plain });
const within = (span: Span, bounds: readonly Span[]) =>
  bounds.some(({ from, to }) => from <= span.from && to >= span.to);
const overlaps = (span: Span, others: readonly Span[]) =>
  others.some(({ from, to }) => from < span.to && to > span.from);

/** Spans that touch or overlap, as one: a visit may lie across the seam of two shifts. */
function merged(spans: readonly Span[]): readonly Span[] {
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
}

/** What holds for all services of a day: whether it is one, and the hours around. */
function calendarOf(rules: ScheduleRules) {
  const clock = dayClock(rules.time_zone);
  const exceptions = Map.groupBy(rules.exceptions, ({ staff_id, date }) => `${staff_id}|${date}`);
  const holidays = new Set(rules.holidays.map(({ date }) => date));
  const bounding = rules.hours.filter((row) => row.service_id === null);
  const of = (staff_id: string | null, date: string) => exceptions.get(`${staff_id}|${date}`) ?? [];

  const otherHours = (staff_id: string | null, date: string): readonly Hours[] =>
    of(staff_id, date).flatMap(({ is_closed, opens, closes }) =>
      is_closed || opens === null || closes === null ? [] : [{ opens, closes }],
    );
  const closedWhy = (staff_id: string | null, date: string): GapReason | null => {
    if (of(null, date).some(({ is_closed }) => is_closed)) return 'closed';
    const is_decided = of(null, date).length > 0;
    if (rules.holiday_policy === 'close' && holidays.has(date) && !is_decided) return 'holiday';
    const is_away = staff_id !== null && of(staff_id, date).some(({ is_closed }) => is_closed);
    return is_away ? 'vet_away' : null;
  };
  const spanOf = (day: Day, { opens, closes }: Hours): Span => {
    const from = minutesOf(opens);
    const { edge } = clock(day.plain);
    return { from: edge(from), to: edge(closingMinutes(from, minutesOf(closes))) };
  };
  /** Yesterday's night shift reaches into today, and today's into tomorrow. */
  const around = (day: Day) => [-1, 0, 1].map((days) => dayAt(day.plain.add({ days })));

  /** The hours in which this vet, or the clinic, is there at all; null = not said. */
  const boundOf = (staff_id: string | null, day: Day): readonly Span[] | null => {
    const rows = bounding.filter((row) => row.kind === 'work' && row.staff_id === staff_id);
    const own = otherHours(staff_id, day.date);
    if (rows.length === 0) return own.length === 0 ? null : own.map((one) => spanOf(day, one));
    return merged(
      around(day).flatMap((one) => {
        if (closedWhy(staff_id, one.date) !== null) return [];
        const other = otherHours(staff_id, one.date);
        const weekly = rows.filter(
          (row) => row.weekday === one.plain.dayOfWeek && isValidOn(row, one.date),
        );
        return (other.length > 0 ? other : weekly).map((hours) => spanOf(one, hours));
      }),
    );
  };
  const breaksOf = (staff_id: string | null, day: Day): readonly Span[] =>
    around(day).flatMap((one) =>
      bounding
        .filter(
          (row) =>
            row.kind === 'break' &&
            (row.staff_id === null || row.staff_id === staff_id) &&
            row.weekday === one.plain.dayOfWeek &&
            isValidOn(row, one.date),
        )
        .map((hours) => spanOf(one, hours)),
    );
  return { clock, closedWhy, otherHours, boundOf, breaksOf };
}

type Calendar = ReturnType<typeof calendarOf>;

/** What a vet offers on a day, with the hours: the weekly ones, or those of an exception. */
function offersOn(rules: ScheduleRules, calendar: Calendar, day: Day): readonly HoursRow[] {
  const rows = rules.hours.filter(
    (row) => row.kind === 'work' && row.service_id !== null && isValidOn(row, day.date),
  );
  const others = new Map<string | null, readonly Hours[]>();
  for (const { staff_id } of rows) {
    if (staff_id === null || others.has(staff_id)) continue;
    others.set(staff_id, calendar.otherHours(staff_id, day.date));
  }
  const weekly = rows.filter(
    (row) => row.weekday === day.plain.dayOfWeek && !(others.get(row.staff_id)?.length ?? 0),
  );
  const seen = new Set<string>();
  const special = rows.flatMap((row) => {
    const hours = others.get(row.staff_id) ?? [];
    const key = `${row.staff_id}|${row.service_id}|${row.room_id}|${row.step_minutes}`;
    if (hours.length === 0 || seen.has(key)) return [];
    seen.add(key);
    return hours.map(({ opens, closes }) => ({ ...row, opens, closes }));
  });
  return [...weekly, ...special];
}

/** Where a visit of an offer may not lie, by the first reason that holds. */
function judgeOf(rules: ScheduleRules, calendar: Calendar, day: Day, offer: HoursRow) {
  const { staff_id } = offer;
  const closed = calendar.closedWhy(staff_id, day.date);
  const clinic = calendar.boundOf(null, day);
  const vet = staff_id === null ? null : calendar.boundOf(staff_id, day);
  const breaks = calendar.breaksOf(staff_id, day);
  const away = rules.time_off.filter((one) => one.staff_id === staff_id);
  return (busy: Span): GapReason | null => {
    if (closed !== null) return closed;
    if (clinic !== null && !within(busy, clinic)) return 'clinic_closed';
    if (vet !== null && !within(busy, vet)) return 'vet_not_in';
    if (overlaps(busy, breaks)) return 'break';
    return overlaps(busy, away) ? 'time_off' : null;
  };
}

/**
 * The slots that hours ask for between two days, each once, in the order of their starts; and the
 * starts that give none. A start that the clock skips gives none; of one that it shows twice the first
 * is sold and the second is not, so that a time on paper means one moment.
 */
export function wantedSlots(
  rules: ScheduleRules,
  wish: Wish,
): { readonly slots: readonly WantedSlot[]; readonly gaps: readonly Gap[] } {
  const calendar = calendarOf(rules);
  const services = new Map(rules.services.map((service) => [service.service_id, service]));
  const slots = new Map<string, WantedSlot>();
  const gaps: Gap[] = [];
  const first = Temporal.PlainDate.from(wish.from);
  const last = Temporal.PlainDate.from(wish.to);
  const window = {
    from: dayRange(wish.from, rules.time_zone).from.epochMilliseconds,
    to: dayRange(wish.to, rules.time_zone).to.epochMilliseconds,
  };
  // Yesterday's night shift reaches into the first day.
  for (
    let plain = first.subtract({ days: 1 });
    Temporal.PlainDate.compare(plain, last) <= 0;
    plain = plain.add({ days: 1 })
  ) {
    const day = dayAt(plain);
    for (const offer of offersOn(rules, calendar, day)) {
      const service = services.get(offer.service_id ?? '');
      if (service === undefined) continue;
      const judge = judgeOf(rules, calendar, day, offer);
      const begin = Math.max(window.from, wish.now_ms + 1);
      const span = { from: begin, to: window.to };
      offerSlots({ offer, service, day, calendar, judge, span }, slots, gaps);
    }
  }
  return { slots: [...slots.values()].toSorted((a, b) => a.starts_ms - b.starts_ms), gaps };
}

type OfferWork = {
  readonly offer: HoursRow;
  readonly service: ServiceRule;
  readonly day: Day;
  readonly calendar: Calendar;
  readonly judge: (busy: Span) => GapReason | null;
  /** Where starts may lie. */
  readonly span: Span;
};

function offerSlots(work: OfferWork, slots: Map<string, WantedSlot>, gaps: Gap[]): void {
  const { offer, service, day, calendar, judge, span } = work;
  const { service_id, duration_minutes, capacity } = service;
  const { buffer_before_minutes: before, buffer_after_minutes: after } = service;
  const { staff_id, room_id } = offer;
  const { wall, edge } = calendar.clock(day.plain);
  const opens = minutesOf(offer.opens);
  const closes = closingMinutes(opens, minutesOf(offer.closes));
  const ends_ms = edge(closes);
  const step = offer.step_minutes ?? before + duration_minutes + after;
  for (let minute = opens + before; minute < closes; minute += step) {
    const { ms: starts_ms, kind } = wall(minute);
    if (starts_ms < span.from || starts_ms >= span.to) continue;
    const date = minute < DAY_MINUTES ? day.date : day.plain.add({ days: 1 }).toString();
    const time = timeText(minute);
    const gap = (reason: GapReason) => gaps.push({ date, time, service_id, staff_id, reason });
    if (kind === 'gap') {
      gap('clock_skips');
      continue;
    }
    const slot = {
      service_id,
      staff_id,
      room_id,
      starts_ms,
      ends_ms: starts_ms + duration_minutes * MINUTE_MS,
      busy_from_ms: starts_ms - before * MINUTE_MS,
      busy_to_ms: starts_ms + (duration_minutes + after) * MINUTE_MS,
      capacity,
      date,
      time,
    };
    const reason =
      slot.busy_to_ms > ends_ms
        ? 'too_short'
        : judge({ from: slot.busy_from_ms, to: slot.busy_to_ms });
    if (reason !== null) {
      gap(reason);
      continue;
    }
    if (kind === 'double') gap('clock_repeats');
    const key = `${service_id}|${staff_id}|${starts_ms}`;
    if (!slots.has(key)) slots.set(key, slot);
  }
}
