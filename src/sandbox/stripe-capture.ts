// The end of a payment intent that was authorised first: captured, or given back.

import { type Form, integerOf, textOf, wireError } from './stripe-form.ts';
import { type Outcome, requireStatus } from './stripe-intents.ts';
import { mustFind, newId, nowSeconds, type State } from './stripe-state.ts';
import type { PaymentIntent } from './stripe-types.ts';
import { type ApiRequest, recordEvent } from './stripe-webhooks.ts';

/** POST /v1/payment_intents/{id}/capture */
export function captureIntent(
  state: State,
  id: string,
  form: Form,
  request: ApiRequest,
): Outcome<PaymentIntent> {
  const intent = mustFind(state.intents, id, 'payment_intent');
  requireStatus(intent, ['requires_capture'], 'captured');
  const amount = integerOf(form, 'amount_to_capture', 1) ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    throw wireError({
      status: 400,
      code: 'amount_too_large',
      param: 'amount_to_capture',
      message: `The remaining amount that can be captured is ${intent.amount_capturable}.`,
    });
  }
  intent.status = 'succeeded';
  intent.amount_received = amount;
  intent.amount_capturable = 0;
  const charge = mustFind(state.charges, intent.latest_charge ?? '', 'charge');
  charge.captured = true;
  charge.amount_captured = amount;
  charge.balance_transaction = newId('txn_3', 17);
  return {
    object: intent,
    events: [
      recordEvent(state, 'charge.captured', charge, request),
      recordEvent(state, 'payment_intent.succeeded', intent, request),
    ],
  };
}

/** POST /v1/payment_intents/{id}/cancel: gives an authorisation back, or ends an unpaid intent. */
export function cancelIntent(
  state: State,
  id: string,
  form: Form,
  request: ApiRequest,
): Outcome<PaymentIntent> {
  const intent = mustFind(state.intents, id, 'payment_intent');
  requireStatus(
    intent,
    ['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture'],
    'canceled',
  );
  intent.status = 'canceled';
  intent.canceled_at = nowSeconds();
  intent.cancellation_reason = textOf(form, 'cancellation_reason');
  intent.amount_capturable = 0;
  intent.next_action = null;
  return {
    object: intent,
    events: [recordEvent(state, 'payment_intent.canceled', intent, request)],
  };
}
