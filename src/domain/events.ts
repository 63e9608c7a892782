import type { ProblemCode } from './errors.ts';
import type { Role } from './roles.ts';

/** Every event that leaves through the outbox. capabilities §3; fields per seed 002, Published Events. */
export const event_types = [
  'reservation.created',
  'reservation.extended',
  'reservation.cancelled',
  'reservation.expired',
  'reservation.approval_asked',
  'reservation.approved',
  'booking.created',
  'booking.confirmed',
  'booking.cancelled',
  'booking.rescheduled',
  'booking.completed',
  'booking.status_changed',
  'booking.arrived',
  'payment.processed',
  'payment.failed',
  'payment.late',
  'payment.voided',
  'payment.disputed',
  'refund.requested',
  'refund.granted',
  'refund.denied',
  'refund.failed',
  'refund.processed',
  'review.submitted',
  'waitlist.offered',
  'waitlist.changed',
  'webhook.disabled',
  'slot.overbooked',
] as const;
export type EventType = (typeof event_types)[number];

/** What an event is about. */
export const aggregate_types = [
  'reservation',
  'booking',
  'payment',
  'review',
  'waitlist',
  'webhook',
  'slot',
] as const;
export type AggregateType = (typeof aggregate_types)[number];

/** One event as the live feed, webhooks and other services get it. `sequence` grows without late gaps. */
export type EventEnvelope = {
  readonly event_id: string;
  readonly sequence: number;
  readonly event_type: EventType;
  readonly aggregate_type: AggregateType;
  readonly aggregate_id: string;
  readonly clinic_id: string;
  readonly correlation_id: string | null;
  readonly occurred_at: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** What a follower of the live feed asks to hear. Null and none = everything. */
export type FeedFilter = {
  /** Names of events; `*` stands for any signs: `booking.*`, `*.cancelled`. */
  readonly types: readonly string[];
  readonly clinic_id: string | null;
  /** One booking, reservation, payment, review or place on the waiting list. */
  readonly aggregate_id: string | null;
};

/** Who looks at the board of a clinic: how many, and how many of each role. Nobody's name. */
export type PresenceCount = {
  readonly clinic_id: string;
  readonly total: number;
  readonly roles: Readonly<Partial<Record<Role, number>>>;
};

/**
 * Why the server ends a connection to the live feed. `full`: the daemon has as many clients as it
 * takes; `too_many`: this token has.
 */
export type ByeReason =
  | 'shutting_down'
  | 'too_slow'
  | 'too_chatty'
  | 'expired'
  | 'full'
  | 'too_many';

/** What the server says on the live feed (WebSocket `/events`). */
export type FeedFrame =
  | {
      readonly type: 'hello';
      /** The newest sequence that exists: a client that asked for less gets the rest next. */
      readonly sequence: number;
      readonly heartbeat_ms: number;
      readonly version: string;
    }
  | ({ readonly type: 'event' } & EventEnvelope)
  /** The asked-for events are no longer kept: take a snapshot, then go on from `sequence`. */
  | { readonly type: 'gap'; readonly sequence: number }
  /** Everything up to `sequence` was told, or was not asked for: it is safe to resume from there. */
  | { readonly type: 'heartbeat'; readonly sequence: number; readonly at: string }
  | ({ readonly type: 'presence' } & PresenceCount)
  /** Events after `sequence` pass the filter that was asked for last. */
  | ({ readonly type: 'subscribed'; readonly sequence: number } & FeedFilter)
  /** A message was refused; the connection and its filter stay as they were. */
  | { readonly type: 'error'; readonly code: ProblemCode; readonly detail: string }
  | { readonly type: 'bye'; readonly reason: ByeReason };
