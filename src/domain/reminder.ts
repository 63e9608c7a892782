/** Reminders of visits. The four kinds are those of seed 002, `booking_reminders`. */
export const reminder_types = ['upcoming', 'check_in', 'follow_up', 'review_request'] as const;
export type ReminderType = (typeof reminder_types)[number];

/** Seed 002, `booking_reminders.status`. */
export const reminder_statuses = ['pending', 'sent', 'failed', 'cancelled'] as const;
export type ReminderStatus = (typeof reminder_statuses)[number];

/** Why a reminder did not go out. */
export const reminder_reasons = [
  'booking_cancelled',
  'booking_moved',
  'visit_begun',
  'visit_not_completed',
  'too_late',
  'superseded',
  'reviewed_already',
  'skipped',
  'no_channel',
] as const;
export type ReminderReason = (typeof reminder_reasons)[number];

/** Channels that a reminder can go by. */
export const reminder_channels = ['email', 'push', 'sms'] as const;
export type ReminderChannel = (typeof reminder_channels)[number];

/** Five minutes to sixty days, and four of a kind at most; the table checks the same. */
export const offset_minutes_min = 5;
export const offset_minutes_max = 86_400;
export const offsets_max = 4;
