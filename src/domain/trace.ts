/** What is missing in the story of a booking: things that should have followed and have not. */

export const trace_gaps = [
  'paid_not_booked',
  'booked_late',
  'hold_not_ended',
  'news_not_out',
  'message_not_out',
  'refund_not_out',
  'reminder_not_out',
] as const;
export type TraceGapCode = (typeof trace_gaps)[number];

export type TraceGap = {
  readonly code: TraceGapCode;
  /** Since when it is missing. */
  readonly at: Temporal.Instant;
  /** The entry that nothing followed. */
  readonly what: string;
  /** How long it took, or has been missing for. */
  readonly wait_ms: number;
};

type Entry = {
  readonly at: Temporal.Instant;
  readonly part: string;
  readonly what: string;
  readonly overdue: boolean;
};

export type TraceFacts = {
  readonly now: Temporal.Instant;
  readonly has_booking: boolean;
  readonly hold: { readonly status: string; readonly expires_at: Temporal.Instant } | null;
  readonly entries: readonly Entry[];
};

/** Stripe's news takes seconds; who has paid and waits for longer rings up. */
const BOOKED_WITHIN_MS = 60_000;
/** The sweeper comes each few seconds; a page that has to be closed first takes a little longer. */
const SWEPT_WITHIN_MS = 120_000;

const overdue_codes: Readonly<Record<string, TraceGapCode>> = {
  event: 'news_not_out',
  message: 'message_not_out',
  refund: 'refund_not_out',
  reminder: 'reminder_not_out',
};

const between = (from: Temporal.Instant, to: Temporal.Instant) =>
  to.epochMilliseconds - from.epochMilliseconds;

function paidGaps({ now, has_booking, entries }: TraceFacts): readonly TraceGap[] {
  const paid = entries.find(({ what }) => what === 'payment.success');
  if (paid === undefined) return [];
  const { at, what } = paid;
  if (!has_booking) {
    const goes_back = entries.some(({ part }) => part === 'refund');
    const wait_ms = between(at, now);
    if (goes_back || wait_ms < BOOKED_WITHIN_MS) return [];
    return [{ code: 'paid_not_booked', at, what, wait_ms }];
  }
  const booked = entries.find((one) => one.part === 'booking' && one.what === 'booking.confirmed');
  const wait_ms = booked === undefined ? 0 : between(at, booked.at);
  return wait_ms < BOOKED_WITHIN_MS ? [] : [{ code: 'booked_late', at, what, wait_ms }];
}

/** The gaps of a story, in the order of their times. Pure: `now` is the database's. */
export function gapsOf(facts: TraceFacts): readonly TraceGap[] {
  const { now, hold, entries } = facts;
  const gaps = [...paidGaps(facts)];
  if (hold?.status === 'pending') {
    const wait_ms = between(hold.expires_at, now);
    const what = 'reservation.created';
    if (wait_ms > SWEPT_WITHIN_MS) {
      gaps.push({ code: 'hold_not_ended', at: hold.expires_at, what, wait_ms });
    }
  }
  for (const { at, part, what, overdue } of entries) {
    const code = overdue_codes[part];
    if (overdue && code !== undefined) gaps.push({ code, at, what, wait_ms: between(at, now) });
  }
  return gaps.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at));
}
