import type { Endpoint } from './api.ts';

/** What happens to a booking after it was made: rows of the endpoint table (api.ts). */
export const life_endpoints = {
  reschedule_booking: {
    method: 'POST',
    path: '/v1/bookings/{booking_id}/reschedule',
    aliases: [{ method: 'PUT', path: '/v1/bookings/{booking_id}/reschedule' }],
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary:
      'Move a booking to another slot of its service; `quote: true` only says what would happen',
    problems: [
      'slot_taken',
      'slot_locked',
      'invalid_slot',
      'service_unavailable',
      'policy_refused',
      'conflict',
    ],
  },
} as const satisfies Record<string, Endpoint>;
