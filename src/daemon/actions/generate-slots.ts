import { type ScheduleRules, type WantedSlot, wantedSlots } from '../../domain/schedule.ts';
import { type Changes, changesOf, type KnownSlot } from '../../domain/schedule-changes.ts';
import type { Span } from '../../domain/schedule-clock.ts';
import type { Output } from '../../domain/shapes.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import { listStaff } from '../store/clinics.ts';
import type { Db } from '../store/db.ts';
import {
  applySchedule,
  knownClaims,
  knownSlots,
  lastMadeDay,
  type Scope,
  standingTimeOff,
} from '../store/generate-slots.ts';
import {
  findSchedule,
  listExceptions,
  listHolidays,
  listHours,
  listServiceRules,
  type ScheduleHead,
  type ServiceRulesRow,
} from '../store/schedules.ts';
import { type GenerationNotes, generationNotes } from './generation-report.ts';

/** Makes slots of hours, a week at a time: what is read, decided and written in one go stays small. */

/** Days ahead without a horizon of clinic or service. */
const DAYS_AHEAD = 60;
const WEEK_DAYS = 7;
/** Rows of one statement. */
const BATCH = 1_000;
/** What one request changes at most; the generator itself goes on until it is done. */
const REQUEST_MAX = 20_000;
const EXCEPTIONS_MAX = 5_000;
const DAY_MS = 86_400_000;

type Report = Output<'generate_slots'>;

export type Run = Scope & {
  /** Last day on which slots are opened; null = as the rules say. */
  readonly until: string | null;
  readonly dry_run: boolean;
  /** Stops early, as somebody waits for the answer. */
  readonly is_request: boolean;
  readonly signal?: AbortSignal;
};

export const addDays = (date: string, days: number) =>
  Temporal.PlainDate.from(date).add({ days }).toString();

export const spanOf = (from: string, to: string, time_zone: string): Span => ({
  from: dayRange(from, time_zone).from.epochMilliseconds,
  to: dayRange(to, time_zone).to.epochMilliseconds,
});

export const todayAt = (now_ms: number, time_zone: string) =>
  localTime(Temporal.Instant.fromEpochMilliseconds(now_ms), time_zone).date;

/** Everything that decides about the slots of some days. */
export async function readRules(
  sql: Db,
  head: ScheduleHead,
  services: readonly ServiceRulesRow[],
  days: { readonly from: string; readonly to: string },
): Promise<ScheduleRules> {
  const { clinic_id, time_zone, holiday_policy } = head;
  const from = addDays(days.from, -2);
  const to = addDays(days.to, 2);
  const hours = await listHours(sql, clinic_id, from, to);
  const exceptions = await listExceptions(sql, clinic_id, { from, to, limit: EXCEPTIONS_MAX });
  const holidays = await listHolidays(sql, clinic_id, from, to);
  const time_off = await standingTimeOff(sql, clinic_id, spanOf(from, to, time_zone));
  return { time_zone, holiday_policy, hours, exceptions, holidays, services, time_off };
}

/** The last day on which slots of each service are made. */
export function horizonsOf(
  head: ScheduleHead,
  services: readonly ServiceRulesRow[],
  today: string,
  until: string | null,
): ReadonlyMap<string, string> {
  return new Map(
    services.map(({ service_id, horizon_days }) => [
      service_id,
      until ?? addDays(today, horizon_days ?? head.horizon_days ?? DAYS_AHEAD),
    ]),
  );
}

/** Only what a run is about; the hours that bound it stay. */
function scopedRules(rules: ScheduleRules, { service_id, staff_id }: Scope): ScheduleRules {
  const hours = rules.hours.filter(
    (row) =>
      row.service_id === null ||
      ((service_id === undefined || row.service_id === service_id) &&
        (staff_id === undefined || row.staff_id === staff_id)),
  );
  return { ...rules, hours };
}

type Sums = {
  opened: number;
  reopened: number;
  closed: number;
  kept: number;
  overlaps: number;
  unchanged: number;
};

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += BATCH) yield items.slice(at, at + BATCH);
}

/** Writes one week's changes; closing comes first, so that its places are free. */
export async function applyChanges(
  sql: Db,
  head: Pick<ScheduleHead, 'clinic_id' | 'time_zone'>,
  changes: Pick<Changes, 'open' | 'reopen' | 'close'>,
  origin: 'schedule' | 'manual',
): Promise<Pick<Sums, 'opened' | 'reopened' | 'closed'>> {
  const idsOf = (slots: readonly KnownSlot[]) => slots.map(({ slot_id }) => slot_id);
  const steps = [
    ...[...batches(idsOf(changes.close))].map((close) => ({ open: [], reopen: [], close })),
    ...[...batches(idsOf(changes.reopen))].map((reopen) => ({ open: [], reopen, close: [] })),
    ...[...batches(changes.open)].map((open) => ({ open, reopen: [], close: [] })),
  ];
  const sums = { opened: 0, reopened: 0, closed: 0 };
  for (const step of steps) {
    const done = await applySchedule(sql, head, { origin, ...step });
    sums.opened += done.opened;
    sums.reopened += done.reopened;
    sums.closed += done.closed;
  }
  return sums;
}

type Work = {
  readonly sql: Db;
  readonly run: Run;
  readonly head: ScheduleHead;
  readonly rules: ScheduleRules;
  readonly horizons: ReadonlyMap<string, string>;
  readonly now_ms: number;
  readonly sums: Sums;
  readonly notes: GenerationNotes;
};

async function runWeek(work: Work, from: string, to: string): Promise<void> {
  const { sql, run, head, rules, horizons, now_ms, sums, notes } = work;
  const span = spanOf(from, to, head.time_zone);
  const wanted = wantedSlots(rules, { from, to, now_ms });
  const known = await knownSlots(sql, run, { ...span, from: Math.max(span.from, now_ms + 1) });
  const around = { from: span.from - DAY_MS, to: span.to + DAY_MS };
  const claims = await knownClaims(sql, run.clinic_id, around);
  const all = changesOf(wanted.slots, known, claims);
  const isReached = ({ service_id, date }: Pick<WantedSlot, 'service_id' | 'date'>) =>
    date <= (horizons.get(service_id) ?? '');
  const changes = {
    ...all,
    open: all.open.filter(isReached),
    overlaps: all.overlaps.filter(isReached),
  };
  notes.add(changes, wanted.gaps.filter(isReached));
  const done = run.dry_run
    ? {
        opened: changes.open.length,
        reopened: changes.reopen.length,
        closed: changes.close.length,
      }
    : await applyChanges(sql, head, changes, 'schedule');
  sums.opened += done.opened;
  sums.reopened += done.reopened;
  sums.closed += done.closed;
  sums.kept += changes.kept.length;
  sums.overlaps += changes.overlaps.length;
  sums.unchanged += changes.unchanged;
}

/** True when all weeks were done, false when somebody has waited long enough. */
async function runWeeks(work: Work, first: string, last: string): Promise<boolean> {
  const { run, sums } = work;
  for (let from = first; from <= last; from = addDays(from, WEEK_DAYS)) {
    run.signal?.throwIfAborted();
    if (run.is_request && sums.opened + sums.reopened + sums.closed >= REQUEST_MAX) return false;
    const week_end = addDays(from, WEEK_DAYS - 1);
    await runWeek(work, from, week_end < last ? week_end : last);
  }
  return true;
}

/** The names of a clinic's vets, also of those whose hours are elsewhere now. */
export async function staffNames(sql: Db, clinic_id: string): Promise<ReadonlyMap<string, string>> {
  const staff = await listStaff(sql, clinic_id);
  return new Map(staff.map(({ staff_id, name }) => [staff_id, name]));
}

/** A run over one clinic, or a part of it. Null when there is no such clinic. */
export async function runGeneration(sql: Db, run: Run): Promise<Report | null> {
  const { clinic_id, dry_run } = run;
  const head = await findSchedule(sql, clinic_id);
  if (!head) return null;
  const now_ms = Date.now();
  const today = todayAt(now_ms, head.time_zone);
  const services = await listServiceRules(sql, clinic_id);
  const horizons = horizonsOf(head, services, today, run.until);
  const asked = [...horizons].flatMap(([service_id, day]) =>
    run.service_id === undefined || run.service_id === service_id ? [day] : [],
  );
  const until = run.until ?? asked.toSorted().at(-1) ?? today;
  // Slots that were once made further ahead follow the hours too, though none is opened there.
  const made = await lastMadeDay(sql, clinic_id);
  const last = made !== null && made > until ? made : until;
  const all_rules = await readRules(sql, head, services, { from: today, to: last });
  const rules = scopedRules(all_rules, run);
  const sums = { opened: 0, reopened: 0, closed: 0, kept: 0, overlaps: 0, unchanged: 0 };
  const notes = generationNotes();
  const work = { sql, run, head, rules, horizons, now_ms, sums, notes };
  const complete = await runWeeks(work, today, last);
  const names = {
    services: new Map(services.map((one) => [one.service_id, one.service_name])),
    staff: await staffNames(sql, clinic_id),
  };
  return {
    clinic_id,
    version: head.version,
    dry_run,
    from: today,
    until,
    ...sums,
    complete,
    ...(await notes.told(sql, head.time_zone, names)),
  };
}
