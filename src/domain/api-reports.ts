import type { Endpoint } from './api.ts';

/** Figures of a clinic: rows of the endpoint table (api.ts). */
export const report_endpoints = {
  get_report: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/report',
    access: 'manager',
    success: 200,
    idempotency: 'none',
    summary: 'Bookings, revenue, cancellations and use of the time by day, week, vet or service',
    problems: [],
  },
  get_money_report: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/money-report',
    access: 'manager',
    success: 200,
    idempotency: 'none',
    summary: 'Takings, refunds, commission and tax by day, week, month or means of payment',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;
