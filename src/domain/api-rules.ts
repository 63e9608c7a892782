import type { Endpoint } from './api.ts';

/** The rules that a clinic makes for its bookings: rows of the endpoint table (api.ts). */
export const rules_endpoints = {
  get_booking_rules: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/booking-rules',
    access: 'view',
    success: 200,
    idempotency: 'none',
    summary: 'How long a clinic holds, undoes, decides and lets people in, and what a cancel gives',
    problems: [],
  },
  set_booking_rules: {
    method: 'PUT',
    path: '/v1/clinics/{clinic_id}/booking-rules',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Change these rules, for what is held or booked from now on',
    problems: ['conflict'],
  },
  set_service_approval: {
    method: 'PUT',
    path: '/v1/services/{service_id}/approval',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Whether a service has to be granted by the clinic before it is booked',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
