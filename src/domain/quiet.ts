import type { MailType } from './message.ts';

/** When nobody wants their phone to ring. */
export type QuietHours = {
  /** Wall clock, `21:00`. Equal times mean: no quiet hours. */
  readonly quiet_from: string;
  readonly quiet_until: string;
};

export const default_quiet: QuietHours = { quiet_from: '21:00', quiet_until: '08:00' };

/**
 * The end of the quiet hours that `now` lies in, on the wall clock of `time_zone`; null outside of
 * them. On a day when the clock jumps the end is the first moment that the wall shows it or later.
 */
export function quietUntil(
  now: Temporal.Instant,
  time_zone: string,
  hours: QuietHours,
): Temporal.Instant | null {
  const from = Temporal.PlainTime.from(hours.quiet_from);
  const until = Temporal.PlainTime.from(hours.quiet_until);
  if (from.equals(until)) return null;
  const here = now.toZonedDateTimeISO(time_zone);
  const today = here.toPlainDate();
  // A night that began yesterday, or one that begins today.
  for (const start of [today.subtract({ days: 1 }), today]) {
    const is_overnight = Temporal.PlainTime.compare(from, until) > 0;
    const begins = start.toZonedDateTime({ timeZone: time_zone, plainTime: from }).toInstant();
    const ends = start
      .add({ days: is_overnight ? 1 : 0 })
      .toZonedDateTime({ timeZone: time_zone, plainTime: until })
      .toInstant();
    const has_begun = Temporal.Instant.compare(begins, now) <= 0;
    if (has_begun && Temporal.Instant.compare(now, ends) < 0) return ends;
  }
  return null;
}

/** Something runs out within minutes: money, or a place that is kept. */
const always_urgent: readonly MailType[] = ['payment_failed', 'waitlist_offered'];
/** A visit this near cannot wait for the morning. */
const NEAR_HOURS = 12;

/** Whether a message may ring at night: waiting would make it useless. */
export function isUrgent(
  type: MailType,
  starts_at: Temporal.Instant | null,
  now: Temporal.Instant,
): boolean {
  if (always_urgent.includes(type)) return true;
  if (starts_at === null || type.startsWith('reminder_review')) return false;
  const ahead_h = starts_at.since(now).total('hours');
  return ahead_h >= 0 && ahead_h <= NEAR_HOURS;
}
