import { AppError } from '../../domain/errors.ts';
import { isMailType } from '../../domain/message.ts';
import { default_quiet } from '../../domain/quiet.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { smsSize } from '../../domain/sms.ts';
import { isPushHost } from '../adapters/webpush.ts';
import type { Actor, App } from '../app-types.ts';
import { renderMail, renderPush, renderSms } from '../messages/render.ts';
import { sampleFacts } from '../messages/sample.ts';
import { findBooking } from '../store/bookings.ts';
import { findMailFacts } from '../store/mail-facts.ts';
import {
  addPushDevice as addDevice,
  countUnread,
  listNotifications as list,
  listDevices,
  readNotification as markRead,
  mayReachOwner,
  type NotificationRow,
  readPreferences,
  readSettings,
  removePushDevice as removeDevice,
  resendBooking as resend,
  sendNote,
  setPreferences as set,
} from '../store/notifications.ts';
import { assertClinic, dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';

type Notification = Output<'read_notification'>;
type Preferences = Output<'get_preferences'>;

const no_owner = () => new AppError('not_found', 'There is no such owner.');

/** The owner that a caller may look after; a customer is always themselves. */
async function reach(app: App, actor: Actor, user_id: string): Promise<void> {
  if (!(await mayReachOwner(app.sql, user_id, scopeOf(actor)))) throw no_owner();
}

/** An event's message is worded when it is read, in the owner's language, as push words it. */
async function wordsOf(app: App, row: NotificationRow): Promise<[title: string, content: string]> {
  const { type, title, content, reservation_id } = row;
  if (!isMailType(type) || reservation_id === null) return [title, content];
  const facts = await findMailFacts(app.sql, reservation_id);
  if (!facts) return [title, content];
  const push = renderPush(type, facts.facts);
  return [push.title, push.body];
}

async function notificationJson(app: App, row: NotificationRow): Promise<Notification> {
  const { reservation_id: _, ...rest } = row;
  const [title, content] = await wordsOf(app, row);
  return {
    ...rest,
    title,
    content,
    read_at: row.read_at?.toString() ?? null,
    created_at: row.created_at.toString(),
  };
}

/** What an owner was told, newest first. */
export async function listNotifications(
  app: App,
  actor: Actor,
  input: Input<'list_notifications'>,
): Promise<Output<'list_notifications'>> {
  const user_id = input.user_id ?? actor.user_id;
  if (user_id === null || user_id === undefined) {
    throw new AppError('invalid_input', 'Say whose: user_id is missing.', {
      errors: [{ path: 'query.user_id', message: 'Required for staff' }],
    });
  }
  await reach(app, actor, user_id);
  const { limit, unread = false } = input;
  const before = decodeTimeCursor(input.cursor);
  const [rows, unread_count] = await Promise.all([
    list(app.sql, { user_id, unread, before, limit: limit + 1 }),
    countUnread(app.sql, user_id),
  ]);
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.notification_id]);
  const items = await Promise.all(page.items.map((row) => notificationJson(app, row)));
  return { items, next_cursor: page.next_cursor, unread_count };
}

/** Marks one of the owner's own as read. */
export async function readNotification(
  app: App,
  actor: Actor,
  { notification_id }: Input<'read_notification'>,
): Promise<Notification> {
  const { user_id } = scopeOf(actor);
  const row = user_id === null ? null : await markRead(app.sql, notification_id, user_id);
  if (!row) throw new AppError('not_found', 'There is no such notification.');
  return await notificationJson(app, row);
}

/** Tells an owner something in the desk's own words. */
export async function sendNotification(
  app: App,
  actor: Actor,
  input: Input<'send_notification'>,
): Promise<Output<'send_notification'>> {
  const { user_id, title, content } = input;
  await reach(app, actor, user_id);
  const booking =
    input.booking_id === undefined
      ? null
      : await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (input.booking_id !== undefined && booking?.user_id !== user_id) {
    throw new AppError('not_found', 'The owner has no such booking.');
  }
  const clinic_id = booking?.clinic_id ?? input.clinic_id ?? actor.clinic_id;
  if (clinic_id === null) {
    throw new AppError('invalid_input', 'Say in whose name: clinic_id is missing.', {
      errors: [{ path: 'body.clinic_id', message: 'Required without a booking' }],
    });
  }
  assertClinic(actor, clinic_id);
  const note = { user_id, clinic_id, booking_id: booking?.booking_id ?? null, title, content };
  const done = await sendNote(app.sql, note, dbActor(actor));
  if (done.notification_id === null || done.channels === null) throw no_owner();
  app.wake.dispatcher();
  return { notification_id: done.notification_id, channels: done.channels };
}

/** How an owner wants to be told. */
export async function getPreferences(
  app: App,
  actor: Actor,
  { user_id }: Input<'get_preferences'>,
): Promise<Preferences> {
  await reach(app, actor, user_id);
  const [channels, settings, devices] = await Promise.all([
    readPreferences(app.sql, user_id),
    readSettings(app.sql, user_id),
    listDevices(app.sql, user_id),
  ]);
  return {
    user_id,
    channels,
    time_zone: settings.time_zone,
    quiet_from: settings.quiet_from ?? default_quiet.quiet_from,
    quiet_until: settings.quiet_until ?? default_quiet.quiet_until,
    devices: devices.map((device) => ({ ...device, created_at: device.created_at.toString() })),
  };
}

/** Changes what was said; the rest stays. */
export async function setPreferences(
  app: App,
  actor: Actor,
  input: Input<'set_preferences'>,
): Promise<Preferences> {
  const { user_id, email, sms, push, quiet_from = null, quiet_until = null } = input;
  await reach(app, actor, user_id);
  const channels = Object.fromEntries(
    Object.entries({ email, sms, push }).flatMap(([name, wish]) => (wish ? [[name, wish]] : [])),
  );
  const wish = { user_id, channels, quiet_from, quiet_until };
  const outcome = await set(app.sql, wish, dbActor(actor));
  if (outcome !== 'ok') throw no_owner();
  return await getPreferences(app, actor, { user_id });
}

export async function getPushKey(
  app: App,
  _actor: Actor,
  _input: Input<'get_push_key'>,
): Promise<Output<'get_push_key'>> {
  return { public_key: app.messenger.push_key };
}

/** Registers a browser or phone of the caller. */
export async function addPushDevice(
  app: App,
  actor: Actor,
  input: Input<'add_push_device'>,
): Promise<Output<'add_push_device'>> {
  const { user_id } = input;
  await reach(app, actor, user_id);
  if (input.kind === 'fcm') {
    const device = {
      user_id,
      kind: 'fcm',
      endpoint: input.token,
      p256dh: null,
      auth: null,
    } as const;
    return await addDevice(app.sql, device);
  }
  const { endpoint, p256dh, auth } = input;
  if (!isPushHost(endpoint, app.config.push_hosts)) {
    const detail = 'We send to known push services only; this address is of none.';
    throw new AppError('policy_refused', detail, { rule: 'unknown_push_service' });
  }
  return await addDevice(app.sql, { user_id, kind: 'webpush', endpoint, p256dh, auth });
}

export async function removePushDevice(
  app: App,
  actor: Actor,
  { user_id, device_id }: Input<'remove_push_device'>,
): Promise<Output<'remove_push_device'>> {
  await reach(app, actor, user_id);
  if (await removeDevice(app.sql, user_id, device_id)) return { success: true };
  throw new AppError('not_found', 'The owner has no such device.');
}

const problems = {
  no_channel: 'The owner has no address that they want messages at.',
  too_often: 'It was sent again five times within a day; call the owner instead.',
} as const;

/** Sends what a booking is now once more. */
export async function resendBooking(
  app: App,
  actor: Actor,
  input: Input<'resend_booking'>,
): Promise<Output<'resend_booking'>> {
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { channel = null } = input;
  const done = await resend(app.sql, booking.booking_id, channel, dbActor(actor));
  const { problem, type, channels } = done;
  if (problem !== null) {
    const next = 'petpro notifications preferences --owner ..';
    const facts = problem === 'no_channel' ? { rule: problem, next } : { rule: problem };
    throw failure('policy_refused', facts, problems[problem]);
  }
  if (type === null || channels === null) throw failure(done.outcome);
  app.wake.dispatcher();
  return { type, channels };
}

/** A message as it would go out. */
export async function previewMessage(
  app: App,
  actor: Actor,
  input: Input<'preview_message'>,
): Promise<Output<'preview_message'>> {
  const { type, booking_id } = input;
  const now = Temporal.Now.instant();
  const facts = await (async () => {
    if (booking_id === undefined) return sampleFacts(type, input.lang ?? 'en', now);
    const booking = await findBooking(app.sql, booking_id, scopeOf(actor));
    const reservation_id = booking?.reservation_id ?? null;
    const row = reservation_id === null ? null : await findMailFacts(app.sql, reservation_id);
    if (!row) throw new AppError('not_found', 'There is no such booking.');
    return { ...row.facts, lang: input.lang ?? row.facts.lang };
  })();
  const mail = await renderMail(type, facts);
  const push = renderPush(type, facts);
  const sms = renderSms(type, facts, app.config.sms_segments_max);
  const { encoding, segments } = smsSize(sms);
  return {
    type,
    lang: facts.lang,
    ...mail,
    sms,
    sms_encoding: encoding,
    sms_segments: segments,
    push_title: push.title,
    push_body: push.body,
  };
}
