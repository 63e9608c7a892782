import type { Sql, TransactionSql } from 'postgres';
import type { HoursRow } from '../../domain/schedule.ts';
import type { Input } from '../../domain/shapes.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';
import { toAppError } from './pg-errors.ts';

/** Hours, exceptions and holidays of a clinic, and who changes them. */

export type ScheduleHead = {
  readonly clinic_id: string;
  readonly time_zone: string;
  readonly version: number;
  readonly country: string | null;
  readonly region: string | null;
  readonly holiday_policy: 'ask' | 'close' | 'open';
  readonly min_notice_minutes: number;
  readonly horizon_days: number | null;
  readonly is_due: boolean;
  readonly ran_at: Temporal.Instant | null;
  readonly covered_until: string | null;
  readonly last_error: string | null;
};

/** What a clinic asks for around its hours; null when there is no such clinic. */
export async function findSchedule(sql: Db, clinic_id: string): Promise<ScheduleHead | null> {
  const [row] = await run(sql<ScheduleHead[]>`
    select c.id as clinic_id, c.time_zone, coalesce(s.version, 0) as version, c.country, c.region,
      c.holiday_policy, c.min_notice_minutes, c.horizon_days,
      coalesce(s.due_at <= now(), false) as is_due, s.ran_at, s.covered_until::text, s.last_error
    from clinics c
    left join schedule_state s on s.clinic_id = c.id
    where c.id = ${clinic_id}`);
  return row ?? null;
}

export type NamedHours = HoursRow & {
  readonly staff_name: string | null;
  readonly service_name: string | null;
  readonly room_name: string | null;
};

/** As many as the writing function lets a clinic have, and some that were written by hand. */
const HOURS_MAX = 10_000;

/** Hours and breaks that hold between two days, of vets who work there. */
export async function listHours(
  sql: Db,
  clinic_id: string,
  from: string,
  to: string,
): Promise<readonly NamedHours[]> {
  return await run(sql<NamedHours[]>`
    select s.id as schedule_id, s.kind, s.staff_id, st.name as staff_name, s.service_id,
      sv.name as service_name, s.room_id, r.name as room_name, s.weekday,
      to_char(s.opens, 'HH24:MI') as opens, to_char(s.closes, 'HH24:MI') as closes,
      s.step_minutes, s.valid_from::text, s.valid_to::text
    from schedules s
    left join staff st on st.id = s.staff_id
    left join services sv on sv.id = s.service_id
    left join rooms r on r.id = s.room_id
    where s.clinic_id = ${clinic_id}
      and coalesce(st.is_active, true)
      and coalesce(s.valid_from <= ${to}, true) and coalesce(s.valid_to >= ${from}, true)
    order by s.kind desc, st.name nulls first, sv.name nulls first, s.weekday, s.opens, s.id
    limit ${HOURS_MAX}`);
}

export type NamedException = {
  readonly exception_id: string;
  readonly staff_id: string | null;
  readonly staff_name: string | null;
  readonly date: string;
  readonly is_closed: boolean;
  readonly opens: string | null;
  readonly closes: string | null;
  readonly reason: string | null;
};

/** Dates that differ, between two days. */
export async function listExceptions(
  sql: Db,
  clinic_id: string,
  range: { readonly from: string; readonly to: string; readonly limit: number },
): Promise<readonly NamedException[]> {
  const { from, to, limit } = range;
  return await run(sql<NamedException[]>`
    select e.id as exception_id, e.staff_id, st.name as staff_name, e.exception_date::text as date,
      e.is_closed, to_char(e.opens, 'HH24:MI') as opens, to_char(e.closes, 'HH24:MI') as closes,
      e.reason
    from schedule_exceptions e
    left join staff st on st.id = e.staff_id
    where e.clinic_id = ${clinic_id} and e.exception_date between ${from} and ${to}
    order by e.exception_date, st.name nulls first, e.opens, e.id
    limit ${limit}`);
}

export type HolidayRow = {
  readonly date: string;
  readonly name: string;
  readonly is_expected: boolean;
  readonly is_own: boolean;
};

/** Days off where the clinic is, corrected by its own word. */
export async function listHolidays(
  sql: Db,
  clinic_id: string,
  from: string,
  to: string,
): Promise<readonly HolidayRow[]> {
  return await run(sql<HolidayRow[]>`
    select holiday_date::text as date, name, is_expected, is_own
    from clinic_holidays(${clinic_id}, ${from}, ${to})
    order by holiday_date`);
}

export type ServiceRulesRow = {
  readonly service_id: string;
  readonly service_name: string;
  readonly duration_minutes: number;
  readonly capacity: number;
  readonly buffer_before_minutes: number;
  readonly buffer_after_minutes: number;
  readonly min_notice_minutes: number | null;
  readonly horizon_days: number | null;
  readonly is_available: boolean;
};

/** What each service asks for around a visit. */
export async function listServiceRules(
  sql: Db,
  clinic_id: string,
): Promise<readonly ServiceRulesRow[]> {
  return await run(sql<ServiceRulesRow[]>`
    select id as service_id, name as service_name, duration_minutes, capacity,
      buffer_before_minutes, buffer_after_minutes, min_notice_minutes, horizon_days, is_available
    from services
    where clinic_id = ${clinic_id}
    order by name, id
    limit 2000`);
}

/** Names of who and what hours are about. */
export async function listRooms(
  sql: Db,
  clinic_id: string,
): Promise<readonly { readonly room_id: string; readonly name: string }[]> {
  return await run(sql`
    select id as room_id, name from rooms where clinic_id = ${clinic_id} order by name limit 1000`);
}

/** Does it and takes it back: what a change would do, told by the change itself. */
export async function rehearse<T>(sql: Sql, unit: (tx: TransactionSql) => Promise<T>): Promise<T> {
  const taken_back = new Error('taken back');
  const box: { value: T }[] = [];
  try {
    await sql.begin(async (tx) => {
      box[0] = { value: await unit(tx) };
      throw taken_back;
    });
  } catch (error) {
    if (error !== taken_back) throw toAppError(error);
  }
  const [done] = box;
  if (!done) throw new Error('the rehearsal ended without its result');
  return done.value;
}

type Written = { readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused' };

/** Sets hours of some weekdays; what was there for the same days and dates goes. */
export async function setHours(
  sql: Db,
  input: Input<'set_schedule_hours'>,
  actor: DbActor,
): Promise<Written & { readonly rule: string | null; readonly version: number | null }> {
  const { clinic_id, expected_version = null, dry_run: _, ...hours } = input;
  return await runOne(sql`
    select outcome, rule, version
    from set_schedule_hours(
      ${clinic_id}, ${sql.json(toJson(hours))}, ${expected_version}, ${sql.json(actor)}
    )`);
}

/** Changes the rules that are given; of the clinic, or of one service. */
export async function setRules(
  sql: Db,
  input: Input<'set_schedule_rules'>,
  actor: DbActor,
): Promise<Written> {
  const { clinic_id, service_id = null, dry_run: _, ...changes } = input;
  return await runOne(sql`
    select outcome
    from set_schedule_rules(
      ${clinic_id}, ${service_id}, ${sql.json(toJson(changes))}, ${sql.json(actor)}
    )`);
}

/** Adds one date that differs. */
export async function addException(
  sql: Db,
  input: Input<'add_schedule_exception'>,
  actor: DbActor,
): Promise<Written & { readonly exception_id: string | null }> {
  const { clinic_id, dry_run: _, ...exception } = input;
  return await runOne(sql`
    select outcome, exception_id
    from add_schedule_exception(${clinic_id}, ${sql.json(toJson(exception))}, ${sql.json(actor)})`);
}

/** Takes a date that differs away. */
export async function removeException(
  sql: Db,
  exception_id: string,
  actor: DbActor,
): Promise<
  | { readonly outcome: 'not_found'; readonly clinic_id: null }
  | { readonly outcome: 'ok'; readonly clinic_id: string }
> {
  return await runOne(sql`
    select outcome, clinic_id
    from remove_schedule_exception(${exception_id}, ${sql.json(actor)})`);
}

/** A clinic's own word about a date. */
export async function setHoliday(
  sql: Db,
  input: Input<'set_holiday'>,
  actor: DbActor,
): Promise<Written> {
  const { clinic_id, date, name, is_holiday } = input;
  return await runOne(sql`
    select outcome
    from set_clinic_holiday(${clinic_id}, ${date}, ${name}, ${is_holiday}, ${sql.json(actor)})`);
}
