import { formatMoney, parseAmount } from '../domain/money.ts';
import { localTime } from '../domain/time.ts';
import type { Context } from './context.ts';
import { type Clinic, langOf } from './session.ts';

/** How amounts and times of one clinic are shown to this person. */
export type Look = {
  readonly money: (amount: string, currency: string) => string;
  /** `11:15`, in --tz or the clinic's zone. */
  readonly time: (instant: string) => string;
  /** `2026-11-20 11:15`. */
  readonly moment: (instant: string) => string;
  /** RFC 3339 of now with the zone's offset, for `meta.as_of`. */
  readonly now: () => string;
};

export function lookOf(context: Context, clinic: Pick<Clinic, 'lang' | 'time_zone'>): Look {
  const zone = context.config.tz ?? clinic.time_zone;
  const lang = langOf(context, clinic);
  const local = (instant: string) => localTime(Temporal.Instant.from(instant), zone);
  return {
    money: (amount, currency) => formatMoney(parseAmount(amount, currency), lang),
    time: (instant) => local(instant).time,
    moment: (instant) => `${local(instant).date} ${local(instant).time}`,
    now: () => localTime(Temporal.Now.instant(), zone).text,
  };
}

/** The end of an id: the beginning of our ids is a time and much the same for all. */
export function shortId(context: Context, id: string): string {
  return context.io.is_tty && context.mode !== 'wide' ? id.slice(-SHORT_ID) : id;
}

/** Hex digits; commands take this much of an id back. */
export const SHORT_ID = 6;

/** Minutes from start to end. */
export function minutesBetween(starts_at: string, ends_at: string): number {
  const start = Temporal.Instant.from(starts_at);
  return start.until(Temporal.Instant.from(ends_at)).total('minutes');
}

const attempt_words = { success: 'paid', failed: 'declined', expired: 'page expired' } as const;

type Attempt = { readonly result: keyof typeof attempt_words; readonly at: string };

/** What became of the payment page, when it did not go well at once; else nothing. */
export function attemptsText(attempts: readonly Attempt[], look: Look): string {
  if (attempts.every(({ result }) => result === 'success')) return '';
  return attempts.map(({ result, at }) => `${attempt_words[result]} ${look.time(at)}`).join(', ');
}
