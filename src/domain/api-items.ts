import type { Endpoint } from './api.ts';

/** Several services in one booking: rows of the endpoint table (api.ts). docs/items.md. */
export const item_endpoints = {
  list_rows: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/availability',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'When several services can be had one after another, with price and length of all',
    problems: ['service_unavailable', 'policy_refused'],
  },
} as const satisfies Record<string, Endpoint>;
