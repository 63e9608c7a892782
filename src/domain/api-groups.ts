import type { Endpoint } from './api.ts';

/** Several pets and owners in one booking: rows of the endpoint table (api.ts). */
export const group_endpoints = {
  create_group_booking: {
    method: 'POST',
    path: '/v1/group-bookings',
    access: 'own_or_desk',
    success: 201,
    idempotency: 'hold',
    summary:
      'Book seats of a class for several pets and owners at once, with a name for each; one pays for all',
    problems: [
      'slot_taken',
      'slot_locked',
      'invalid_slot',
      'service_unavailable',
      'policy_refused',
      'payment_failed',
      'payment_method_unsupported',
    ],
  },
  set_participants: {
    method: 'PUT',
    path: '/v1/bookings/{booking_id}/participants',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Name who comes with a booking of several seats',
    problems: ['policy_refused'],
  },
} as const satisfies Record<string, Endpoint>;
