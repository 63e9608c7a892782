import type { Endpoint } from './api.ts';

/** Prices of several kinds and the clinic's rules about money: rows of the endpoint table (api.ts). */
export const price_endpoints = {
  list_prices: {
    method: 'GET',
    path: '/v1/services/{service_id}/prices',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary:
      'The price tiers of a service; with `slot_id` those of a slot, and what is left of each',
    problems: [],
  },
  set_price: {
    method: 'PUT',
    path: '/v1/services/{service_id}/prices/{tier}',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Add or change a price tier, whole; what is held or booked keeps its price',
    problems: ['policy_refused', 'conflict'],
  },
  withdraw_price: {
    method: 'DELETE',
    path: '/v1/services/{service_id}/prices/{tier}',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Sell a price tier no longer',
    problems: [],
  },
  quote_slot: {
    method: 'GET',
    path: '/v1/slots/{slot_id}/quote',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'What seats of a slot would cost now, line by line with tax; reserves nothing',
    problems: ['policy_refused'],
  },
  get_money_rules: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/money-rules',
    access: 'view',
    success: 200,
    idempotency: 'none',
    summary: 'Tax rate, whether prices contain it, and how much the desk may give back',
    problems: [],
  },
  set_money_rules: {
    method: 'PUT',
    path: '/v1/clinics/{clinic_id}/money-rules',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Change tax or refund limit of a clinic, for what is held from now on',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
