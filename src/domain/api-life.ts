import { seed_aliases } from './aliases.ts';
import type { Endpoint } from './api.ts';

/** What happens to a booking after it was made: rows of the endpoint table (api.ts). */
export const life_endpoints = {
  reschedule_booking: {
    method: 'POST',
    path: '/v1/bookings/{booking_id}/reschedule',
    aliases: seed_aliases.reschedule_booking,
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
  undo_booking: {
    method: 'POST',
    path: '/v1/bookings/{booking_id}/undo',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Take a cancel, a no-show or an arrival back, while nothing of it has left the house',
    problems: ['policy_refused', 'conflict'],
  },
  list_undoable: {
    method: 'GET',
    path: '/v1/undoable',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'none',
    summary: 'What the caller did in the last day and can still take back, newest first',
    problems: [],
  },
  trace_booking: {
    method: 'GET',
    path: '/v1/bookings/{booking_id}/trace',
    access: 'view',
    success: 200,
    idempotency: 'none',
    summary:
      'One timeline of a booking, hold or payment, from lock to last message, with what is missing',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
