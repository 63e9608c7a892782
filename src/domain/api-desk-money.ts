import type { Endpoint } from './api.ts';

/** Money at the desk: rows of the endpoint table (api.ts). */
export const desk_money_endpoints = {
  pay_booking: {
    method: 'POST',
    path: '/v1/bookings/{booking_id}/pay',
    access: 'desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Take what is due at the visit: all of it, or a part with `expected_version`',
    problems: ['policy_refused', 'conflict'],
  },
  get_receipt: {
    method: 'GET',
    path: '/v1/payments/{payment_id}/receipt',
    access: 'own_or_view',
    success: 200,
    idempotency: 'none',
    summary:
      "The receipt of a payment in the owner's language: JSON, or by `format` or `Accept` text or HTML",
    problems: [],
  },
  get_cash_up: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/cash-up',
    access: 'desk',
    success: 200,
    idempotency: 'none',
    summary: 'The takings of a local day by means of payment, and what should be in the drawer',
    problems: [],
  },
  count_cash: {
    method: 'POST',
    path: '/v1/clinics/{clinic_id}/cash-up',
    access: 'desk',
    success: 201,
    idempotency: 'stored',
    summary: 'Record what was counted in the drawer; the difference is kept with who counted',
    problems: ['policy_refused'],
  },
} as const satisfies Record<string, Endpoint>;
