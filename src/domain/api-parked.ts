import type { Endpoint } from './api.ts';

/** Events of other services that could not be taken: rows of the endpoint table (api.ts). */
export const parked_endpoints = {
  list_parked_events: {
    method: 'GET',
    path: '/v1/ops/parked-events',
    access: 'sre',
    success: 200,
    idempotency: 'none',
    summary: 'Events of other services that could not be taken, oldest first, each with its reason',
    problems: [],
  },
  retry_parked_event: {
    method: 'POST',
    path: '/v1/ops/parked-events/{parked_id}/retry',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Take a parked event once more; it stays parked when that fails',
    problems: ['conflict'],
  },
  discard_parked_event: {
    method: 'POST',
    path: '/v1/ops/parked-events/{parked_id}/discard',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Give a parked event up, with a reason',
    problems: ['conflict'],
  },
} as const satisfies Record<string, Endpoint>;
