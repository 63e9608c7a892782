import type {
  ReminderChannel,
  ReminderReason,
  ReminderStatus,
  ReminderType,
} from '../../domain/reminder.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

type Verdict = 'send' | ReminderReason;

type JudgedReminder = {
  readonly reminder_id: string;
  readonly booking_id: string;
  readonly reminder_type: ReminderType;
  readonly verdict: Verdict;
  /** How long ago it was due. */
  readonly late_ms: number;
};

/**
 * Turns due reminders into messages, oldest first, unless another caller is at it or enough wait to be
 * sent; returns those that were looked at.
 */
export async function queueReminders(
  sql: Db,
  { limit, waiting_max }: { readonly limit: number; readonly waiting_max: number },
): Promise<readonly JudgedReminder[]> {
  return await run(sql<JudgedReminder[]>`
    select reminder_id, booking_id, reminder_type, verdict, late_ms
    from queue_reminders(${limit}, ${waiting_max})`);
}

export type ReminderRow = {
  readonly reminder_id: string;
  readonly booking_id: string;
  readonly reference_code: string;
  readonly clinic_id: string;
  readonly reminder_type: ReminderType;
  readonly offset_minutes: number;
  readonly status: ReminderStatus;
  readonly reason: ReminderReason | null;
  readonly note: string | null;
  readonly scheduled_time: Temporal.Instant;
  readonly booking_time: Temporal.Instant;
  readonly time_zone: string;
  readonly delivery_channels: readonly ReminderChannel[];
  readonly owner_name: string | null;
  readonly pet_name: string | null;
  readonly service_name: string;
  readonly sent_at: Temporal.Instant | null;
  readonly deliveries: readonly { readonly channel: string; readonly status: string }[];
  /** What would become of it if it were due now. */
  readonly verdict: Verdict;
};

const columns = (sql: Db) => sql`
  m.id as reminder_id, m.booking_id, b.reference_code, m.clinic_id, m.reminder_type,
  m.offset_minutes, m.status, m.reason, m.note, m.scheduled_time, m.booking_time, c.time_zone,
  m.delivery_channels, case when not u.is_erased then u.full_name end as owner_name,
  b.pet_snapshot ->> 'name' as pet_name, b.service_snapshot ->> 'name' as service_name, m.sent_at,
  coalesce((
    select jsonb_agg(
      jsonb_build_object('channel', d.channel, 'status', d.status) order by d.channel
    )
    from deliveries d
    where d.reminder_id = m.id
  ), '[]') as deliveries,
  case when m.status = 'pending' then reminder_verdict(m, b) else coalesce(m.reason, 'send') end
    as verdict`;

const sources = (sql: Db) => sql`
  booking_reminders m
  join bookings b on b.id = m.booking_id
  join clinics c on c.id = m.clinic_id
  left join users u on u.id = b.user_id`;

export type ReminderFilter = Scope & {
  readonly clinic_filter: string | null;
  readonly status: ReminderStatus | null;
  readonly reminder_type: ReminderType | null;
  readonly booking_ref: string | null;
  /** Due until that long from now; null = whenever. */
  readonly due_ms: number | null;
  /** The last row of the page before. */
  readonly after: { readonly at: Temporal.Instant; readonly id: string } | null;
  readonly limit: number;
};

/** Reminders by when they are due. */
export async function listReminders(
  sql: Db,
  filter: ReminderFilter,
): Promise<readonly ReminderRow[]> {
  const { clinic_id, clinic_filter, status, reminder_type, booking_ref, due_ms, after } = filter;
  const is_code = booking_ref?.startsWith('BP') === true;
  return await run(sql<ReminderRow[]>`
    select ${columns(sql)}
    from ${sources(sql)}
    where true
      ${clinic_id === null ? sql`` : sql`and m.clinic_id = ${clinic_id}`}
      ${clinic_filter === null ? sql`` : sql`and m.clinic_id = ${clinic_filter}`}
      ${status === null ? sql`` : sql`and m.status = ${status}`}
      ${reminder_type === null ? sql`` : sql`and m.reminder_type = ${reminder_type}`}
      ${booking_ref === null ? sql`` : is_code ? sql`and b.reference_code = ${booking_ref}` : sql`and b.id = ${booking_ref}`}
      ${due_ms === null ? sql`` : sql`and m.scheduled_time <= now() + ${due_ms} * interval '1 ms'`}
      ${after ? sql`and (m.scheduled_time, m.id) > (${after.at.toString()}, ${after.id})` : sql``}
    order by m.scheduled_time, m.id
    limit ${filter.limit}`);
}

/** What is due now and what would become of it; changes nothing. */
export async function judgeDue(
  sql: Db,
  clinic_id: string | null,
  limit: number,
): Promise<readonly JudgedReminder[]> {
  return await run(sql<JudgedReminder[]>`
    select m.id as reminder_id, m.booking_id, m.reminder_type, reminder_verdict(m, b) as verdict,
      (extract(epoch from now() - m.scheduled_time) * 1000)::bigint as late_ms
    from booking_reminders m
    join bookings b on b.id = m.booking_id
    where m.status = 'pending' and m.scheduled_time <= now()
      ${clinic_id === null ? sql`` : sql`and m.clinic_id = ${clinic_id}`}
    order by m.scheduled_time, m.id
    limit ${limit}`);
}

/** One reminder within the caller's reach. */
export async function findReminder(
  sql: Db,
  reminder_id: string,
  { clinic_id }: Scope,
): Promise<ReminderRow | null> {
  const [row] = await run(sql<ReminderRow[]>`
    select ${columns(sql)}
    from ${sources(sql)}
    where m.id = ${reminder_id}
      ${clinic_id === null ? sql`` : sql`and m.clinic_id = ${clinic_id}`}`);
  return row ?? null;
}

/** Keeps one reminder from going out. */
export async function skipReminder(
  sql: Db,
  { reminder_id, note }: { readonly reminder_id: string; readonly note: string | null },
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'already_done' | 'not_found' | 'conflict' }> {
  type Done = { readonly outcome: 'ok' | 'already_done' | 'not_found' | 'conflict' };
  return await runOne(sql<Done[]>`
    select outcome from skip_reminder(${reminder_id}, ${note}, ${sql.json(actor)})`);
}

export type ReminderRule = {
  readonly reminder_type: ReminderType;
  readonly offsets_minutes: readonly number[];
  readonly channels: readonly ReminderChannel[];
  /** Who said so. */
  readonly origin: 'service' | 'clinic' | 'default';
  readonly version: number;
};

/** The rules that hold at a clinic, or for one of its services. */
export async function reminderRules(
  sql: Db,
  clinic_id: string,
  service_id: string | null,
): Promise<readonly ReminderRule[]> {
  return await run(sql<ReminderRule[]>`
    select reminder_type, offsets_minutes, channels, origin, version
    from reminder_rules_of(${clinic_id}, ${service_id})
    order by reminder_type`);
}

/** Sets what a clinic says over one kind, or forgets it (offsets null). */
export async function setReminderRule(
  sql: Db,
  rule: {
    readonly clinic_id: string;
    readonly service_id: string | null;
    readonly reminder_type: ReminderType;
    readonly offsets_minutes: readonly number[] | null;
    readonly channels: readonly ReminderChannel[];
    readonly reason: string | null;
  },
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'not_found' }> {
  const { clinic_id, service_id, reminder_type, offsets_minutes, channels, reason } = rule;
  return await runOne(sql<{ outcome: 'ok' | 'not_found' }[]>`
    select outcome
    from set_reminder_rule(
      ${clinic_id}, ${service_id}, ${reminder_type},
      ${offsets_minutes === null ? null : [...offsets_minutes]}::integer[],
      ${[...channels]}::text[], ${reason}, ${sql.json(actor)}
    )`);
}
