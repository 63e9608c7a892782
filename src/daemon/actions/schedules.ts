import { AppError } from '../../domain/errors.ts';
import { wantedSlots } from '../../domain/schedule.ts';
import { lintSchedule } from '../../domain/schedule-lint.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { lastSlots } from '../store/generate-slots.ts';
import {
  findSchedule,
  listHolidays as holidaysOf,
  listExceptions,
  listHours,
  listRooms,
  listServiceRules,
  type ScheduleHead,
} from '../store/schedules.ts';
import { assertClinic } from './actor.ts';
import { addDays, horizonsOf, readRules, staffNames, todayAt } from './generate-slots.ts';
import { zonedTextOrNull } from './slot-time.ts';

/** What hours there are, and what is wrong with them. */

const EXCEPTIONS_MAX = 200;
/** A year of holidays, and of exceptions. */
const YEAR_DAYS = 366;
const FINDINGS_MAX = 200;

/** The clinic's rules, unless this caller may not know of it. */
export async function headOf(app: App, actor: Actor, clinic_id: string): Promise<ScheduleHead> {
  assertClinic(actor, clinic_id);
  const head = await findSchedule(app.sql, clinic_id);
  if (!head) throw new AppError('not_found', 'There is no such clinic.');
  return head;
}

/** Today at the clinic. */
export const clinicToday = (head: ScheduleHead) => todayAt(Date.now(), head.time_zone);

/** The hours that hold today or later, and what is asked around them. */
export async function getSchedule(
  app: App,
  actor: Actor,
  { clinic_id }: Input<'get_schedule'>,
): Promise<Output<'get_schedule'>> {
  const head = await headOf(app, actor, clinic_id);
  const [hours, services, rooms] = await Promise.all([
    listHours(app.sql, clinic_id, clinicToday(head), '9999-12-31'),
    listServiceRules(app.sql, clinic_id),
    listRooms(app.sql, clinic_id),
  ]);
  return {
    ...head,
    ran_at: zonedTextOrNull(head.ran_at, head.time_zone),
    hours,
    rooms,
    services: services.map(({ capacity: _, is_available: __, ...one }) => one),
  };
}

/** Dates that differ, from a day on. */
export async function listScheduleExceptions(
  app: App,
  actor: Actor,
  { clinic_id, from }: Input<'list_schedule_exceptions'>,
): Promise<Output<'list_schedule_exceptions'>> {
  const head = await headOf(app, actor, clinic_id);
  const range = { from: from ?? clinicToday(head), to: '9999-12-31', limit: EXCEPTIONS_MAX };
  return { items: await listExceptions(app.sql, clinic_id, range), next_cursor: null };
}

/** Public holidays of a year, and what each does to the slots. */
export async function listHolidays(
  app: App,
  actor: Actor,
  input: Input<'list_holidays'>,
): Promise<Output<'list_holidays'>> {
  const { clinic_id } = input;
  const head = await headOf(app, actor, clinic_id);
  const from = input.from ?? clinicToday(head);
  const to = input.to ?? addDays(from, YEAR_DAYS);
  const [holidays, exceptions] = await Promise.all([
    holidaysOf(app.sql, clinic_id, from, to),
    listExceptions(app.sql, clinic_id, { from, to, limit: EXCEPTIONS_MAX }),
  ]);
  const effectOf = (date: string): Output<'list_holidays'>['items'][number]['effect'] => {
    const own = exceptions.filter((one) => one.staff_id === null && one.date === date);
    if (own.some(({ is_closed }) => is_closed)) return 'closed';
    if (own.length > 0) return 'other_hours';
    const { holiday_policy } = head;
    if (holiday_policy === 'ask') return 'undecided';
    return holiday_policy === 'close' ? 'closed' : 'open';
  };
  const items = holidays.map((one) => ({ ...one, effect: effectOf(one.date) }));
  return { items, next_cursor: null };
}

/** Looks at hours as somebody would who has to work with them. */
export async function lintClinicSchedule(
  app: App,
  actor: Actor,
  { clinic_id }: Input<'lint_schedule'>,
): Promise<Output<'lint_schedule'>> {
  const head = await headOf(app, actor, clinic_id);
  const now_ms = Date.now();
  const today = clinicToday(head);
  const services = await listServiceRules(app.sql, clinic_id);
  const horizons = horizonsOf(head, services, today, null);
  const until = [...horizons.values()].toSorted().at(-1) ?? today;
  const [rules, staff, rooms, last] = await Promise.all([
    readRules(app.sql, head, services, { from: today, to: until }),
    staffNames(app.sql, clinic_id),
    listRooms(app.sql, clinic_id),
    lastSlots(app.sql, clinic_id),
  ]);
  const { slots, gaps } = wantedSlots(rules, { from: today, to: until, now_ms });
  const sold = services.filter(({ is_available }) => is_available);
  const findings = lintSchedule({
    rules: { ...rules, services: sold },
    country: head.country,
    today,
    horizons,
    until,
    last_slot: new Map(last.map((one) => [one.service_id, one.last])),
    wanted: slots,
    clock_gaps: gaps.filter(({ reason }) => reason.startsWith('clock_')),
    names: {
      staff,
      services: new Map(services.map((one) => [one.service_id, one.service_name])),
      rooms: new Map(rooms.map(({ room_id, name }) => [room_id, name])),
    },
  });
  return { items: findings.slice(0, FINDINGS_MAX), next_cursor: null };
}
