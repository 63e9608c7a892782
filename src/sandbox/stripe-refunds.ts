// Refunds and disputes: money that goes back, asked for over the API or by hand in the dashboard.

import {
  childOf,
  choiceOf,
  type Form,
  integerOf,
  metadataOf,
  textOf,
  wireError,
} from './stripe-form.ts';
import type { Outcome } from './stripe-intents.ts';
import { mustFind, newId, nowSeconds, put, type State } from './stripe-state.ts';
import type { Charge, Dispute, Refund } from './stripe-types.ts';
import { type ApiRequest, recordEvent } from './stripe-webhooks.ts';

const reasons = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

export type RefundWish = {
  readonly charge: Charge;
  readonly amount: number | null;
  readonly reason: string | null;
  readonly metadata: Record<string, string>;
  /** `pending` stands for banks that take days; the control API settles it later. */
  readonly status: 'succeeded' | 'pending';
};

function chargeOf(state: State, form: Form): Charge {
  const charge_id = textOf(form, 'charge');
  if (charge_id !== null) return mustFind(state.charges, charge_id, 'charge', 'charge');
  const intent_id = textOf(form, 'payment_intent');
  if (intent_id === null) {
    throw wireError({
      status: 400,
      code: 'parameter_missing',
      param: 'payment_intent',
      message: 'One of these params is needed: payment_intent or charge.',
    });
  }
  const intent = mustFind(state.intents, intent_id, 'payment_intent', 'payment_intent');
  const charge = state.charges.get(intent.latest_charge ?? '');
  if (charge === undefined || charge.status !== 'succeeded') {
    throw wireError({
      status: 400,
      param: 'payment_intent',
      message: `This PaymentIntent (${intent_id}) does not have a successful charge to refund.`,
    });
  }
  return charge;
}

/** POST /v1/refunds */
export function createRefund(
  state: State,
  form: Form,
  status: RefundWish['status'],
  request: ApiRequest,
): Outcome<Refund> {
  const wish: RefundWish = {
    charge: chargeOf(state, form),
    amount: integerOf(form, 'amount', 1),
    reason: choiceOf(form, 'reason', reasons),
    metadata: metadataOf(form),
    status,
  };
  return refundCharge(state, wish, request);
}

/**
 * Gives back a part or all of what is left of a charge. Never more than that: the ceiling is
 * checked here.
 */
export function refundCharge(
  state: State,
  wish: RefundWish,
  request?: ApiRequest,
): Outcome<Refund> {
  const { charge } = wish;
  const left = charge.amount_captured - charge.amount_refunded;
  if (charge.disputed) {
    throw wireError({
      status: 400,
      code: 'charge_disputed',
      message: `Charge ${charge.id} has been charged back; cannot issue a refund.`,
    });
  }
  if (charge.amount_captured > 0 && left === 0) {
    throw wireError({
      status: 400,
      code: 'charge_already_refunded',
      message: `Charge ${charge.id} has already been refunded.`,
    });
  }
  const amount = wish.amount ?? left;
  if (amount > left || amount < 1) {
    throw wireError({
      status: 400,
      param: 'amount',
      message: `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`,
    });
  }
  const refund = newRefund(charge, amount, wish);
  put(state, 'refunds', refund.id, refund);
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  const events = [
    recordEvent(state, 'refund.created', refund, request),
    recordEvent(state, 'charge.refunded', charge, request),
  ];
  // The bank's reference number becomes known at once, which Stripe reports as an update.
  if (refund.status === 'succeeded') {
    refund.destination_details.card.reference_status = 'available';
    events.push(recordEvent(state, 'refund.updated', refund, request));
  }
  return { object: refund, events };
}

function newRefund(charge: Charge, amount: number, wish: RefundWish): Refund {
  return {
    id: newId('re_3', 17),
    object: 'refund',
    amount,
    balance_transaction: newId('txn_3', 17),
    charge: charge.id,
    created: nowSeconds(),
    currency: charge.currency,
    destination_details: { type: 'card', card: { reference_status: 'pending', type: 'refund' } },
    metadata: wish.metadata,
    payment_intent: charge.payment_intent,
    reason: wish.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: wish.status,
    transfer_reversal: null,
  };
}

/**
 * Ends a pending refund. A failed one goes back to the charge, as the money returns to the
 * account.
 */
export function settleRefund(
  state: State,
  id: string,
  status: 'succeeded' | 'failed',
): Outcome<Refund> {
  const refund = mustFind(state.refunds, id, 'refund');
  if (refund.status === 'failed') return { object: refund, events: [] };
  refund.status = status;
  const events = [];
  if (status === 'failed') {
    refund.failure_reason = 'expired_or_canceled_card';
    const charge = mustFind(state.charges, refund.charge, 'charge');
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
    events.push(recordEvent(state, 'refund.failed', refund));
  }
  events.push(recordEvent(state, 'refund.updated', refund));
  return { object: refund, events };
}

/** The customer's bank takes a payment back until the clinic proves that it was right. */
export function openDispute(state: State, charge: Charge, reason: string): Outcome<Dispute> {
  const dispute: Dispute = {
    id: newId('du_1', 17),
    object: 'dispute',
    amount: charge.amount_captured - charge.amount_refunded,
    charge: charge.id,
    created: nowSeconds(),
    currency: charge.currency,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason,
    status: 'needs_response',
  };
  put(state, 'disputes', dispute.id, dispute);
  charge.disputed = true;
  return { object: dispute, events: [recordEvent(state, 'charge.dispute.created', dispute)] };
}

/** Ends a dispute: won, the clinic keeps the money; lost, the bank keeps it. */
export function closeDispute(state: State, id: string, status: 'won' | 'lost'): Outcome<Dispute> {
  const dispute = mustFind(state.disputes, id, 'dispute');
  if (dispute.status !== 'needs_response') return { object: dispute, events: [] };
  dispute.status = status;
  return { object: dispute, events: [recordEvent(state, 'charge.dispute.closed', dispute)] };
}

/** POST /v1/refunds/{id}: metadata only, as on Stripe. */
export function updateRefund(state: State, id: string, form: Form): Refund {
  const refund = mustFind(state.refunds, id, 'refund');
  if (Object.keys(childOf(form, 'metadata')).length > 0) {
    refund.metadata = { ...refund.metadata, ...metadataOf(form) };
  }
  return refund;
}
