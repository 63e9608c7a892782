import { z } from 'zod';
import { id, instant, line, local_date, local_time, page, reference_code } from './basics.ts';
import { gap_reasons } from './schedule.ts';
import { finding_kinds } from './schedule-lint.ts';

/** What the endpoints of api-schedules.ts take and give. */

const nothing = z.object({});
const count = z.number().int();
const version = z.number().int();
const clinic = z.object({ clinic_id: id });
const weekday = z.number().int().min(1).max(7).describe('1 = Monday (ISO)');
const dry_run = z.boolean().default(false).describe('Say what would happen and change nothing');
const minutes = (max: number) => z.number().int().min(0).max(max);
/** 30 days. */
const notice = minutes(43_200).describe('Owners book no later than so many minutes before');
const horizon = z.number().int().min(1).max(400);
const step = z.number().int().min(5).max(1_440);

/** `opens` = `closes` is a whole day; `closes` before `opens` is past midnight. */
const span = z.object({ opens: local_time, closes: local_time });

const Hours = z
  .object({
    schedule_id: id,
    kind: z.enum(['work', 'break']),
    staff_id: id.nullable().describe('Null = of the clinic, or of the service alone'),
    staff_name: z.string().nullable(),
    service_id: id.nullable().describe('Null = bounds what is sold, sells nothing itself'),
    service_name: z.string().nullable(),
    room_id: id.nullable(),
    room_name: z.string().nullable(),
    weekday,
    ...span.shape,
    step_minutes: step.nullable(),
    valid_from: local_date.nullable(),
    valid_to: local_date.nullable(),
  })
  .meta({ id: 'ScheduleHours' });

const ServiceRules = z
  .object({
    service_id: id,
    service_name: z.string(),
    duration_minutes: count,
    buffer_before_minutes: count,
    buffer_after_minutes: count,
    min_notice_minutes: count.nullable().describe("Null = the clinic's"),
    horizon_days: count.nullable().describe("Null = the clinic's"),
  })
  .meta({ id: 'ServiceScheduleRules' });

const Schedule = z
  .object({
    clinic_id: id,
    time_zone: z.string(),
    version: version.describe('Grows with every change; 0 = there are no hours yet'),
    country: z.string().nullable(),
    region: z.string().nullable(),
    holiday_policy: z.enum(['ask', 'close', 'open']),
    min_notice_minutes: count,
    horizon_days: count.nullable().describe('Null = no limit; slots are made 60 days ahead'),
    is_due: z.boolean().describe('The generator owes this clinic a run'),
    ran_at: instant.nullable(),
    covered_until: local_date.nullable(),
    last_error: z.string().nullable(),
    hours: z.array(Hours).readonly(),
    services: z.array(ServiceRules).readonly(),
    rooms: z.array(z.object({ room_id: id, name: z.string() })).readonly(),
  })
  .meta({ id: 'Schedule' });

const Exception = z
  .object({
    exception_id: id,
    staff_id: id.nullable(),
    staff_name: z.string().nullable(),
    date: local_date,
    is_closed: z.boolean(),
    opens: local_time.nullable(),
    closes: local_time.nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'ScheduleException' });

const Holiday = z
  .object({
    date: local_date,
    name: z.string(),
    is_expected: z.boolean().describe('The day may still move'),
    is_own: z.boolean().describe("The clinic's own, not of its country"),
    effect: z
      .enum(['closed', 'open', 'other_hours', 'undecided'])
      .describe('undecided: slots are made as on other days, and lint names it'),
  })
  .meta({ id: 'Holiday' });

const Finding = z
  .object({
    kind: z.enum(finding_kinds),
    detail: z.string(),
    date: local_date.nullable(),
    weekday: weekday.nullable(),
    staff_name: z.string().nullable(),
    service_name: z.string().nullable(),
    next: z.string().describe('The command that helps'),
  })
  .meta({ id: 'ScheduleFinding' });

const Item = z.object({
  change: z
    .enum(['kept', 'overlap', 'close', 'open', 'reopen'])
    .describe('kept: fits no longer, but is held or booked; overlap: not opened, see slot_id'),
  slot_id: id.nullable().describe('Of an overlap: what is in the way'),
  date: local_date,
  time: local_time,
  starts_at: instant,
  service_id: id,
  service_name: z.string(),
  staff_id: id.nullable(),
  staff_name: z.string().nullable(),
  reference_codes: z.array(reference_code).readonly().describe('Holds and bookings that are hit'),
});

const Generation = z
  .object({
    clinic_id: id,
    version,
    dry_run: z.boolean(),
    from: local_date,
    until: local_date,
    opened: count,
    reopened: count,
    closed: count,
    kept: count,
    overlaps: count,
    unchanged: count,
    complete: z.boolean().describe('False: too much for one request; ask again for the rest'),
    gaps: z
      .array(z.object({ reason: z.enum(gap_reasons), count, first: z.string() }))
      .readonly()
      .describe('Starts that give no slot, by reason'),
    items: z.array(Item).readonly(),
    items_left_out: count,
  })
  .meta({ id: 'SlotGeneration' });

export const schedule_shapes = {
  get_schedule: { params: clinic, query: nothing, body: nothing, output: Schedule },
  set_schedule_hours: {
    params: clinic,
    query: nothing,
    body: z.object({
      staff_id: id.optional(),
      service_id: id.optional(),
      room_id: id.nullable().optional().describe('Left out: as before'),
      kind: z.enum(['work', 'break']).default('work'),
      weekdays: z.array(weekday).min(1).max(7),
      hours: z.array(span).max(12).describe('None = no hours on these days'),
      step_minutes: step
        .nullable()
        .optional()
        .describe('From start to start; null: the visit with its buffers; left out: as before'),
      valid_from: local_date.optional(),
      valid_to: local_date.optional(),
      expected_version: version.optional(),
      dry_run,
    }),
    output: Generation,
  },
  set_schedule_rules: {
    params: clinic,
    query: nothing,
    body: z.object({
      service_id: id.optional().describe('Of this service instead of the clinic'),
      min_notice_minutes: notice.nullable().optional(),
      horizon_days: horizon.nullable().optional(),
      buffer_before_minutes: minutes(240).optional(),
      buffer_after_minutes: minutes(240).optional(),
      country: z
        .string()
        .regex(/^[A-Z]{2}$/)
        .nullable()
        .optional(),
      region: z
        .string()
        .regex(/^[A-Z0-9]{1,3}$/)
        .nullable()
        .optional(),
      holiday_policy: z.enum(['ask', 'close', 'open']).optional(),
      dry_run,
    }),
    output: Generation,
  },
  list_schedule_exceptions: {
    params: clinic,
    query: z.object({ from: local_date.optional().describe('Default: today at the clinic') }),
    body: nothing,
    output: page(Exception),
  },
  add_schedule_exception: {
    params: clinic,
    query: nothing,
    body: z
      .object({
        staff_id: id.optional().describe('Of this vet; default: of the clinic'),
        date: local_date,
        is_closed: z.boolean().default(true),
        opens: local_time.optional(),
        closes: local_time.optional(),
        reason: line(200).optional(),
        dry_run,
      })
      .refine((one) => one.is_closed === (one.opens === undefined && one.closes === undefined), {
        message: 'Closed has no hours; other hours need opens and closes',
        path: ['is_closed'],
      })
      .refine((one) => (one.opens === undefined) === (one.closes === undefined), {
        message: 'Give opens and closes',
        path: ['closes'],
      }),
    output: Generation.extend({ exception_id: id.nullable() }).meta({
      id: 'ScheduleExceptionAdded',
    }),
  },
  remove_schedule_exception: {
    params: z.object({ exception_id: id }),
    query: nothing,
    body: nothing,
    output: Generation,
  },
  list_holidays: {
    params: clinic,
    query: z.object({
      from: local_date.optional().describe('Default: today at the clinic'),
      to: local_date.optional().describe('Default: a year later'),
    }),
    body: nothing,
    output: page(Holiday),
  },
  set_holiday: {
    params: clinic,
    query: nothing,
    body: z.object({
      date: local_date,
      name: line(80),
      is_holiday: z.boolean().default(true).describe('False: no day off here'),
      dry_run,
    }),
    output: Generation,
  },
  lint_schedule: { params: clinic, query: nothing, body: nothing, output: page(Finding) },
  generate_slots: {
    params: clinic,
    query: nothing,
    body: z.object({
      service_id: id.optional(),
      staff_id: id.optional(),
      until: local_date.optional().describe('Last day; default: as far ahead as the rules say'),
      dry_run,
    }),
    output: Generation,
  },
  open_slots: {
    params: clinic,
    query: nothing,
    body: z.object({
      service_id: id,
      staff_id: id.optional(),
      room_id: id.optional(),
      date: local_date,
      to_date: local_date.optional().describe('Last day; default: the same'),
      from: local_time,
      to: local_time.describe('Not after `from` = past midnight'),
      every_minutes: step.optional().describe('From start to start; default: visit and buffers'),
      capacity: z.number().int().min(1).max(10_000).optional(),
      dry_run,
    }),
    output: Generation,
  },
} as const;
