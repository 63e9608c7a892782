import type { Endpoint } from './api.ts';

/** Seats of a slot: more of them than usual, and which ones. Rows of the endpoint table (api.ts). */
export const capacity_endpoints = {
  set_overbooking: {
    method: 'POST',
    path: '/v1/slots/{slot_id}/overbooking',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary:
      'Give a slot more seats than it was made for, within the rule of the clinic, or take unsold ones back; audited',
    problems: ['policy_refused', 'invalid_slot'],
  },
  get_slot_seats: {
    method: 'GET',
    path: '/v1/slots/{slot_id}/seats',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'Every seat of a slot: what it is called, what it costs, and whether it is free',
    problems: [],
  },
  get_seat_plan: {
    method: 'GET',
    path: '/v1/services/{service_id}/seat-plan',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'The rows, categories and price tiers of the seats of a service',
    problems: [],
  },
  set_seat_plan: {
    method: 'PUT',
    path: '/v1/services/{service_id}/seat-plan',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Exchange the seat plan of a service; seats that are sold keep name and tier',
    problems: ['policy_refused', 'conflict'],
  },
} as const satisfies Record<string, Endpoint>;
