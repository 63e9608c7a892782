import type { Endpoint } from './api.ts';

/** Reminders of visits: rows of the endpoint table (api.ts). */
export const reminder_endpoints = {
  list_reminders: {
    method: 'GET',
    path: '/v1/ops/reminders',
    access: 'view',
    success: 200,
    idempotency: 'none',
    summary: 'Reminders by when they are due, and what would become of each if it were due now',
    problems: [],
  },
  run_reminders: {
    method: 'POST',
    path: '/v1/ops/reminders/run',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Queue what is due now, as the worker does; `dry_run: true` only judges it',
    problems: ['policy_refused'],
  },
  skip_reminder: {
    method: 'POST',
    path: '/v1/ops/reminders/{reminder_id}/skip',
    access: 'desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Keep one reminder from going out',
    problems: ['conflict'],
  },
  list_reminder_rules: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/reminder-rules',
    access: 'view',
    success: 200,
    idempotency: 'none',
    summary: 'Which reminders a clinic sends, or one of its services',
    problems: [],
  },
  set_reminder_rule: {
    method: 'PUT',
    path: '/v1/clinics/{clinic_id}/reminder-rules',
    access: 'manager',
    success: 200,
    idempotency: 'stored',
    summary: 'When one kind of reminder goes out, and by which channels; for later bookings',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
