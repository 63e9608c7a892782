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
      "The receipt of a payment in the owner's language: JSON, or by `format` or `Accept` text, HTML or PDF",
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
  create_settlement: {
    method: 'POST',
    path: '/v1/settlements',
    access: 'manager',
    success: 201,
    idempotency: 'stored',
    summary: "Close a period of a clinic's ledger, once and for good; `dry_run: true` only sums it",
    problems: ['policy_refused', 'conflict'],
  },
  list_settlements: {
    method: 'GET',
    path: '/v1/settlements',
    access: 'manager',
    success: 200,
    idempotency: 'none',
    summary: 'Closed periods, oldest first',
    problems: [],
  },
  get_settlement: {
    method: 'GET',
    path: '/v1/settlements/{settlement_id}',
    access: 'manager',
    success: 200,
    idempotency: 'none',
    summary: 'One closed period with its ledger entries',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
