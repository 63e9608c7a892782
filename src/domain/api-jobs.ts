import type { Endpoint } from './api.ts';

/** The jobs desk: every queue at a glance. What is done about it stands with the queues themselves. */
export const job_endpoints = {
  list_jobs: {
    method: 'GET',
    path: '/v1/ops/jobs',
    access: 'sre',
    success: 200,
    idempotency: 'none',
    summary:
      'Every queue: what is ready, running, tried again and dead, how old, how fast, and why',
    problems: [],
  },
  inspect_jobs: {
    method: 'GET',
    path: '/v1/ops/jobs/{queue}',
    access: 'sre',
    success: 200,
    idempotency: 'none',
    summary: 'One queue: its failures by cause, and the jobs themselves, what needs somebody first',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
