// Stripe's test cards and what a bank answers for each of them.

import type { Form } from './stripe-form.ts';
import { childOf, metadataOf, requiredText, textOf, wireError } from './stripe-form.ts';
import { mustFind, newId, nowSeconds, put, type State } from './stripe-state.ts';
import type { CardError, PaymentMethod } from './stripe-types.ts';

/** What happens when a card is charged. */
export type CardBehaviour = 'approve' | 'decline' | 'insufficient_funds' | 'authenticate';

type TestCard = {
  readonly last4: string;
  readonly brand: string;
  readonly behaviour: CardBehaviour;
};

/** Tokens and numbers of Stripe's testing page; the behaviour hangs on the last four digits. */
const test_cards: Readonly<Record<string, TestCard>> = {
  pm_card_visa: { last4: '4242', brand: 'visa', behaviour: 'approve' },
  pm_card_mastercard: { last4: '4444', brand: 'mastercard', behaviour: 'approve' },
  pm_card_jcb: { last4: '0505', brand: 'jcb', behaviour: 'approve' },
  pm_card_chargeDeclined: { last4: '0002', brand: 'visa', behaviour: 'decline' },
  pm_card_chargeCustomerFail: { last4: '0341', brand: 'visa', behaviour: 'decline' },
  pm_card_chargeDeclinedInsufficientFunds: {
    last4: '9995',
    brand: 'visa',
    behaviour: 'insufficient_funds',
  },
  pm_card_authenticationRequired: { last4: '3184', brand: 'visa', behaviour: 'authenticate' },
};

/** How the bank treats a stored card; cards that we do not know are good. */
export function behaviourOf(method: PaymentMethod): CardBehaviour {
  const card = Object.values(test_cards).find((one) => one.last4 === method.card.last4);
  return card?.behaviour ?? 'approve';
}

/** Makes a payment method from one of Stripe's test tokens. */
export function makeMethod(state: State, token: string, email: string | null): PaymentMethod {
  const card = test_cards[token];
  if (card === undefined) {
    throw wireError({
      status: 400,
      code: 'resource_missing',
      param: 'payment_method',
      message: `No such PaymentMethod: '${token}'`,
    });
  }
  const method: PaymentMethod = {
    id: newId('pm_1', 14),
    object: 'payment_method',
    billing_details: { email, name: null, phone: null },
    card: {
      brand: card.brand,
      country: 'US',
      exp_month: 12,
      exp_year: new Date().getUTCFullYear() + 3,
      fingerprint: newId(''),
      funding: 'credit',
      last4: card.last4,
    },
    created: nowSeconds(),
    customer: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
  put(state, 'methods', method.id, method);
  return method;
}

/** A stored payment method, or a fresh one when the id is a test token. */
export function findMethod(state: State, id: string, email: string | null = null): PaymentMethod {
  if (Object.hasOwn(test_cards, id)) return makeMethod(state, id, email);
  return mustFind(state.methods, id, 'PaymentMethod', 'payment_method');
}

/** The error object of a charge that the bank refused. */
export function cardError(
  behaviour: CardBehaviour | 'not_authenticated',
  charge: string | null,
): CardError {
  const known = {
    approve: { code: 'card_declined', decline_code: 'generic_decline' },
    decline: { code: 'card_declined', decline_code: 'generic_decline' },
    insufficient_funds: { code: 'card_declined', decline_code: 'insufficient_funds' },
    authenticate: { code: 'authentication_required', decline_code: 'authentication_required' },
    not_authenticated: {
      code: 'payment_intent_authentication_failure',
      decline_code: 'authentication_failure',
    },
  }[behaviour];
  const message = {
    approve: 'Your card was declined.',
    decline: 'Your card was declined.',
    insufficient_funds: 'Your card has insufficient funds.',
    authenticate: 'Your card was declined. This transaction requires authentication.',
    not_authenticated: 'We are unable to authenticate your payment method.',
  }[behaviour];
  return {
    type: 'card_error',
    ...known,
    message,
    doc_url: `https://stripe.com/docs/error-codes/${known.code.replaceAll('_', '-')}`,
    ...(charge === null ? {} : { charge }),
  };
}

/** POST /v1/payment_methods: only through test tokens, as the sandbox never takes card numbers. */
export function createMethod(state: State, form: Form): PaymentMethod {
  requiredText(form, 'type');
  const token = requiredText(childOf(form, 'card'), 'token', 'card[token]');
  const name = token.replace(/^tok_/, 'pm_card_');
  const method = makeMethod(state, name, textOf(childOf(form, 'billing_details'), 'email'));
  method.metadata = metadataOf(form);
  return method;
}

/** POST /v1/payment_methods/{id}/attach */
export function attachMethod(state: State, id: string, form: Form): PaymentMethod {
  const customer_id = requiredText(form, 'customer');
  const customer = mustFind(state.customers, customer_id, 'customer', 'customer');
  const method = findMethod(state, id, customer.email);
  if (method.customer !== null && method.customer !== customer.id) {
    throw wireError({
      status: 400,
      param: 'payment_method',
      message: 'The payment method you provided has already been attached to a customer.',
    });
  }
  method.customer = customer.id;
  return method;
}

/** POST /v1/payment_methods/{id}/detach */
export function detachMethod(state: State, id: string): PaymentMethod {
  const method = mustFind(state.methods, id, 'PaymentMethod');
  method.customer = null;
  return method;
}
