/** How a payment ends, by what the card does and where the hold is: the law that the test enforces. */

export const modes = [
  'success',
  'decline',
  'sca',
  'sca_left',
  'processing',
  'processing_declined',
  'late',
  'duplicate',
  'reordered',
  'lost_webhook',
  'saved',
  'saved_declined',
  'saved_sca',
  'saved_sca_left',
  'saved_unknown',
  'authorised',
  'authorised_unseen',
] as const;
export type Mode = (typeof modes)[number];

export const states = [
  'pending',
  'extended',
  'overdue',
  'expired_free',
  'expired_taken',
  'cancelled',
  'confirmed_due',
  'confirmed_paid',
  'booking_cancelled',
] as const;
export type State = (typeof states)[number];

/**
 * `nothing` = no money was taken; everything else ends in exactly one of the others. `awaiting` =
 * the card is authorised and the clinic decides; `void` = it was authorised and has been let go.
 */
export type End = 'booking' | 'refund' | 'inbox' | 'awaiting' | 'void' | 'nothing';

/** What money that arrives buys, whichever way it comes. */
const paid: Readonly<Record<State, End>> = {
  pending: 'booking',
  extended: 'booking',
  overdue: 'booking',
  expired_free: 'booking',
  expired_taken: 'refund',
  cancelled: 'refund',
  confirmed_due: 'booking',
  confirmed_paid: 'refund',
  booking_cancelled: 'refund',
};

const takes_no_money: readonly Mode[] = [
  'decline',
  'sca_left',
  'processing_declined',
  'saved_declined',
  'saved_sca_left',
];

const is_live: readonly State[] = ['pending', 'extended'];

export function endOf(mode: Mode, state: State): End {
  if (takes_no_money.includes(mode)) return 'nothing';
  // Charged by us, who look at the hold first.
  if (mode === 'saved') return is_live.includes(state) ? 'booking' : 'nothing';
  if (mode === 'authorised' || mode === 'authorised_unseen') {
    return is_live.includes(state) || state === 'overdue' ? 'awaiting' : 'void';
  }
  return paid[state];
}
