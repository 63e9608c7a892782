import type { Endpoint } from './api.ts';

/** When a vet is not there: rows of the endpoint table (api.ts). */
export const time_off_endpoints = {
  take_time_off: {
    method: 'POST',
    path: '/v1/staff/{staff_id}/time-off',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary:
      'Close hours of a vet and move, cancel or keep the visits in the way: a dry run makes a plan, a plan is carried out whole or not at all',
    problems: ['conflict', 'policy_refused'],
  },
  list_time_off: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/time-off',
    access: 'view',
    success: 200,
    idempotency: 'none',
    summary: 'Hours of vets that are closed, from today on',
    problems: [],
  },
  end_time_off: {
    method: 'POST',
    path: '/v1/time-off/{time_off_id}/end',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'Open closed hours of a vet again; what was moved stays moved',
    problems: ['conflict'],
  },
} as const satisfies Record<string, Endpoint>;
