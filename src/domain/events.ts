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
] as const;
export type EventType = (typeof event_types)[number];

/** One event as the live feed, webhooks and other services get it. `sequence` grows without late gaps. */
export type EventEnvelope = {
  readonly event_id: string;
  readonly sequence: number;
  readonly event_type: EventType;
  readonly aggregate_type: 'reservation' | 'booking' | 'payment' | 'review' | 'waitlist';
  readonly aggregate_id: string;
  readonly clinic_id: string;
  readonly correlation_id: string | null;
  readonly occurred_at: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

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
  | { readonly type: 'heartbeat'; readonly sequence: number; readonly at: string }
  | { readonly type: 'bye'; readonly reason: 'shutting_down' | 'too_slow' | 'expired' };
