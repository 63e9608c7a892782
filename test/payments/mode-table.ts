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

/** `nothing` = no money was taken; everything else ends in exactly one of the others. */
export type End = 'booking' | 'refund' | 'inbox' | 'nothing';

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

const takes_no_money: readonly Mode[] = ['decline', 'sca_left', 'processing_declined'];

export function endOf(mode: Mode, state: State): End {
  return takes_no_money.includes(mode) ? 'nothing' : paid[state];
}
