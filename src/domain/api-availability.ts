import type { Endpoint } from './api.ts';

/** Free times at a glance: rows of the endpoint table (api.ts). */
export const availability_endpoints = {
  get_week: {
    method: 'GET',
    path: '/v1/services/{service_id}/week',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    is_tagged: true,
    summary: 'Free and offered seats of a service by day and hour, and which days are closed',
    problems: ['service_unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
