import type { Money } from './money.ts';

/** Languages that mails are written in. */
export type MailLang = 'en' | 'ja' | 'id';

/** What an owner is told about, by mail, SMS and push. The names are `deliveries.type`. */
export const mail_types = [
  'booking_confirmed',
  'booking_cancelled',
  'booking_rescheduled',
  'payment_failed',
  'payment_late',
  'approval_asked',
  'approval_declined',
  'refund_processed',
  'waitlist_offered',
  'reminder_upcoming',
  'reminder_check_in',
  'reminder_follow_up',
  'reminder_review_request',
] as const;
export type MailType = (typeof mail_types)[number];

export function isMailType(type: string): type is MailType {
  return mail_types.some((known) => known === type);
}

/** What an owner may do without: reminders, and questions afterwards. */
export function isOptional(type: MailType): boolean {
  return type.startsWith('reminder_');
}

/** Everything that a mail may say. Read when it is sent, so that it never tells of an old state. */
export type MailFacts = {
  readonly lang: MailLang;
  readonly reference_code: string;
  readonly owner_name: string;
  readonly pet_name: string;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly clinic_name: string;
  readonly clinic_address: string | null;
  readonly clinic_phone: string | null;
  readonly clinic_email: string | null;
  readonly time_zone: string;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  /** All visits that it is about, where they are several of a series. */
  readonly visits?: readonly {
    readonly starts_at: Temporal.Instant;
    readonly reference_code: string;
  }[];
  /** Several services in a row, in order; absent or empty where there is one. */
  readonly items?: readonly {
    readonly starts_at: Temporal.Instant;
    readonly service_name: string;
    readonly staff_name: string | null;
  }[];
  readonly quantity: number;
  /** Where seats are numbered: `A-12`. */
  readonly seat_names?: readonly string[] | null | undefined;
  readonly amount: Money;
  /** `due` = to be paid at the visit. */
  readonly payment_state: 'paid' | 'due';
  readonly refund: Money | null;
  readonly refund_percent: number | null;
  readonly cancelled_by: 'owner' | 'clinic' | null;
  /** When the hold ends, and the clinic has answered at the latest. */
  readonly answer_by: Temporal.Instant;
  /** Whether a card is authorised, or was. */
  readonly has_card: boolean;
};

export type RenderedMail = {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** The same news in few words. */
export type RenderedPush = { readonly title: string; readonly body: string };

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** One line without control characters: a name must not add header lines to a mail. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

/**
 * `Friday 20 November 2026 at 14:30 WIB`: the clinic's wall clock in the reader's language, zone
 * named.
 */
export function visitTime(instant: Temporal.Instant, time_zone: string, lang: MailLang): string {
  const locale = { en: 'en-GB', ja: 'ja-JP', id: 'id-ID' }[lang];
  return new Intl.DateTimeFormat(locale, {
    timeZone: time_zone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
    .format(instant.epochMilliseconds)
    .replace(/[\u00a0\u202f]/g, ' ');
}

/** `20 Nov, 14:30`: for texts that are paid by length. The zone is the clinic's. */
export function shortTime(instant: Temporal.Instant, time_zone: string, lang: MailLang): string {
  const locale = { en: 'en-GB', ja: 'ja-JP', id: 'id-ID' }[lang];
  return new Intl.DateTimeFormat(locale, {
    timeZone: time_zone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
    .format(instant.epochMilliseconds)
    .replace(/[\u00a0\u202f]/g, ' ');
}
