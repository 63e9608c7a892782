import { type Alias, seed_aliases } from './aliases.ts';
import { attachment_endpoints } from './api-attachments.ts';
import { availability_endpoints } from './api-availability.ts';
import { calendar_endpoints } from './api-calendar.ts';
import { capacity_endpoints } from './api-capacity.ts';
import { desk_money_endpoints } from './api-desk-money.ts';
import { group_endpoints } from './api-groups.ts';
import { item_endpoints } from './api-items.ts';
import { job_endpoints } from './api-jobs.ts';
import { kpi_endpoints } from './api-kpis.ts';
import { life_endpoints } from './api-life.ts';
import { message_endpoints } from './api-messages.ts';
import { money_endpoints } from './api-money.ts';
import { outbox_endpoints } from './api-outbox.ts';
import { parked_endpoints } from './api-parked.ts';
import { price_endpoints } from './api-prices.ts';
import { reminder_endpoints } from './api-reminders.ts';
import { report_endpoints } from './api-reports.ts';
import { retention_endpoints } from './api-retention.ts';
import { review_endpoints } from './api-reviews.ts';
import { rules_endpoints } from './api-rules.ts';
import { saved_endpoints } from './api-saved.ts';
import { schedule_endpoints } from './api-schedules.ts';
import { series_endpoints } from './api-series.ts';
import { ticket_endpoints } from './api-tickets.ts';
import { time_off_endpoints } from './api-time-off.ts';
import { view_endpoints } from './api-views.ts';
import { waitlist_endpoints } from './api-waitlist.ts';
import { webhook_endpoints } from './api-webhooks.ts';
import type { ProblemCode } from './errors.ts';
import type { Access } from './roles.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One row of the endpoint table. Inputs and outputs stand in `shapes.ts` under the same name. */
export type Endpoint = {
  readonly method: Method;
  /** `{name}` marks a path parameter. */
  readonly path: string;
  /** Other addresses that answer the same, from the source documents. capabilities §1. */
  readonly aliases?: readonly Alias[];
  readonly access: Access;
  readonly success: 200 | 201;
  /**
   * How a repeated Idempotency-Key is answered: `hold` by the reservation row itself (no extra write on the hot
   * path), `stored` from `idempotency_keys` (24 h), `none` for reads and for the webhook (its event id decides).
   */
  readonly idempotency: 'none' | 'hold' | 'stored';
  /** Its answers carry an ETag; a client that has the newest one gets 304. */
  readonly is_tagged?: true;
  /** A file goes in as the body, or comes out as the answer: bytes, not JSON. */
  readonly stream?: 'in' | 'out';
  readonly summary: string;
  /** Codes beyond those that every endpoint may answer (400, 401, 403, 404, 413, 429, 500, 503). */
  readonly problems: readonly ProblemCode[];
};

/**
 * THE endpoint table. Routes, authorisation, the typed client, OpenAPI and the contract tests derive from it.
 * POST is canonical for actions; PUT answers too (capabilities §7.14).
 */
export const endpoints = {
  get_me: {
    method: 'GET',
    path: '/v1/me',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'Whom this token stands for: role, clinic, rights and how long it is good for',
    problems: [],
  },
  list_clinics: {
    method: 'GET',
    path: '/v1/clinics',
    aliases: seed_aliases.list_clinics,
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary:
      'Clinics, salons and venues by city, name, kind and category, with what they have left',
    problems: [],
  },
  get_clinic: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}',
    aliases: seed_aliases.get_clinic,
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'One clinic with its services, staff, working hours and what is left of the next days',
    problems: [],
  },
  list_services: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/services',
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    summary: 'What a clinic sells, with price, duration and capacity',
    problems: [],
  },
  get_day: {
    method: 'GET',
    path: '/v1/clinics/{clinic_id}/day',
    access: 'view',
    success: 200,
    idempotency: 'none',
    summary: 'The day board: bookings, holds, open and blocked slots of one local date',
    problems: [],
  },
  list_slots: {
    method: 'GET',
    path: '/v1/services/{service_id}/slots',
    aliases: seed_aliases.list_slots,
    access: 'signed_in',
    success: 200,
    idempotency: 'none',
    is_tagged: true,
    summary: 'Open slots of a service; `explain=1` also lists the closed ones with the reason',
    problems: ['service_unavailable'],
  },
  search_owners: {
    method: 'GET',
    path: '/v1/owners',
    access: 'desk',
    success: 200,
    idempotency: 'none',
    summary: "Owners by their name or a pet's, number or its end, address or booking reference",
    problems: [],
  },
  get_owner: {
    method: 'GET',
    path: '/v1/owners/{user_id}',
    access: 'desk',
    success: 200,
    idempotency: 'none',
    summary: 'One owner as the desk wants to see them: pets, visits and what is due',
    problems: [],
  },
  create_owner: {
    method: 'POST',
    path: '/v1/owners',
    access: 'desk',
    success: 201,
    idempotency: 'stored',
    summary: 'A new owner with a first pet, as told on the phone',
    problems: ['conflict'],
  },
  create_reservation: {
    method: 'POST',
    path: '/v1/reservations',
    aliases: seed_aliases.create_reservation,
    access: 'own_or_desk',
    success: 201,
    idempotency: 'hold',
    summary: 'Hold seats of a slot, without payment',
    problems: [
      'slot_taken',
      'slot_locked',
      'invalid_slot',
      'service_unavailable',
      'policy_refused',
    ],
  },
  get_reservation: {
    method: 'GET',
    path: '/v1/reservations/{reservation_id}',
    access: 'own_or_view',
    success: 200,
    idempotency: 'none',
    summary: 'One hold',
    problems: [],
  },
  extend_reservation: {
    method: 'POST',
    path: '/v1/reservations/{reservation_id}/extend',
    aliases: seed_aliases.extend_reservation,
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Five more minutes, once',
    problems: ['reservation_expired', 'policy_refused', 'conflict'],
  },
  confirm_reservation: {
    method: 'POST',
    path: '/v1/reservations/{reservation_id}/confirm',
    aliases: seed_aliases.confirm_reservation,
    access: 'desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Staff confirm a hold that is paid at the clinic, now or at the visit',
    problems: ['reservation_expired', 'policy_refused', 'conflict', 'payment_failed'],
  },
  cancel_reservation: {
    method: 'POST',
    path: '/v1/reservations/{reservation_id}/cancel',
    aliases: seed_aliases.cancel_reservation,
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Give a hold back',
    problems: ['reservation_expired', 'conflict'],
  },
  create_booking: {
    method: 'POST',
    path: '/v1/bookings',
    aliases: seed_aliases.create_booking,
    access: 'own_or_desk',
    success: 201,
    idempotency: 'hold',
    summary:
      'Hold a slot and open a payment page for it, or book it to be paid at the clinic (desk)',
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
  list_bookings: {
    method: 'GET',
    path: '/v1/bookings',
    aliases: seed_aliases.list_bookings,
    access: 'own_or_view',
    success: 200,
    idempotency: 'none',
    summary: 'Bookings by owner, clinic, status and time, newest visit last',
    problems: [],
  },
  get_booking: {
    method: 'GET',
    path: '/v1/bookings/{booking_id}',
    access: 'own_or_view',
    success: 200,
    idempotency: 'none',
    summary: 'One booking by id or reference code, with snapshots, payments, messages and history',
    problems: [],
  },
  cancel_booking: {
    method: 'POST',
    path: '/v1/bookings/{booking_id}/cancel',
    aliases: seed_aliases.cancel_booking,
    access: 'own_or_desk',
    success: 200,
    idempotency: 'stored',
    summary:
      'Cancel, with the refund that the policy gives; `quote: true` only says what would happen',
    problems: ['policy_refused', 'conflict'],
  },
  set_booking_status: {
    method: 'PUT',
    path: '/v1/bookings/{booking_id}/status',
    access: 'desk',
    success: 200,
    idempotency: 'stored',
    summary: 'Arrived, in progress, completed or no-show',
    problems: ['policy_refused', 'conflict'],
  },
  ...availability_endpoints,
  ...item_endpoints,
  ...life_endpoints,
  ...ticket_endpoints,
  ...time_off_endpoints,
  ...schedule_endpoints,
  ...series_endpoints,
  ...group_endpoints,
  ...capacity_endpoints,
  ...waitlist_endpoints,
  ...rules_endpoints,
  ...retention_endpoints,
  ...review_endpoints,
  ...reminder_endpoints,
  ...calendar_endpoints,
  ...attachment_endpoints,
  ...message_endpoints,
  list_locks: {
    method: 'GET',
    path: '/v1/ops/locks',
    access: 'sre',
    success: 200,
    idempotency: 'none',
    summary: 'The lock board: locks and holds side by side, what needs somebody first',
    problems: [],
  },
  inspect_lock: {
    method: 'GET',
    path: '/v1/ops/locks/{key}',
    access: 'sre',
    success: 200,
    idempotency: 'none',
    summary: 'One lock, with the hold behind it and its history',
    problems: [],
  },
  release_lock: {
    method: 'POST',
    path: '/v1/ops/locks/{key}/release',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Release one lock by force: fenced, with a reason, audited',
    problems: ['conflict', 'policy_refused'],
  },
  cleanup_locks: {
    method: 'POST',
    path: '/v1/ops/locks/cleanup',
    aliases: [{ method: 'POST', path: '/api/v1/availability/cleanup-locks' }],
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Release leaked locks in bulk, from a frozen plan',
    problems: ['conflict'],
  },
  reconcile: {
    method: 'POST',
    path: '/v1/ops/reconcile',
    access: 'sre',
    success: 200,
    idempotency: 'stored',
    summary: 'Compare slots, bookings, money and locks; repair what is safe, from a frozen plan',
    problems: ['conflict', 'policy_refused'],
  },
  ...outbox_endpoints,
  ...price_endpoints,
  ...job_endpoints,
  ...view_endpoints,
  ...kpi_endpoints,
  ...report_endpoints,
  ...money_endpoints,
  ...saved_endpoints,
  ...desk_money_endpoints,
  ...webhook_endpoints,
  ...parked_endpoints,
  take_payment_event: {
    method: 'POST',
    path: '/v1/webhooks/payment',
    aliases: [{ method: 'POST', path: '/webhooks/stripe' }],
    access: 'public',
    success: 200,
    idempotency: 'none',
    summary: 'Signed events of the payment provider',
    problems: [],
  },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
