import { AppError } from '../domain/errors.ts';
import { isMailType, mail_types } from '../domain/message.ts';
import type { Output } from '../domain/shapes.ts';
import { bookingRef, callOptions, firstWord, isForPeople, referenceOf } from './choice.ts';
import { type Context, say } from './context.ts';
import { clinicOf, isId, ownerOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro notifications`: what owners are told, in which words, and how they want it. */

type Preferences = Output<'get_preferences'>;

const moment = (instant: string) => instant.slice(0, 19);

async function userOf(session: Session, args: Args): Promise<string> {
  const words = textOption(args, 'owner') ?? '';
  return isId(words) ? words : (await ownerOf(session, words)).user_id;
}

/** `petpro notifications list` */
export async function listNotifications(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const user_id = await userOf(session, args);
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await session.client.call('list_notifications', {
    user_id,
    ...(flagOption(args, 'unread') ? ({ unread: '1' } as const) : {}),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'NotificationList',
    items: page.items,
    columns: [
      { head: 'TOLD', text: (one) => moment(one.created_at), whole: true },
      { head: 'READ', text: (one) => (one.is_read ? 'yes' : 'no'), whole: true },
      { head: 'SENT', text: (one) => one.delivery_status, whole: true },
      { head: 'TITLE', text: (one) => one.title },
      { head: 'TYPE', text: (one) => one.type, wide: true },
      { head: 'ID', text: (one) => one.notification_id, wide: true },
    ],
    csv: [
      'notification_id',
      'type',
      'title',
      'content',
      'is_read',
      'delivery_status',
      'created_at',
    ],
    name: (one) => one.notification_id,
    cursor: page.next_cursor,
    empty: 'The owner was told nothing yet.',
  });
}

/** `petpro notifications read`: as the owner. */
export async function readNotification(context: Context, args: Args): Promise<undefined> {
  const notification_id = firstWord(args);
  if (!isId(notification_id)) {
    throw new AppError('invalid_input', `"${notification_id}" is no id of a notification.`, {
      next: 'petpro notifications list -o wide',
    });
  }
  const session = openSession(context, 'customer');
  const item = await session.client.call(
    'read_notification',
    { notification_id },
    callOptions(args),
  );
  printOne(context, {
    kind: 'Notification',
    item,
    csv: ['notification_id', 'type', 'is_read', 'read_at'],
    name: notification_id,
    lines: [['Read', item.title]],
  });
}

/** `petpro notifications send` */
export async function sendNotification(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const user_id = await userOf(session, args);
  const booking = textOption(args, 'booking');
  const about =
    booking === null
      ? { clinic_id: (await clinicOf(session)).clinic_id }
      : { booking_id: referenceOf(booking) };
  const wish = {
    user_id,
    ...about,
    title: textOption(args, 'title') ?? '',
    content: textOption(args, 'text') ?? '',
  };
  const item = await session.client.call('send_notification', wish, callOptions(args));
  printOne(context, {
    kind: 'SentNotification',
    item,
    csv: ['notification_id', 'channels'],
    name: item.notification_id,
    lines: [
      ['Told', item.notification_id],
      ['by', item.channels.length === 0 ? 'the app alone' : `${item.channels.join(', ')}, app`],
    ],
  });
}

function showPreferences(context: Context, item: Preferences): void {
  const quiet =
    item.quiet_from === item.quiet_until ? 'none' : `${item.quiet_from} to ${item.quiet_until}`;
  printOne(context, {
    kind: 'NotificationPreferences',
    item,
    csv: ['user_id', 'channels', 'quiet_from', 'quiet_until', 'time_zone'],
    name: item.user_id,
    lines: [
      ...item.channels.map((one) => {
        const extent = one.is_optional_wanted ? 'all' : 'no reminders';
        const state = one.enabled ? `on (${extent})` : 'off';
        const bounced = one.bounced === null ? '' : `, bounced: ${one.bounced}`;
        return [one.channel, `${state}, ${one.address ?? 'no address'}${bounced}`] as const;
      }),
      ['quiet hours', quiet],
      ['zone', item.time_zone ?? "the clinic's"],
      ...item.devices.map((one) => [one.kind, one.device_id] as const),
    ],
  });
}

/** `petpro notifications preferences` */
export async function preferences(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const user_id = await userOf(session, args);
  showPreferences(context, await session.client.call('get_preferences', { user_id }));
}

function quietOf(args: Args) {
  const text = textOption(args, 'quiet_hours');
  if (text === null) return {};
  if (text === 'none') return { quiet_from: '00:00', quiet_until: '00:00' };
  const match = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text);
  if (match?.[1] && match[2]) return { quiet_from: match[1], quiet_until: match[2] };
  throw new AppError('invalid_input', `--quiet-hours takes 21:00-08:00 or none, not "${text}".`);
}

/** `on`, `off` or `needed`: without reminders. */
function switchOf(args: Args, channel: string) {
  const word = textOption(args, channel);
  if (word === null) return null;
  return { enabled: word !== 'off', is_optional_wanted: word !== 'needed' };
}

/** `petpro notifications set` */
export async function setPreferences(context: Context, args: Args): Promise<undefined> {
  const [email, sms, push] = ['email', 'sms', 'push'].map((name) => switchOf(args, name));
  const mail_address = textOption(args, 'email_address');
  const number = textOption(args, 'sms_number');
  const wish = {
    ...(email || mail_address ? { email: { ...email, ...addressField(mail_address) } } : {}),
    ...(sms || number ? { sms: { ...sms, ...addressField(number) } } : {}),
    ...(push ? { push } : {}),
    ...quietOf(args),
  };
  if (Object.keys(wish).length === 0) {
    throw new AppError(
      'invalid_input',
      'Say what changes: --email, --sms, --push or --quiet-hours.',
      {
        next: 'petpro notifications set --owner 7890 --sms on',
      },
    );
  }
  const session = openSession(context);
  const user_id = await userOf(session, args);
  const said = { user_id, ...wish };
  showPreferences(context, await session.client.call('set_preferences', said, callOptions(args)));
}

const addressField = (address: string | null) => (address === null ? {} : { address });

/** `petpro notifications add-device`: as the owner. */
export async function addDevice(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'customer');
  const { id: user_id } = await session.client.call('get_me', {});
  const token = textOption(args, 'fcm_token');
  const [endpoint, p256dh, auth] = ['endpoint', 'p256dh', 'auth'].map((name) =>
    textOption(args, name),
  );
  if ((token === null) === (endpoint === null)) {
    const detail = 'Give --fcm-token of a phone, or --endpoint, --p256dh and --auth of a browser.';
    throw new AppError('invalid_input', detail);
  }
  const wish =
    token === null
      ? ({
          user_id,
          kind: 'webpush',
          endpoint: endpoint ?? '',
          p256dh: p256dh ?? '',
          auth: auth ?? '',
        } as const)
      : ({ user_id, kind: 'fcm', token } as const);
  const item = await session.client.call('add_push_device', wish, callOptions(args));
  const name = item.device_id;
  printOne(context, {
    kind: 'PushDevice',
    item,
    csv: ['device_id'],
    name,
    lines: [['Added', name]],
  });
}

/** `petpro notifications remove-device` */
export async function removeDevice(context: Context, args: Args): Promise<undefined> {
  const device_id = firstWord(args);
  const session = openSession(context);
  const user_id = await userOf(session, args);
  const wish = { user_id, device_id };
  await session.client.call('remove_push_device', wish, callOptions(args));
  printOne(context, {
    kind: 'RemovedDevice',
    item: { device_id },
    csv: ['device_id'],
    name: device_id,
    lines: [['Removed', device_id]],
  });
}

/** `petpro notifications preview`: the message itself on stdout, so that it can go into a file. */
export async function previewMessage(context: Context, args: Args): Promise<undefined> {
  const type = firstWord(args);
  if (!isMailType(type)) {
    const detail = `"${type}" is no message: there is ${mail_types.join(', ')}.`;
    throw new AppError('invalid_input', detail, { candidates: [...mail_types] });
  }
  const booking = textOption(args, 'booking');
  const session = openSession(context);
  const item = await session.client.call('preview_message', {
    type,
    ...(context.lang_asked ? { lang: context.config.lang } : {}),
    ...(booking === null ? {} : { booking_id: referenceOf(booking) }),
  });
  const format = textOption(args, 'format') ?? 'text';
  if (!isForPeople(context)) {
    printOne(context, {
      kind: 'MessagePreview',
      item,
      csv: Object.keys(item),
      name: type,
      lines: [],
    });
    return;
  }
  const texts: Readonly<Record<string, string>> = {
    html: item.html,
    text: `${item.subject}\n\n${item.text}`,
    sms: item.sms,
    push: `${item.push_title}\n${item.push_body}`,
  };
  context.io.out(`${(texts[format] ?? '').trimEnd()}\n`);
  if (format !== 'sms') return;
  const { sms_segments: count, sms_encoding } = item;
  say(context, `${count} ${count === 1 ? 'segment' : 'segments'} of ${sms_encoding}.`);
}

/** `petpro bookings resend` */
export async function resendBooking(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const word = textOption(args, 'channel');
  const channel = (['email', 'sms', 'push'] as const).find((known) => known === word);
  const session = openSession(context);
  const wish = channel === undefined ? { booking_id } : { booking_id, channel };
  const item = await session.client.call('resend_booking', wish, callOptions(args));
  printOne(context, {
    kind: 'ResentMessage',
    item,
    csv: ['type', 'channels'],
    name: booking_id,
    lines: [
      ['Sent again', item.type],
      ['by', item.channels.join(', ')],
    ],
  });
}
