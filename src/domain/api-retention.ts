import type { Endpoint } from './api.ts';

/** How long things are kept: rows of the endpoint table (api.ts). */
export const retention_endpoints = {
  list_retention: {
    method: 'GET',
    path: '/v1/ops/retention',
    access: 'sre',
    success: 200,
    idempotency: 'none',
    summary: 'How long things are kept, what went, and what would go now (`count=true`)',
    problems: [],
  },
  set_retention: {
    method: 'PUT',
    path: '/v1/ops/retention/{what}',
    access: 'admin',
    success: 200,
    idempotency: 'stored',
    summary: 'Change how long something is kept; null = for ever (`history.md`)',
    problems: ['conflict', 'policy_refused'],
  },
  run_retention: {
    method: 'POST',
    path: '/v1/ops/retention/run',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Begin a round at once; a worker removes what is due, bite by bite',
    problems: ['policy_refused'],
  },
} as const satisfies Record<string, Endpoint>;
