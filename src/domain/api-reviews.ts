import type { Endpoint } from './api.ts';

/** What owners say afterwards: rows of the endpoint table (api.ts). */
export const review_endpoints = {
  create_review: {
    method: 'POST',
    path: '/v1/bookings/{booking_id}/reviews',
    access: 'own',
    success: 201,
    idempotency: 'stored',
    summary: 'Review a completed visit, once',
    problems: ['policy_refused', 'conflict'],
  },
  edit_review: {
    method: 'PUT',
    path: '/v1/reviews/{review_id}',
    access: 'own',
    success: 200,
    idempotency: 'stored',
    summary: 'Write the own review anew, within a week',
    problems: ['policy_refused', 'conflict'],
  },
  list_reviews: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/reviews',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'Published reviews of a clinic, newest first, with their average; staff see all',
    problems: [],
  },
  decide_review: {
    method: 'POST',
    path: '/v1/reviews/{review_id}/decide',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Publish a review, or reject it with a reason',
    problems: ['conflict'],
  },
  reply_review: {
    method: 'POST',
    path: '/v1/reviews/{review_id}/reply',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: "The clinic's public answer to a review; null takes it back",
    problems: ['conflict'],
  },
} as const satisfies Record<string, Endpoint>;
