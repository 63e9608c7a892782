import type { HoldModel, PaymentModel, RefundModel } from './model.ts';

/**
 * Money by the rules of docs/money.md and docs/payments.md, worked out apart from the engine: whole
 * minor units, nothing imported from the product.
 */

/** What the clinic of the model's world gives the platform, and its inclusive tax, in basis points. */
export const COMMISSION_BP = 1_000;
export const TAX_BP = 1_100;
const WHOLE_BP = 10_000;

type Parts = readonly [fee: number, clinic: number, tax: number];

/** Largest remainder; who comes first gets the unit when two are as near. */
export function splitByWeights(amount: number, weights: readonly bigint[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const parts = weights.map((weight) => Number((BigInt(amount) * weight) / total));
  const rests = weights.map((weight) => (BigInt(amount) * weight) % total);
  let left = amount - parts.reduce((sum, part) => sum + part, 0);
  for (; left > 0; left -= 1) {
    const most = rests.reduce((best, rest) => (rest > best ? rest : best), -1n);
    const at = rests.indexOf(most);
    rests[at] = -1n;
    parts[at] = (parts[at] ?? 0) + 1;
  }
  return parts;
}

/** The platform's share is of the whole price, the tax is contained in it, the rest is the clinic's. */
export function partsOf(amount: number, commission_bp = COMMISSION_BP, tax_bp = TAX_BP): Parts {
  const gross = WHOLE_BP + tax_bp;
  const fee = commission_bp * gross;
  const tax = tax_bp * WHOLE_BP;
  const weights = [fee, gross * WHOLE_BP - fee - tax, tax].map(BigInt);
  const [a = 0, b = 0, c = 0] = splitByWeights(amount, weights);
  return [a, b, c];
}

/** What the ledger of a booking must sum to: fee, clinic share, tax. */
export function ledgerOf({ payments }: HoldModel): Parts {
  const sums: [number, number, number] = [0, 0, 0];
  for (const payment of payments.filter(isReceived).filter(({ is_booked }) => is_booked)) {
    const whole = partsOf(payment.amount);
    const gone = payment.refunds
      .filter(({ status }) => status === 'completed')
      .map(({ amount }) => splitByWeights(amount, whole.map(BigInt)));
    for (const at of [0, 1, 2] as const) {
      sums[at] += whole[at] - gone.reduce((sum, parts) => sum + (parts[at] ?? 0), 0);
    }
  }
  return sums;
}

export const isReceived = ({ status }: PaymentModel) =>
  status === 'success' || status === 'refunded';

/** Also what a bank refused: a person will see to it that it leaves after all. */
const mayLeave = ({ status, is_returned }: RefundModel) =>
  status !== 'denied' && (status !== 'failed' || !is_returned);

/** What is left of a payment when everything is taken off that went back or still may. */
export function leftOf({ amount, refunds }: PaymentModel, but_not?: RefundModel): number {
  const away = refunds
    .filter((refund) => refund !== but_not && mayLeave(refund))
    .reduce((sum, refund) => sum + refund.amount, 0);
  return amount - away;
}

/** Payments of the booking, in the order in which the money came. */
export const receivedOf = ({ payments }: HoldModel) =>
  payments
    .filter((payment) => payment.is_booked && isReceived(payment))
    .toSorted((a, b) => a.paid_at - b.paid_at);

export const paidOf = (hold: HoldModel) =>
  receivedOf(hold).reduce((sum, { amount }) => sum + amount, 0);

export const refundableOf = (hold: HoldModel) =>
  receivedOf(hold).reduce((sum, payment) => sum + leftOf(payment), 0);

export function newRefund(amount: number, more: Partial<RefundModel> = {}): RefundModel {
  return {
    amount,
    status: 'pending',
    origin: 'ours',
    decision: 'granted',
    attempts: 0,
    reference: null,
    is_returned: false,
    is_kept: false,
    born: 0,
    ...more,
  };
}

/** Takes an amount off payments in the order given, as much of each as is left. */
export function giveOff(
  payments: readonly PaymentModel[],
  amount: number,
  more: Partial<RefundModel>,
): void {
  let wanted = amount;
  for (const payment of payments) {
    const part = Math.min(wanted, leftOf(payment));
    if (part <= 0) continue;
    wanted -= part;
    payment.refunds.push(newRefund(part, more));
  }
}

/** The end of a refund's try, as the provider or a person tells it. */
export function finish(
  payment: PaymentModel,
  refund: RefundModel,
  status: 'completed' | 'processing' | 'failed' | 'pending',
): void {
  refund.status = status;
  const done = payment.refunds
    .filter((one) => one.status === 'completed')
    .reduce((sum, one) => sum + one.amount, 0);
  if (done > 0 && done === payment.amount) payment.status = 'refunded';
}

export type Owed = { readonly payment: PaymentModel; readonly refund: RefundModel };

/** All refunds of a hold, by the order in which their money came, then by age. */
export const refundsOf = (hold: HoldModel): readonly Owed[] =>
  hold.payments
    .filter(isReceived)
    .toSorted((a, b) => a.paid_at - b.paid_at)
    .flatMap((payment) => payment.refunds.map((refund) => ({ payment, refund })));

/** Tries of the worker before a person has to look. */
const ATTEMPTS_MAX = 10;

export type Ending = 'completed' | 'processing' | 'failed' | 'retry';

/** The worker sends what is due; nobody but a person can hand over what the desk took. */
export function payBack(hold: HoldModel, ending: Ending): void {
  for (const { payment, refund } of refundsOf(hold)) {
    const is_open = refund.status === 'pending' || refund.status === 'processing';
    if (!is_open || refund.decision !== 'granted' || refund.is_kept) continue;
    if (refund.reference === null) refund.attempts += 1;
    if (payment.is_desk) {
      finish(payment, refund, 'failed');
    } else if (ending === 'retry') {
      finish(payment, refund, refund.attempts >= ATTEMPTS_MAX ? 'failed' : 'pending');
    } else {
      refund.reference ??= 're';
      finish(payment, refund, ending);
    }
  }
}

/** A person decides about a refund that the desk asked for. */
export function decide(refund: RefundModel, grant: boolean): string {
  const decision = grant ? 'granted' : 'denied';
  if (refund.decision === decision) return 'already_done';
  if (refund.decision !== 'awaiting') return 'conflict';
  refund.decision = decision;
  if (!grant) refund.status = 'denied';
  return 'ok';
}

/** A person handed the money over. */
export function complete(payment: PaymentModel, refund: RefundModel): string {
  const { status, decision, is_returned } = refund;
  if (status === 'completed') return 'already_done';
  const is_for_people = status === 'failed' || (status === 'pending' && payment.is_desk);
  if (decision !== 'granted' || is_returned || !is_for_people) return 'policy_refused';
  if (refund.amount > leftOf(payment, refund)) return 'policy_refused';
  finish(payment, refund, 'completed');
  return 'ok';
}

/** A person sends a failed refund once more. */
export function retry(payment: PaymentModel, refund: RefundModel): string {
  if (refund.status !== 'failed') return 'conflict';
  if (payment.is_desk || refund.amount > leftOf(payment, refund)) return 'policy_refused';
  if (refund.is_returned) {
    payment.refunds.push(newRefund(refund.amount));
  } else {
    Object.assign(refund, { status: 'pending', attempts: 0, reference: null });
  }
  return 'ok';
}

/** What the bank says later of a refund that it has taken. */
export function bankSays(
  payment: PaymentModel,
  refund: RefundModel,
  news: 'completed' | 'failed',
): string {
  if (refund.status === 'denied' || refund.is_returned) return 'already_done';
  if (refund.status === 'completed') {
    if (news === 'completed') return 'already_done';
    refund.status = 'failed';
    refund.is_returned = true;
    return 'refund_recorded';
  }
  finish(payment, refund, news);
  return 'refund_recorded';
}

/** Not with the provider yet, so that it can be taken back. */
const isHere = ({ status, reference, is_returned }: RefundModel) =>
  (status === 'pending' || status === 'failed') && reference === null && !is_returned;

/**
 * Money left without us: what of ours has not left yet makes room, and what then still fits is asked
 * for anew. False = it does not fit at all.
 */
export function goneElsewhere(
  payment: PaymentModel,
  amount: number,
  how: Pick<RefundModel, 'origin' | 'reference'>,
  status: 'completed' | 'processing',
): boolean {
  const here = payment.refunds.filter(isHere).toReversed();
  if (amount > leftOf(payment) + here.reduce((sum, one) => sum + one.amount, 0)) return false;
  let taken_back = 0;
  for (const refund of here) {
    if (leftOf(payment) >= amount) break;
    if (refund.decision === 'granted') taken_back += refund.amount;
    refund.status = 'denied';
    refund.decision = 'denied';
  }
  const refund = newRefund(amount, { ...how, status: 'processing' });
  payment.refunds.push(refund);
  const rest = Math.min(taken_back, leftOf(payment));
  if (rest > 0) payment.refunds.push(newRefund(rest));
  finish(payment, refund, status);
  return true;
}
