import { calendarDocument } from '../../domain/calendar.ts';
import { isMailType, type MailType } from '../../domain/message.ts';
import type { SendResult } from '../../domain/ports.ts';
import type { App, Worker } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { attachmentsOf } from '../messages/attachments.ts';
import { renderMail } from '../messages/render.ts';
import { type ClaimedDelivery, claimDeliveries, finishDelivery } from '../store/deliveries.ts';
import { findMailFacts, type MailRow } from '../store/mail-facts.ts';
import { noteAttached } from '../store/tickets.ts';
import { backoffMs } from './backoff.ts';

const BATCH = 20;
/** Longer than the slowest mail: connection, greeting and socket timeouts together. */
const LEASE_MS = 60_000;
const EVERY_MS = 1_000;

/** Says why a message must not go out any more, or null when it still holds. */
function outdated(type: MailType, row: MailRow): string | null {
  const speaks_of_visit =
    type === 'booking_confirmed' || type === 'booking_rescheduled' || type.startsWith('reminder_');
  if (speaks_of_visit && row.status === 'cancelled') return 'the booking was cancelled meanwhile';
  if (type === 'payment_failed' && row.is_booked) return 'it was paid meanwhile';
  const is_asked = row.is_pending && !row.is_booked;
  if (type === 'approval_asked' && !is_asked) return 'the clinic has answered meanwhile';
  // Let go for another reason: paid otherwise, or authorised twice.
  if (type === 'approval_declined' && (row.is_booked || row.is_pending)) return 'it goes on';
  return null;
}

function calendarOf(type: MailType, row: MailRow): string | null {
  const has_calendar =
    type === 'booking_confirmed' || type === 'booking_rescheduled' || type === 'booking_cancelled';
  if (!has_calendar) return null;
  const { facts } = row;
  return calendarDocument({
    uid: `${facts.reference_code}@petpro`,
    sequence: row.version,
    status: type === 'booking_cancelled' ? 'cancelled' : 'confirmed',
    starts_at: facts.starts_at,
    ends_at: facts.ends_at,
    stamped_at: row.changed_at,
    summary: `${facts.pet_name}: ${facts.service_name}`,
    description: `${facts.clinic_name}\n${facts.reference_code}`,
    location: facts.clinic_address ?? facts.clinic_name,
    organizer: {
      name: facts.clinic_name,
      email: facts.clinic_email ?? 'no-reply@petpro.localhost',
    },
  });
}

/** What became of one message; `dropped` ones are no longer true. */
type Ending = SendResult | { readonly outcome: 'dropped'; readonly error: string };

async function deliver(app: App, delivery: ClaimedDelivery): Promise<Ending> {
  const { type, channel } = delivery;
  if (channel !== 'email') return { outcome: 'dead', error: `no way to send ${channel} here` };
  if (!isMailType(type)) return { outcome: 'dead', error: `no text for ${type}` };
  const { reservation_id } = delivery.payload;
  if (typeof reservation_id !== 'string') return { outcome: 'dead', error: 'about no hold' };
  const row = await findMailFacts(app.sql, reservation_id);
  if (!row) return { outcome: 'dead', error: 'what it is about is gone' };
  const reason = outdated(type, row);
  if (reason !== null) return { outcome: 'dropped', error: reason };
  const attachments = await attachmentsOf(app, type, row);
  if (attachments.length > 0) {
    const names = attachments.map(({ file_name }) => file_name);
    await noteAttached(app.sql, delivery.delivery_id, names);
  }
  const sent = await app.messenger.sendEmail({
    message_id: delivery.delivery_id,
    to: delivery.address,
    ...renderMail(type, row.facts),
    calendar: calendarOf(type, row),
    attachments,
  });
  if (sent.outcome === 'sent' && attachments.length > 0) {
    const { reference_code } = row.facts;
    const { delivery_id, booking_id } = delivery;
    app.log.info('tickets.delivered', { delivery_id, booking_id, reference_code });
  }
  return sent;
}

/**
 * Sends what the relay queued. Facts are read when the mail goes out, so that it never tells of an
 * old state.
 */
export function createDispatcher(): Worker {
  const sendOne = async (app: App, delivery: ClaimedDelivery): Promise<void> => {
    const sent = await deliver(app, delivery);
    if (sent.outcome === 'sent') failpoint('after-send');
    const error = sent.outcome === 'sent' ? null : sent.error;
    const retry_after_ms = sent.outcome === 'retry' ? backoffMs(delivery.attempts) : null;
    const { delivery_id, type, attempts } = delivery;
    const result = sent.outcome;
    await finishDelivery(app.sql, { delivery_id, result, error, retry_after_ms });
    if (error === null) return;
    const facts = { delivery_id, type, attempts, ...sent };
    if (result === 'dropped') app.log.info('delivery.dropped', facts);
    else app.log.warn('delivery.not_sent', facts);
  };
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (signal.aborted) return 0;
    const claimed = await claimDeliveries(app.sql, BATCH, LEASE_MS);
    // The messenger's pool bounds how many go out at the same time.
    const results = await Promise.allSettled(claimed.map((delivery) => sendOne(app, delivery)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return claimed.length;
  };
  return { name: 'dispatcher', every_ms: EVERY_MS, tick };
}
