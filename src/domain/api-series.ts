import type { Endpoint } from './api.ts';

/** Visits that come again: rows of the endpoint table (api.ts). */
export const series_endpoints = {
  create_series: {
    method: 'POST',
    path: '/v1/series',
    access: 'own_or_desk',
    success: 201,
    idempotency: 'stored',
    summary:
      'Book visits that come again, all or none, or without the dates that cannot be; `dry_run` names every conflict with other times',
    problems: [
      'slot_taken',
      'slot_locked',
      'invalid_slot',
      'service_unavailable',
      'policy_refused',
    ],
  },
  list_series: {
    method: 'GET',
    path: '/v1/series',
    access: 'own_or_view',
    success: 200,
    idempotency: 'none',
    summary: 'Series of an owner or a clinic, newest first',
    problems: [],
  },
  get_series: {
    method: 'GET',
    path: '/v1/series/{series_id}',
    access: 'own_or_view',
    success: 200,
    idempotency: 'none',
    summary: 'One series with its visits, by its id, its code or a booking of it',
    problems: [],
  },
  move_series: {
    method: 'POST',
    path: '/v1/series/{series_id}/move',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary:
      'Move one visit, this and the following, or all by as many days and to another time or vet; `quote: true` only says what would happen',
    problems: ['slot_taken', 'slot_locked', 'invalid_slot', 'policy_refused', 'conflict'],
  },
  cancel_series: {
    method: 'POST',
    path: '/v1/series/{series_id}/cancel',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary:
      'Cancel one visit, this and the following, or all, each with the refund of its own policy; `quote: true` only says what would happen',
    problems: ['policy_refused', 'conflict'],
  },
} as const satisfies Record<string, Endpoint>;
