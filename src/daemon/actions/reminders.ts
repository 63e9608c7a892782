import { AppError } from '../../domain/errors.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic, findService } from '../store/clinics.ts';
import {
  findReminder,
  judgeDue,
  listReminders as list,
  queueReminders,
  type ReminderRow,
  reminderRules,
  setReminderRule as setRule,
  skipReminder as skip,
} from '../store/reminders.ts';
import { assertClinic, dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';

type Reminder = Output<'skip_reminder'>;

/** Enough may wait to be sent when a person asks for it, but not a flood. */
const WAITING_MAX = 1_000;

function reminderJson(row: ReminderRow, actor: Actor): Reminder {
  const { time_zone, booking_time, scheduled_time, sent_at, owner_name, ...rest } = row;
  const local = (instant: Temporal.Instant) => localTime(instant, time_zone).text;
  return {
    ...rest,
    owner_name: owner_name === null || seesPersonalData(actor.role) ? owner_name : '***',
    scheduled_time: local(scheduled_time),
    starts_at: local(booking_time),
    sent_at: sent_at === null ? null : local(sent_at),
  };
}

/** Reminders by when they are due. */
export async function listReminders(
  app: App,
  actor: Actor,
  input: Input<'list_reminders'>,
): Promise<Output<'list_reminders'>> {
  const { clinic_id: clinic_filter = null, due_minutes, limit, status } = input;
  if (clinic_filter !== null) assertClinic(actor, clinic_filter);
  const rows = await list(app.sql, {
    ...scopeOf(actor),
    clinic_filter,
    status: status === 'all' ? null : status,
    reminder_type: input.reminder_type ?? null,
    booking_ref: input.booking_id ?? null,
    due_ms: due_minutes === undefined ? null : due_minutes * 60_000,
    after: decodeTimeCursor(input.cursor),
    limit: limit + 1,
  });
  const { items, next_cursor } = pageOf(rows, limit, (row) => [
    row.scheduled_time.toString(),
    row.reminder_id,
  ]);
  return { items: items.map((row) => reminderJson(row, actor)), next_cursor };
}

/** Queues what is due now, or only says what would become of it. */
export async function runReminders(
  app: App,
  actor: Actor,
  input: Input<'run_reminders'>,
): Promise<Output<'run_reminders'>> {
  const { dry_run, limit } = input;
  if (!dry_run && actor.clinic_id !== null) {
    const detail = 'Reminders are queued for all clinics together; this key is for one.';
    throw new AppError('policy_refused', detail, { next: 'petpro reminders run --dry-run' });
  }
  const items = dry_run
    ? await judgeDue(app.sql, actor.clinic_id, limit)
    : await queueReminders(app.sql, { limit, waiting_max: WAITING_MAX });
  const sent = items.filter(({ verdict }) => verdict === 'send').length;
  if (!dry_run && sent > 0) app.wake.dispatcher();
  return { dry_run, items, sent, not_sent: items.length - sent };
}

/** Keeps one reminder from going out. */
export async function skipReminder(
  app: App,
  actor: Actor,
  input: Input<'skip_reminder'>,
): Promise<Reminder> {
  const { reminder_id, reason: note = null } = input;
  const { outcome } = await skip(app.sql, { reminder_id, note }, dbActor(actor));
  if (outcome === 'conflict') {
    throw failure(outcome, {}, 'It has gone out already, or will not go out anyway.');
  }
  if (outcome === 'not_found') throw failure(outcome);
  const row = await findReminder(app.sql, reminder_id, scopeOf(actor));
  if (!row) throw new Error(`The reminder ${reminder_id} is not there any more`);
  return reminderJson(row, actor);
}

async function rulesOf(app: App, clinic_id: string, service_id: string | null) {
  return { clinic_id, service_id, items: await reminderRules(app.sql, clinic_id, service_id) };
}

/** Refuses a clinic that is none, and a service that it does not offer. */
async function assertOffered(app: App, clinic_id: string, service_id: string | null) {
  const clinic = await findClinic(app.sql, clinic_id);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  if (service_id === null) return;
  const service = await findService(app.sql, service_id);
  if (service?.clinic_id === clinic_id) return;
  throw new AppError('not_found', 'The clinic offers no such service.');
}

/** Which reminders a clinic sends, or one of its services. */
export async function listReminderRules(
  app: App,
  actor: Actor,
  input: Input<'list_reminder_rules'>,
): Promise<Output<'list_reminder_rules'>> {
  const { clinic_id, service_id = null } = input;
  assertClinic(actor, clinic_id);
  await assertOffered(app, clinic_id, service_id);
  return await rulesOf(app, clinic_id, service_id);
}

/** Sets when one kind of reminder goes out. */
export async function setReminderRule(
  app: App,
  actor: Actor,
  input: Input<'set_reminder_rule'>,
): Promise<Output<'set_reminder_rule'>> {
  const { clinic_id, service_id = null, reason = null } = input;
  const rule = { ...input, service_id, reason };
  const { outcome } = await setRule(app.sql, rule, dbActor(actor));
  if (outcome !== 'ok') throw failure(outcome, {}, 'There is no such clinic or service.');
  return await rulesOf(app, clinic_id, service_id);
}
