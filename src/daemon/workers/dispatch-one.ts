import { calendarDocument, calendarUid } from '../../domain/calendar.ts';
import { isMailType, isOptional, type MailType } from '../../domain/message.ts';
import type { SendResult } from '../../domain/ports.ts';
import { default_quiet, isUrgent, quietUntil } from '../../domain/quiet.ts';
import { dialable } from '../../domain/sms.ts';
import type { App } from '../app-types.ts';
import { attachmentsOf } from '../messages/attachments.ts';
import {
  type Note,
  renderMail,
  renderNote,
  renderNoteSms,
  renderPush,
  renderSms,
} from '../messages/render.ts';
import {
  type ClaimedDelivery,
  endDevice,
  findDevices,
  findRecipient,
  type Recipient,
} from '../store/deliveries.ts';
import type { MailRow } from '../store/mail-facts.ts';
import { noteAttached } from '../store/tickets.ts';
import { offerToken } from '../store/waitlist-rows.ts';
import { readTold, type Told } from './told-together.ts';

/** What became of one message; `dropped` ones are no longer true or wanted. */
export type Ending =
  | SendResult
  | { readonly outcome: 'dropped'; readonly code: string; readonly error: string }
  | {
      /** Quiet hours. */
      readonly outcome: 'postpone';
      readonly code: string;
      readonly error: string;
      readonly retry_after_ms: number;
    };

const dead = (code: string, error: string): Ending => ({ outcome: 'dead', code, error });
const dropped = (error: string): Ending => ({ outcome: 'dropped', code: 'outdated', error });

const visit_types: readonly MailType[] = [
  'booking_confirmed',
  'booking_rescheduled',
  'reminder_upcoming',
  'reminder_check_in',
];

/** Says why a message must not go out any more, or null when it still holds. */
function outdated(
  { type, payload, claimed_at: now }: ClaimedDelivery & { readonly type: MailType },
  row: MailRow,
): string | null {
  const speaks_of_visit = visit_types.includes(type) || type.startsWith('reminder_');
  if (speaks_of_visit && row.status === 'cancelled') return 'the booking was cancelled meanwhile';
  const is_over = Temporal.Instant.compare(row.facts.ends_at, now) <= 0;
  if (visit_types.includes(type) && is_over) return 'the visit is over';
  if (type === 'reminder_upcoming' || type === 'reminder_check_in') {
    if (Temporal.Instant.compare(row.facts.starts_at, now) <= 0) return 'the visit has begun';
    // The move ended its reminders; this one was on its way at that moment.
    const told = textField(payload, 'starts_at');
    const is_moved = told !== null && !Temporal.Instant.from(told).equals(row.facts.starts_at);
    if (is_moved) return 'the visit was moved meanwhile';
  }
  if (type === 'payment_failed' && row.is_booked) return 'it was paid meanwhile';
  const is_asked = row.is_pending && !row.is_booked;
  if (type === 'approval_asked' && !is_asked) return 'the clinic has answered meanwhile';
  if (type === 'waitlist_offered' && !is_asked) return 'the offer has ended';
  // Let go for another reason: paid otherwise, or authorised twice.
  if (type === 'approval_declined' && (row.is_booked || row.is_pending)) return 'it goes on';
  return null;
}

function calendarOf(type: MailType, { row, visits }: Told): string | null {
  const has_calendar =
    type === 'booking_confirmed' || type === 'booking_rescheduled' || type === 'booking_cancelled';
  if (!has_calendar) return null;
  const { facts } = row;
  const all = visits.length > 0 ? visits : [{ ...row, ...facts }];
  const events = all.map((visit) => ({
    uid: calendarUid(visit.reference_code),
    sequence: visit.version,
    status: type === 'booking_cancelled' ? ('cancelled' as const) : ('confirmed' as const),
    starts_at: visit.starts_at,
    ends_at: visit.ends_at,
    time_zone: facts.time_zone,
    stamped_at: visit.changed_at,
    summary: `${facts.pet_name}: ${facts.service_name}`,
    description: `${facts.clinic_name}\n${visit.reference_code}`,
    location: facts.clinic_address ?? facts.clinic_name,
    organizer: {
      name: facts.clinic_name,
      email: facts.clinic_email ?? 'no-reply@petpro.localhost',
    },
  }));
  return calendarDocument(events);
}

/** Where the owner can answer without the app; null where nobody knows our address. */
async function offerUrl(
  { sql, config }: App,
  type: MailType,
  { payload }: ClaimedDelivery,
): Promise<string | null> {
  const reservation_id = textField(payload, 'reservation_id');
  if (type !== 'waitlist_offered' || config.public_url === null || reservation_id === null) {
    return null;
  }
  const token = await offerToken(sql, reservation_id);
  return token === null ? null : `${config.public_url}/offers/${token}`;
}

async function sendMail(
  app: App,
  delivery: ClaimedDelivery,
  type: MailType,
  told: Told,
): Promise<SendResult> {
  const { row } = told;
  const { delivery_id, address, booking_id } = delivery;
  const attachments = await attachmentsOf(app, type, row);
  if (attachments.length > 0) {
    const names = attachments.map(({ file_name }) => file_name);
    await noteAttached(app.sql, delivery_id, names);
  }
  const { public_url } = app.config;
  const unsubscribe_url =
    public_url !== null && isOptional(type) ? `${public_url}/unsubscribe/${delivery_id}` : null;
  const offer_url = await offerUrl(app, type, delivery);
  const has_tickets = attachments.length > 0;
  const { reference_code } = row.facts;
  const sent = await app.messenger.sendEmail({
    message_id: delivery_id,
    to: address,
    ...(await renderMail(type, row.facts, { has_tickets, unsubscribe_url, offer_url })),
    calendar: calendarOf(type, told),
    attachments,
    thread: reference_code,
    unsubscribe_url,
  });
  if (sent.outcome === 'sent' && has_tickets) {
    app.log.info('tickets.delivered', { delivery_id, booking_id, reference_code });
  }
  return sent;
}

async function sendText(app: App, { delivery_id, address }: ClaimedDelivery, text: string) {
  const to = dialable(address);
  if (to === null) {
    const error = 'a number for SMS begins with + and the country';
    return { outcome: 'dead', code: 'sms number', error } as const;
  }
  return await app.messenger.sendSms({ message_id: delivery_id, to, text });
}

type PushText = {
  readonly title: string;
  readonly body: string;
  readonly reference_code: string | null;
  readonly is_urgent: boolean;
};

/** To all devices at once. One that took it is enough: the others must not get it again and again. */
async function sendPush(app: App, delivery: ClaimedDelivery, text: PushText): Promise<Ending> {
  const devices = await findDevices(app.sql, delivery.user_id);
  const message_id = delivery.delivery_id;
  const results = await Promise.all(
    devices.map(async (device) => {
      const result = await app.messenger.sendPush({ message_id, device, ...text });
      if (result.outcome === 'dead' && result.is_bad_address === true) {
        await endDevice(app.sql, device.device_id, result.code);
        app.log.info('push.device_gone', { device_id: device.device_id, code: result.code });
      }
      return result;
    }),
  );
  const is_gone = (one: SendResult) => one.outcome === 'dead' && one.is_bad_address === true;
  const rest = results.filter((one) => !is_gone(one));
  const best = (['sent', 'retry', 'defer', 'dead'] as const).flatMap((outcome) =>
    rest.filter((one) => one.outcome === outcome),
  )[0];
  return best ?? dropped('no device of the owner is left');
}

/** Why a message does not go out now, judged by what its receiver wants. */
function refusal(
  delivery: ClaimedDelivery,
  to: Recipient,
  message: { readonly is_optional: boolean; readonly is_urgent: boolean },
): Ending | null {
  const { channel, claimed_at } = delivery;
  if (to.is_erased) return dropped('the owner was erased');
  const is_wanted = to.is_wanted && (to.is_optional_wanted || !message.is_optional);
  if (!is_wanted) return dropped('the owner does not want it');
  if (to.bounce !== null) return dead(`${channel} bounced`, `the address bounced: ${to.bounce}`);
  if (channel === 'email' || message.is_urgent) return null;
  const hours =
    to.quiet_from === null || to.quiet_until === null
      ? default_quiet
      : { quiet_from: to.quiet_from, quiet_until: to.quiet_until };
  const until = quietUntil(claimed_at, to.time_zone, hours);
  if (until === null) return null;
  const retry_after_ms = Math.ceil(until.since(claimed_at).total('milliseconds'));
  const error = `quiet hours until ${until.toString()}`;
  return { outcome: 'postpone', code: 'quiet hours', error, retry_after_ms };
}

function textField(payload: ClaimedDelivery['payload'], name: string): string | null {
  const value = payload[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

async function deliverNote(app: App, delivery: ClaimedDelivery, to: Recipient): Promise<Ending> {
  const { payload, lang, channel, delivery_id } = delivery;
  const title = textField(payload, 'title');
  const content = textField(payload, 'content');
  if (title === null || content === null) return dead('no text', 'the note has no words');
  const refused = refusal(delivery, to, { is_optional: false, is_urgent: false });
  if (refused) return refused;
  const reference_code = textField(payload, 'reference_code');
  const names = { owner_name: to.full_name, clinic_name: to.clinic_name };
  const note: Note = { lang, reference_code, title, content, ...names };
  if (channel === 'sms') {
    return await sendText(app, delivery, renderNoteSms(note, app.config.sms_segments_max));
  }
  if (channel === 'push') {
    const text = { title, body: content, reference_code, is_urgent: false };
    return await sendPush(app, delivery, text);
  }
  return await app.messenger.sendEmail({
    message_id: delivery_id,
    to: delivery.address,
    ...(await renderNote(note)),
    calendar: null,
    thread: reference_code,
  });
}

/** Sends one message as things stand now, or says why not. */
export async function deliver(app: App, delivery: ClaimedDelivery): Promise<Ending> {
  const { type, channel, payload, claimed_at } = delivery;
  const to = await findRecipient(app.sql, delivery);
  if (!to) return dead('no owner', 'whom it is for is gone');
  if (type === 'note') return await deliverNote(app, delivery, to);
  if (!isMailType(type)) return dead('no text', `no text for ${type}`);
  const reservation_id = textField(payload, 'reservation_id');
  if (reservation_id === null) return dead('no hold', 'about no hold');
  const told = await readTold(app, delivery, type, reservation_id);
  if (!told) return dead('no hold', 'what it is about is gone');
  if (told === 'untrue') return dropped('none of these visits is so any more');
  const { row } = told;
  const reason = outdated({ ...delivery, type }, row);
  if (reason !== null) return dropped(reason);
  const { facts } = row;
  const is_urgent = isUrgent(type, facts.starts_at, claimed_at);
  const refused = refusal(delivery, to, { is_optional: isOptional(type), is_urgent });
  if (refused) return refused;
  if (channel === 'email') return await sendMail(app, delivery, type, told);
  if (channel === 'sms') {
    return await sendText(app, delivery, renderSms(type, facts, app.config.sms_segments_max));
  }
  const { reference_code } = facts;
  const text = { ...renderPush(type, facts), reference_code, is_urgent };
  return await sendPush(app, delivery, text);
}
