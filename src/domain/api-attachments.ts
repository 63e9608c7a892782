import type { Endpoint } from './api.ts';

/** Files of a booking: rows of the endpoint table (api.ts). Uploads and downloads have routes of their own. */
export const attachment_endpoints = {
  list_attachments: {
    method: 'GET',
    path: '/v1/bookings/{booking_id}/attachments',
    access: 'own_or_reader',
    success: 200,
    idempotency: 'none',
    summary: 'Files of a booking, oldest first',
    problems: [],
  },
  add_attachment: {
    method: 'POST',
    path: '/v1/bookings/{booking_id}/attachments',
    access: 'own_or_desk',
    success: 201,
    idempotency: 'stored',
    stream: 'in',
    summary: 'Add a file to a booking: the bytes are the body, the name is in the query',
    problems: ['policy_refused', 'storage_full'],
  },
  get_attachment: {
    method: 'GET',
    path: '/v1/bookings/{booking_id}/attachments/{attachment_id}',
    access: 'own_or_reader',
    success: 200,
    idempotency: 'none',
    stream: 'out',
    summary: 'The file itself, compared with its checksum on the way',
    problems: [],
  },
  delete_attachment: {
    method: 'DELETE',
    path: '/v1/bookings/{booking_id}/attachments/{attachment_id}',
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Remove a file of a booking; owners remove their own',
    problems: ['policy_refused'],
  },
  sweep_attachments: {
    method: 'POST',
    path: '/v1/ops/attachments/sweep',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Remove files that no booking names, and name bookings whose file is gone',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;

/** Endpoints that speak bytes: no JSON route, and no call of the typed client. */
export type StreamName = 'add_attachment' | 'get_attachment' | 'get_calendar_feed';
