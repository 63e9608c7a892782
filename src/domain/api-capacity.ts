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
} as const satisfies Record<string, Endpoint>;
