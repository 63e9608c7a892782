import { AppError } from '../domain/errors.ts';
import { parseTime, weekdayOf } from '../domain/when.ts';
import { callOptions, firstWord, versionField } from './choice.ts';
import type { Context } from './context.ts';
import { SHORT_ID } from './format.ts';
import { minutesOption, printGeneration, rehearseAndDo } from './generation.ts';
import { clinicOf, dayOf, isId, oneOf, serviceOf, staffOf } from './lookup.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro schedule set`, `rules`, `exception add|rm` and `holiday-set`. */

const isNone = (word: string) => word.toLowerCase() === 'none';

/** mon-fri, `sat,sun`, all; ISO numbers. */
export function daysOf(text: string): number[] {
  const words = text.toLowerCase().trim();
  if (words === 'all') return [1, 2, 3, 4, 5, 6, 7];
  const day = (word: string) => {
    const found = weekdayOf(word.trim());
    if (found > 0) return found;
    throw new AppError('invalid_input', `--days: "${word.trim()}" is no weekday.`, {
      next: '--days mon-fri, or sat,sun, or all',
    });
  };
  const days = words.split(',').flatMap((part) => {
    const [from = '', to] = part.split('-');
    const first = day(from);
    if (to === undefined) return [first];
    const last = day(to);
    const count = ((last - first + 7) % 7) + 1;
    return Array.from({ length: count }, (_, n) => ((first + n - 1) % 7) + 1);
  });
  return [...new Set(days)].toSorted((a, b) => a - b);
}

/** 09:00-12:00,13:00-17:00; none. */
export function hoursOf(text: string): { readonly opens: string; readonly closes: string }[] {
  if (text.trim().toLowerCase() === 'none') return [];
  return text.split(',').map((part) => {
    const [from, to, ...more] = part.split('-').map((word) => word.trim());
    if (from && to && more.length === 0) {
      const closes = /^24[:.]00$/.test(to) ? '00:00' : parseTime(to);
      return { opens: parseTime(from), closes };
    }
    throw new AppError('invalid_input', `--hours: "${part.trim()}" is no span of times.`, {
      next: '--hours 09:00-12:00,13:00-17:00',
    });
  });
}

/** Rooms are known to the schedule only. */
export async function roomOf(session: Session, clinic: Clinic, words: string): Promise<string> {
  if (isId(words)) return words;
  const { rooms } = await session.client.call('get_schedule', { clinic_id: clinic.clinic_id });
  return oneOf('room', words, rooms, (room) => [room.name], '--room').room_id;
}

async function partFields(session: Session, clinic: Clinic, args: Args) {
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const service = textOption(args, 'service');
  const room = textOption(args, 'room');
  return {
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
    ...(service === null ? {} : { service_id: serviceOf(clinic, service).service_id }),
    ...(room === null
      ? {}
      : { room_id: isNone(room) ? null : await roomOf(session, clinic, room) }),
  };
}

/** `petpro schedule set` */
export async function setSchedule(context: Context, args: Args): Promise<undefined> {
  const weekdays = daysOf(textOption(args, 'days') ?? '');
  const hours = hoursOf(textOption(args, 'hours') ?? '');
  const every = textOption(args, 'every');
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const valid_from = dayOf(clinic, textOption(args, 'valid_from'));
  const valid_to = dayOf(clinic, textOption(args, 'valid_to'));
  const wish = {
    clinic_id: clinic.clinic_id,
    ...(await partFields(session, clinic, args)),
    ...versionField(args),
    kind: flagOption(args, 'break') ? ('break' as const) : ('work' as const),
    weekdays,
    hours,
    ...(every === null
      ? {}
      : { step_minutes: isNone(every) ? null : minutesOption('--every', every) }),
    ...(valid_from === null ? {} : { valid_from }),
    ...(valid_to === null ? {} : { valid_to }),
  };
  await rehearseAndDo(context, clinic, args, (dry_run) =>
    session.client.call(
      'set_schedule_hours',
      { ...wish, dry_run },
      dry_run ? {} : callOptions(args),
    ),
  );
}

function horizonOf(text: string): number {
  const days = Number(/^(\d{1,3})d?$/.exec(text.trim())?.[1]);
  if (days >= 1 && days <= 400) return days;
  throw new AppError('invalid_input', `--horizon takes 1d to 400d, or none; not "${text}".`);
}

function countryFields(text: string | null) {
  if (text === null) return {};
  if (text.toLowerCase() === 'none') return { country: null, region: null };
  const match = /^([a-z]{2})(?:-([a-z0-9]{1,3}))?$/i.exec(text.trim());
  if (match) {
    return { country: match[1]?.toUpperCase() ?? null, region: match[2]?.toUpperCase() ?? null };
  }
  throw new AppError('invalid_input', `--country takes ID, JP, DE or DE-BE; not "${text}".`);
}

function rulesOf(args: Args) {
  const text = (name: string) => textOption(args, name);
  const [notice, horizon, before, after] = ['notice', 'horizon', 'before', 'after'].map(text);
  const holidays = (['ask', 'close', 'open'] as const).find((one) => one === text('holidays'));
  const rules = {
    ...(notice
      ? { min_notice_minutes: isNone(notice) ? null : minutesOption('--notice', notice) }
      : {}),
    ...(horizon ? { horizon_days: isNone(horizon) ? null : horizonOf(horizon) } : {}),
    ...(before ? { buffer_before_minutes: minutesOption('--before', before) } : {}),
    ...(after ? { buffer_after_minutes: minutesOption('--after', after) } : {}),
    ...countryFields(text('country')),
    ...(holidays ? { holiday_policy: holidays } : {}),
  };
  if (Object.keys(rules).length > 0) return rules;
  throw new AppError('invalid_input', 'Say what changes.', {
    next: 'petpro schedule rules --help',
  });
}

/** `petpro schedule rules` */
export async function setScheduleRules(context: Context, args: Args): Promise<undefined> {
  const rules = rulesOf(args);
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const service = textOption(args, 'service');
  const wish = {
    clinic_id: clinic.clinic_id,
    ...(service === null ? {} : { service_id: serviceOf(clinic, service).service_id }),
    ...rules,
    // Of a clinic `none` is the number that stands for it.
    ...(service === null && rules.min_notice_minutes === null ? { min_notice_minutes: 0 } : {}),
  };
  await rehearseAndDo(context, clinic, args, (dry_run) =>
    session.client.call(
      'set_schedule_rules',
      { ...wish, dry_run },
      dry_run ? {} : callOptions(args),
    ),
  );
}

/** `petpro schedule exception add` */
export async function addException(context: Context, args: Args): Promise<undefined> {
  const text = textOption(args, 'hours');
  if ((text === null) !== flagOption(args, 'closed')) {
    throw new AppError('invalid_input', 'Say --closed, or the hours of that day with --hours.');
  }
  const hours = text === null ? [] : hoursOf(text);
  const [span] = hours;
  if (text !== null && (span === undefined || hours.length > 1)) {
    throw new AppError('invalid_input', 'An exception has one span of hours.', {
      next: 'add several exceptions, or --closed for none',
    });
  }
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const reason = textOption(args, 'reason');
  const wish = {
    clinic_id: clinic.clinic_id,
    date: dayOf(clinic, textOption(args, 'date')) ?? '',
    is_closed: span === undefined,
    ...(span ?? {}),
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
    ...(reason === null ? {} : { reason }),
  };
  await rehearseAndDo(context, clinic, args, (dry_run) =>
    session.client.call(
      'add_schedule_exception',
      { ...wish, dry_run },
      dry_run ? {} : callOptions(args),
    ),
  );
}

async function exceptionId(session: Session, clinic: Clinic, words: string): Promise<string> {
  if (isId(words)) return words;
  const next = 'petpro schedule exception list';
  if (words.length < SHORT_ID) {
    const detail = `"${words}" is no id: give it, or at least its last ${SHORT_ID} signs.`;
    throw new AppError('invalid_input', detail, { next });
  }
  const { clinic_id } = clinic;
  const { items } = await session.client.call('list_schedule_exceptions', { clinic_id });
  const hit = items.find((one) => one.exception_id.endsWith(words.toLowerCase()));
  if (hit) return hit.exception_id;
  throw new AppError('not_found', `No exception from today on ends in "${words}".`, { next });
}

/** `petpro schedule exception rm` */
export async function removeException(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const exception_id = await exceptionId(session, clinic, firstWord(args));
  const wish = { exception_id };
  const done = await session.client.call('remove_schedule_exception', wish, callOptions(args));
  printGeneration(context, clinic, done);
}

/** `petpro schedule holiday-set` */
export async function setHoliday(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const wish = {
    clinic_id: clinic.clinic_id,
    date: dayOf(clinic, textOption(args, 'date')) ?? '',
    name: firstWord(args),
    is_holiday: !flagOption(args, 'not'),
  };
  await rehearseAndDo(context, clinic, args, (dry_run) =>
    session.client.call('set_holiday', { ...wish, dry_run }, dry_run ? {} : callOptions(args)),
  );
}
