import type { Endpoint } from './api.ts';

/** Tickets and the door: rows of the endpoint table (api.ts). */
export const ticket_endpoints = {
  get_tickets: {
    method: 'GET',
    path: '/v1/bookings/{booking_id}/tickets',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'none',
    summary: "A venue's tickets, one per seat, each with its signed code: JSON or PDF",
    problems: ['policy_refused'],
  },
  check_in: {
    method: 'POST',
    path: '/v1/check-in',
    access: 'desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Admit by reference or by scanned ticket; each ticket once, on its day, at its place',
    problems: ['policy_refused', 'conflict'],
  },
} as const satisfies Record<string, Endpoint>;
