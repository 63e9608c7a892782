import { AppError } from '../domain/errors.ts';
import {
  offset_minutes_max,
  offset_minutes_min,
  offsets_max,
  reminder_channels,
  reminder_statuses,
  reminder_types,
} from '../domain/reminder.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord, isForPeople, referenceOf } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, isId, serviceOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { type Clinic, openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

type Reminder = Output<'skip_reminder'>;
type Rules = Output<'list_reminder_rules'>;

const csv = [
  'reminder_id',
  'reference_code',
  'reminder_type',
  'status',
  'reason',
  'scheduled_time',
  'starts_at',
  'owner_name',
  'pet_name',
  'service_name',
  'verdict',
  'sent_at',
];

const unit_minutes: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1_440 };

/** `2h`, `90m` and `3d` in minutes. */
function minutesOf(flag: string, text: string): number {
  const match = /^(\d{1,5})([mhd])$/.exec(text.trim());
  const minutes = Number(match?.[1]) * (unit_minutes[match?.[2] ?? ''] ?? Number.NaN);
  if (Number.isSafeInteger(minutes) && minutes <= offset_minutes_max) return minutes;
  throw new AppError('invalid_input', `${flag} takes times such as 2h, 90m or 3d, not "${text}".`);
}

/** The largest unit that fits: minutes as people say them. */
function spanText(minutes: number): string {
  if (minutes % 1_440 === 0) return `${minutes / 1_440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

const words = (code: string) => code.replaceAll('_', ' ');

function whatText({ status, verdict }: Pick<Reminder, 'status' | 'verdict'>): string {
  if (status === 'pending') return verdict === 'send' ? 'waits' : `waits; now: ${words(verdict)}`;
  return verdict === 'send' ? status : `${status}: ${words(verdict)}`;
}

function typeOption(args: Args) {
  const text = textOption(args, 'type');
  return reminder_types.find((known) => known === text) ?? null;
}

/** `petpro reminders list` */
export async function listReminders(context: Context, args: Args): Promise<undefined> {
  const due = textOption(args, 'due');
  const due_minutes = due === null ? null : minutesOf('--due', due);
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const booking = textOption(args, 'booking');
  const said = textOption(args, 'status') ?? (booking === null ? 'pending' : 'all');
  const reminder_type = typeOption(args);
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await session.client.call('list_reminders', {
    clinic_id: clinic.clinic_id,
    status: reminder_statuses.find((known) => known === said) ?? 'all',
    ...(reminder_type === null ? {} : { reminder_type }),
    ...(booking === null ? {} : { booking_id: referenceOf(booking) }),
    ...(due_minutes === null ? {} : { due_minutes }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'ReminderList',
    items: page.items,
    columns: [
      { head: 'DUE', text: (one) => look.moment(one.scheduled_time), whole: true },
      { head: 'TYPE', text: (one) => words(one.reminder_type), whole: true },
      { head: 'VISIT', text: (one) => look.moment(one.starts_at), whole: true },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
      { head: 'PET', text: (one) => one.pet_name ?? '-' },
      { head: 'OWNER', text: (one) => one.owner_name ?? '-' },
      { head: 'BY', text: (one) => one.delivery_channels.join(',') },
      { head: 'STATE', text: whatText },
      { head: 'ID', text: (one) => one.reminder_id, wide: true },
    ],
    csv,
    name: (one) => one.reminder_id,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: due === null ? 'No reminder fits.' : `No reminder is due within ${due}.`,
  });
}

/** `petpro reminders run` */
export async function runReminders(context: Context, args: Args): Promise<undefined> {
  const dry_run = flagOption(args, 'dry_run');
  const limit = wholeOption(args, 'limit', 1, 1_000);
  const session = openSession(context, 'sre');
  if (!dry_run) {
    await confirmOrFail(context, 'This queues all reminders that are due, for all clinics.', {
      yes: flagOption(args, 'yes'),
      next: 'petpro reminders run --dry-run',
    });
  }
  const wish = { dry_run, ...(limit === null ? {} : { limit }) };
  const done = await session.client.call('run_reminders', wish, callOptions(args));
  printList(context, {
    kind: 'ReminderRun',
    items: done.items,
    columns: [
      { head: 'TYPE', text: (one) => words(one.reminder_type), whole: true },
      { head: dry_run ? 'WOULD BE' : 'WAS', text: (one) => outcomeText(one.verdict) },
      { head: 'LATE', text: (one) => `${Math.round(one.late_ms / 1_000)}s`, right: true },
      { head: 'BOOKING', text: (one) => one.booking_id, whole: true },
      { head: 'ID', text: (one) => one.reminder_id, wide: true },
    ],
    csv: ['reminder_id', 'booking_id', 'reminder_type', 'verdict', 'late_ms'],
    name: (one) => one.reminder_id,
    empty: 'No reminder is due.',
  });
  if (!isForPeople(context) || done.items.length === 0) return;
  const verb = dry_run ? 'would be queued' : 'queued';
  say(context, `${done.sent} ${verb}, ${done.not_sent} not.`);
}

const outcomeText = (verdict: string) =>
  verdict === 'send' ? 'queued' : `dropped: ${words(verdict)}`;

/** `petpro reminders skip` */
export async function skipReminder(context: Context, args: Args): Promise<undefined> {
  const reminder_id = firstWord(args);
  if (!isId(reminder_id)) {
    const detail = `"${reminder_id}" is no id of a reminder.`;
    throw new AppError('invalid_input', detail, { next: 'petpro reminders list -o wide' });
  }
  const session = openSession(context, 'desk');
  const reason = textOption(args, 'reason');
  const wish = { reminder_id, ...(reason === null ? {} : { reason }) };
  const reminder = await session.client.call('skip_reminder', wish, callOptions(args));
  const clinic = await session.client.call('get_clinic', { clinic_id: reminder.clinic_id });
  const look = lookOf(context, clinic);
  const { reference_code, reminder_type, starts_at, scheduled_time, note } = reminder;
  printOne(context, {
    kind: 'Reminder',
    item: reminder,
    csv,
    name: reminder.reminder_id,
    as_of: look.now(),
    lines: [
      ['Skipped', `${words(reminder_type)} of ${reference_code}`],
      ['was due', look.moment(scheduled_time)],
      ['visit', look.moment(starts_at)],
      ['reason', note ?? ''],
    ],
  });
}

const before = new Set<string>(['upcoming', 'check_in']);

function printRules(context: Context, clinic: Clinic, rules: Rules): void {
  printList(context, {
    kind: 'ReminderRules',
    items: rules.items,
    columns: [
      { head: 'TYPE', text: (one) => words(one.reminder_type), whole: true },
      {
        head: 'WHEN',
        text: (one) =>
          one.offsets_minutes.length === 0
            ? 'never'
            : `${one.offsets_minutes.map(spanText).join(', ')} ${
                before.has(one.reminder_type) ? 'before the start' : 'after the end'
              }`,
      },
      { head: 'BY', text: (one) => one.channels.join(', ') },
      { head: 'SAID BY', text: (one) => one.origin },
    ],
    csv: ['reminder_type', 'offsets_minutes', 'channels', 'origin', 'version'],
    name: (one) => one.reminder_type,
    as_of: lookOf(context, clinic).now(),
  });
}

function serviceField(clinic: Clinic, args: Args): { readonly service_id?: string } {
  const text = textOption(args, 'service');
  return text === null ? {} : { service_id: serviceOf(clinic, text).service_id };
}

/** `petpro reminders rules` */
export async function showRules(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const wish = { clinic_id: clinic.clinic_id, ...serviceField(clinic, args) };
  printRules(context, clinic, await session.client.call('list_reminder_rules', wish));
}

/** `--at`, `--off` or `--default`, as the API takes them. */
function offsetsOf(args: Args): readonly number[] | null {
  const at = textOption(args, 'at');
  const said = [at !== null, flagOption(args, 'off'), flagOption(args, 'default')];
  if (said.filter(Boolean).length !== 1) {
    const next = `petpro reminders set ${firstWord(args)} --at 24h,2h`;
    throw new AppError('invalid_input', 'Say one of --at, --off and --default.', { next });
  }
  if (at === null) return flagOption(args, 'off') ? [] : null;
  const offsets = at.split(',').map((text) => minutesOf('--at', text));
  if (offsets.length > offsets_max || offsets.some((minutes) => minutes < offset_minutes_min)) {
    const detail = `--at takes up to ${offsets_max} times of at least ${offset_minutes_min}m.`;
    throw new AppError('invalid_input', detail);
  }
  return offsets;
}

function channelsOf(args: Args) {
  const text = textOption(args, 'by') ?? 'email';
  return text.split(',').map((word) => {
    const channel = reminder_channels.find((known) => known === word.trim());
    if (channel) return channel;
    const detail = `--by takes ${reminder_channels.join(', ')}; not "${word}".`;
    throw new AppError('invalid_input', detail);
  });
}

/** `petpro reminders set` */
export async function setRule(context: Context, args: Args): Promise<undefined> {
  const word = firstWord(args).replaceAll('-', '_');
  const reminder_type = reminder_types.find((known) => known === word);
  if (!reminder_type) {
    const detail = `There is no reminder "${firstWord(args)}": ${reminder_types.join(', ')}.`;
    throw new AppError('invalid_input', detail, { next: 'petpro reminders rules' });
  }
  const offsets = offsetsOf(args);
  const channels = channelsOf(args);
  const reason = textOption(args, 'reason');
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const rules = await session.client.call(
    'set_reminder_rule',
    {
      clinic_id: clinic.clinic_id,
      reminder_type,
      offsets_minutes: offsets === null ? null : [...offsets],
      channels,
      ...serviceField(clinic, args),
      ...(reason === null ? {} : { reason }),
    },
    callOptions(args),
  );
  printRules(context, clinic, rules);
  if (isForPeople(context))
    say(context, 'It holds for bookings that are made or moved from now on.');
}
