import { seed_aliases } from './aliases.ts';
import type { Endpoint } from './api.ts';

/** Saved payment methods and services that the clinic grants one by one: rows of the table. */
export const saved_endpoints = {
  create_payment: {
    method: 'POST',
    path: '/v1/payments',
    aliases: seed_aliases.create_payment,
    access: 'own_or_desk',
    success: 201,
    idempotency: 'stored',
    summary:
      'Pay a hold with a saved payment method, without its owner; booked when it goes through',
    problems: [
      'payment_failed',
      'payment_method_unsupported',
      'payment_timeout',
      'reservation_expired',
      'policy_refused',
      'conflict',
    ],
  },
  create_payment_session: {
    method: 'POST',
    path: '/v1/payments/sessions',
    aliases: seed_aliases.create_payment_session,
    access: 'own_or_desk',
    success: 201,
    idempotency: 'stored',
    summary: 'A payment page for a hold that stands; the one that is open already, if there is one',
    problems: [
      'payment_failed',
      'payment_timeout',
      'reservation_expired',
      'policy_refused',
      'conflict',
    ],
  },
  list_payment_methods: {
    method: 'GET',
    path: '/v1/users/{user_id}/payment-methods',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'none',
    summary: 'Payment methods that an owner saved: brand, last four digits and end',
    problems: [],
  },
  remove_payment_method: {
    method: 'DELETE',
    path: '/v1/users/{user_id}/payment-methods/{payment_method_id}',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Forget a saved payment method',
    problems: [],
  },
  list_approvals: {
    method: 'GET',
    path: '/v1/approvals',
    access: 'desk',
    success: 200,
    idempotency: 'none',
    summary: 'Requests that wait for the yes of the clinic, the most urgent first',
    problems: [],
  },
  decide_approval: {
    method: 'POST',
    path: '/v1/approvals/{reservation_id}/decide',
    access: 'desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Grant a request: the authorised money is fetched and it is booked; or reject it',
    problems: ['reservation_expired', 'policy_refused', 'conflict', 'payment_failed'],
  },
} as const satisfies Record<string, Endpoint>;
