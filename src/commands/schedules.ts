import type { Output } from '../domain/shapes.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf, shortId } from './format.ts';
import { clinicOf, dayOf, serviceOf, staffOf } from './lookup.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro schedule show`, `exception list`, `holidays` and `lint`. */

type Schedule = Output<'get_schedule'>;
type Hours = Schedule['hours'][number];

/** Refused by a guard: somebody has to look. ux §2. */
const EXIT_FINDINGS = 9;

export const day_names = ['', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** `2h`, `90m`, `1d`. */
export function spanText(minutes: number): string {
  if (minutes > 0 && minutes % 1_440 === 0) return `${minutes / 1_440}d`;
  return minutes > 0 && minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** One line of hours on several weekdays. */
type Week = Omit<Hours, 'weekday' | 'schedule_id'> & { readonly days: string };

/** mon-fri, sat. */
function daysText(days: readonly number[]): string {
  const sorted = days.toSorted((a, b) => a - b);
  const parts: number[][] = [];
  for (const day of sorted) {
    const last = parts.at(-1);
    if (last !== undefined && last.at(-1) === day - 1) last.push(day);
    else parts.push([day]);
  }
  return parts
    .map((part) => {
      const [first = 0] = part;
      const last = part.at(-1) ?? first;
      if (part.length > 2) return `${day_names[first]}-${day_names[last]}`;
      return part.map((day) => day_names[day]).join(',');
    })
    .join(',');
}

function weeksOf(hours: readonly Hours[]): readonly Week[] {
  const groups = Map.groupBy(hours, ({ weekday: _, schedule_id: __, ...row }) =>
    JSON.stringify(row),
  );
  return [...groups.values()].flatMap((rows) => {
    const [first] = rows;
    if (first === undefined) return [];
    const { weekday: _, schedule_id: __, ...row } = first;
    return [{ ...row, days: daysText(rows.map(({ weekday }) => weekday)) }];
  });
}

function validText({ valid_from, valid_to }: Pick<Week, 'valid_from' | 'valid_to'>): string {
  if (valid_from === null && valid_to === null) return 'always';
  return `${valid_from ?? ''} to ${valid_to ?? ''}`.trim();
}

function whatText({ kind, service_name, staff_id }: Week): string {
  if (kind === 'break') return 'break';
  return service_name ?? (staff_id === null ? 'open' : 'at work');
}

function sayRules(context: Context, schedule: Schedule): void {
  const { country, region, holiday_policy, min_notice_minutes, horizon_days } = schedule;
  const where =
    country === null ? 'no country' : `${country}${region === null ? '' : `-${region}`}`;
  const notice = min_notice_minutes === 0 ? 'no notice' : `notice ${spanText(min_notice_minutes)}`;
  const reach = horizon_days === null ? 'no horizon' : `horizon ${horizon_days}d`;
  say(context, `${where}, holidays: ${holiday_policy}; ${notice}, ${reach}.`);
  for (const service of schedule.services) {
    const { buffer_before_minutes: before, buffer_after_minutes: after } = service;
    const parts = [
      before > 0 ? `${before} min before` : '',
      after > 0 ? `${after} min after` : '',
      service.min_notice_minutes === null ? '' : `notice ${spanText(service.min_notice_minutes)}`,
      service.horizon_days === null ? '' : `horizon ${service.horizon_days}d`,
    ].filter((part) => part !== '');
    if (parts.length > 0) say(context, `${service.service_name}: ${parts.join(', ')}.`);
  }
  const { version, ran_at, covered_until, is_due, last_error } = schedule;
  const reached =
    covered_until === null ? 'no slots were made yet' : `slots reach ${covered_until}`;
  const when = ran_at === null ? '' : `, made ${ran_at.slice(0, 16).replace('T', ' ')}`;
  say(context, `version ${version}; ${reached}${when}${is_due ? '; a run is due' : ''}`);
  if (last_error !== null) say(context, `the last run failed: ${last_error}`);
}

/** `petpro schedule show` */
export async function showSchedule(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const asked = textOption(args, 'service');
  const service = asked === null ? null : serviceOf(clinic, asked);
  const schedule = await session.client.call('get_schedule', { clinic_id: clinic.clinic_id });
  const hours = schedule.hours.filter(
    (row) =>
      (staff === null || row.staff_id === staff.staff_id) &&
      (service === null || row.service_id === service.service_id),
  );
  const weeks = weeksOf(hours);
  if (!isForPeople(context)) {
    printList(context, {
      kind: 'Schedule',
      items: [{ ...schedule, hours }],
      columns: [],
      csv: [
        'clinic_id',
        'version',
        'country',
        'holiday_policy',
        'min_notice_minutes',
        'horizon_days',
        'covered_until',
      ],
      name: () => schedule.clinic_id,
      as_of: look.now(),
    });
    return;
  }
  printList(context, {
    kind: 'Schedule',
    items: weeks,
    columns: [
      { head: 'DAYS', text: ({ days }) => days, whole: true },
      { head: 'HOURS', text: ({ opens, closes }) => `${opens}-${closes}`, whole: true },
      { head: 'VET', text: ({ staff_name }) => staff_name ?? '-' },
      { head: 'WHAT', text: whatText },
      { head: 'ROOM', text: ({ room_name }) => room_name ?? '-' },
      {
        head: 'EVERY',
        text: ({ step_minutes }) => (step_minutes === null ? '-' : spanText(step_minutes)),
      },
      { head: 'VALID', text: validText },
    ],
    csv: [],
    name: () => schedule.clinic_id,
    empty:
      'There are no such hours.\nnext: petpro schedule set --vet .. --service .. --days mon-fri --hours 09:00-17:00',
  });
  sayRules(context, schedule);
}

/** `petpro schedule exception list` */
export async function listExceptions(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const from = dayOf(clinic, textOption(args, 'from'), 'allow');
  const { items } = await session.client.call('list_schedule_exceptions', {
    clinic_id: clinic.clinic_id,
    ...(from === null ? {} : { from }),
  });
  printList(context, {
    kind: 'ScheduleExceptionList',
    items,
    columns: [
      { head: 'DATE', text: (item) => item.date, whole: true },
      {
        head: 'WHAT',
        text: (item) => (item.is_closed ? 'closed' : `${item.opens}-${item.closes}`),
        whole: true,
      },
      { head: 'OF', text: (item) => item.staff_name ?? 'the clinic' },
      { head: 'REASON', text: (item) => item.reason ?? '-' },
      { head: 'ID', text: (item) => shortId(context, item.exception_id), whole: true },
    ],
    csv: ['exception_id', 'date', 'staff_name', 'is_closed', 'opens', 'closes', 'reason'],
    name: (item) => item.exception_id,
    as_of: lookOf(context, clinic).now(),
    empty: 'No date differs from its weekday.',
  });
}

const effects = {
  closed: 'closed',
  open: 'open as other days',
  other_hours: 'other hours',
  undecided: 'undecided',
} as const;

/** `petpro schedule holidays` */
export async function listHolidays(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const from = dayOf(clinic, textOption(args, 'from'), 'allow');
  const to = dayOf(clinic, textOption(args, 'to'), 'allow');
  const { items } = await session.client.call('list_holidays', {
    clinic_id: clinic.clinic_id,
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
  });
  printList(context, {
    kind: 'HolidayList',
    items,
    columns: [
      { head: 'DATE', text: (item) => item.date, whole: true },
      { head: 'NAME', text: (item) => `${item.name}${item.is_expected ? ' (expected)' : ''}` },
      { head: 'HERE', text: (item) => effects[item.effect], whole: true },
      { head: 'BY', text: (item) => (item.is_own ? 'the clinic' : 'its country') },
    ],
    csv: ['date', 'name', 'effect', 'is_expected', 'is_own'],
    name: (item) => item.date,
    as_of: lookOf(context, clinic).now(),
    empty:
      'No holiday is known. Is the country set?\nnext: petpro schedule rules --country ID --holidays close',
  });
  if (items.some(({ effect }) => effect === 'undecided')) {
    say(context, 'next: petpro schedule rules --holidays close, or decide each date');
  }
}

/** `petpro schedule lint` */
export async function lintSchedule(context: Context): Promise<number | undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const { items } = await session.client.call('lint_schedule', { clinic_id: clinic.clinic_id });
  printList(context, {
    kind: 'ScheduleFindingList',
    items,
    columns: [
      { head: 'KIND', text: (item) => item.kind, whole: true },
      { head: 'WHAT', text: (item) => item.detail, whole: true },
      { head: 'NEXT', text: (item) => item.next, wide: true },
    ],
    csv: ['kind', 'detail', 'date', 'weekday', 'staff_name', 'service_name', 'next'],
    name: (item) => item.kind,
    as_of: lookOf(context, clinic).now(),
    empty: 'Nothing is wrong with the hours.',
  });
  const [first] = items;
  if (first === undefined) return undefined;
  const count = items.length === 1 ? 'one thing' : `${items.length} things`;
  say(context, `${count} to look at.\nnext: ${first.next}`);
  return EXIT_FINDINGS;
}
