import type { Endpoint } from './api.ts';

/** Materialized views: rows of the endpoint table (api.ts). */
export const view_endpoints = {
  list_views: {
    method: 'GET',
    path: '/v1/ops/views',
    access: 'sre',
    success: 200,
    idempotency: 'none',
    summary: 'Materialized views: how old, how large, what a refresh takes, and what went wrong',
    problems: [],
  },
  refresh_view: {
    method: 'POST',
    path: '/v1/ops/views/{view_name}/refresh',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Ask for a refresh at once; a worker does it within seconds (`reports.md`)',
    problems: ['policy_refused'],
  },
} as const satisfies Record<string, Endpoint>;
