import type { EventEnvelope } from '../../src/domain/events.ts';
import type { JobItem, QueueItem } from '../../src/tui/model-jobs.ts';
import { at, clinic_id, uuid } from './fixture.ts';

/** The queues and events of figure B. */

type Stored = JobItem & { readonly queue: QueueItem['queue'] };

let next = 0;
function job(queue: Stored['queue'], change: Partial<JobItem> = {}): Stored {
  next += 1;
  return {
    queue,
    job_id: uuid(9, next),
    state: 'ready',
    kind: 'booking_confirmed',
    at: at('10:41'),
    next_at: null,
    attempts: 0,
    cause: null,
    last_error: null,
    booking_id: uuid(5, 1),
    reference_code: 'BP10000127',
    recipient: '***',
    payload: { reference_code: 'BP10000127', amount: '250000.00', owner_name: '***' },
    ...change,
  };
}

const greylisted: Partial<JobItem> = {
  state: 'dead',
  cause: 'smtp 451 4.7.1',
  last_error: '451 4.7.1 Greylisted, please try again later',
  attempts: 12,
  at: at('09:30'),
};
const gateway: Partial<JobItem> = {
  state: 'dead',
  cause: 'sms timeout',
  last_error: 'The gateway did not answer within 10 s',
  attempts: 12,
  at: at('08:15'),
};

export function figureJobs(): readonly Stored[] {
  next = 0;
  return [
    job('outbox', { kind: 'booking.confirmed', recipient: null }),
    job('outbox', { kind: 'payment.processed', recipient: null, at: at('10:42') }),
    job('email', greylisted),
    job('email', { ...greylisted, reference_code: 'BP10000119', at: at('09:41') }),
    job('email', {
      state: 'dead',
      cause: 'smtp 550 5.1.1',
      last_error: '550 5.1.1 No such user here',
      attempts: 1,
      reference_code: 'BP10000124',
      at: at('10:02'),
    }),
    job('email', {
      state: 'retry',
      cause: 'smtp 421',
      last_error: '421 Too many connections',
      attempts: 3,
      next_at: at('10:44'),
      kind: 'reminder_upcoming',
    }),
    job('email', { state: 'running', kind: 'booking_cancelled', attempts: 1 }),
    job('email'),
    ...Array.from({ length: 21 }, (_, index) =>
      job('sms', { ...gateway, reference_code: `BP1000${String(200 + index).padStart(4, '0')}` }),
    ),
    job('reminders', {
      state: 'later',
      kind: 'upcoming',
      at: at('12:45'),
      next_at: at('12:45'),
      payload: null,
    }),
  ];
}

/** The events of figure B, oldest first. */
export function figureEvents(): readonly EventEnvelope[] {
  const event = (
    sequence: number,
    event_type: EventEnvelope['event_type'],
    time: string,
    payload: EventEnvelope['payload'],
  ): EventEnvelope => ({
    event_id: uuid(9, sequence),
    sequence,
    event_type,
    aggregate_type: event_type.startsWith('reservation') ? 'reservation' : 'booking',
    aggregate_id: uuid(5, sequence % 3),
    clinic_id,
    correlation_id: `req-${sequence}`,
    occurred_at: at(time),
    payload,
  });
  const booking = { reference_code: 'BP10000140', booking_id: uuid(5, 140) };
  return [
    event(918_197, 'payment.processed', '10:42', {
      ...booking,
      amount: '350000.00',
      currency: 'IDR',
      payment_method: 'checkout',
    }),
    event(918_198, 'booking.confirmed', '10:42', {
      ...booking,
      amount: '350000.00',
      currency: 'IDR',
      status: 'confirmed',
    }),
    event(918_199, 'reservation.expired', '10:42', {
      reservation_id: uuid(6, 88),
      reference_code: 'BP10000141',
      reason: 'expired',
      source: 'worker',
    }),
    event(918_200, 'booking.arrived', '10:42', {
      reference_code: 'BP10000127',
      booking_id: uuid(5, 127),
      status: 'confirmed',
      source: 'tui',
    }),
  ];
}
