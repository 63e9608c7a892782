import { z } from 'zod';
import {
  booking_ref,
  cursor,
  flag,
  id,
  instant,
  lang,
  limit,
  line,
  page,
  reference_code,
} from './basics.ts';
import { mail_types } from './message.ts';
import { plan_id } from './ops-schema.ts';
import { channels } from './ports.ts';
import { dialable } from './sms.ts';

/** What the endpoints of api-messages.ts take and give. */

const nothing = z.object({});
const count = z.number().int();
const channel = z.enum(channels);
const reason = line(500);
const error_code = line(100).describe('The cause, as the groups of `errors` name it');
const clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
  .describe('HH:MM on the wall of where the owner lives');

const Notification = z
  .object({
    notification_id: id,
    booking_id: id.nullable(),
    reference_code: reference_code.nullable(),
    type: z.string(),
    title: z.string(),
    content: z.string(),
    is_read: z.boolean(),
    read_at: instant.nullable(),
    delivery_status: z.enum(['pending', 'sent', 'failed', 'none']),
    created_at: instant,
  })
  .meta({ id: 'Notification' });

const ChannelPreference = z.object({
  channel,
  enabled: z.boolean(),
  is_optional_wanted: z.boolean().describe('Reminders and questions afterwards too'),
  address: z.string().nullable().describe('Where it goes now; `devices` = all below'),
  bounced: z.string().nullable().describe('Why nothing arrives there any more'),
});

const Preferences = z
  .object({
    user_id: id,
    channels: z.array(ChannelPreference).readonly(),
    time_zone: z.string().nullable().describe("Null: the clinic's"),
    quiet_from: clock,
    quiet_until: clock.describe('Equal to quiet_from: no quiet hours'),
    devices: z
      .array(z.object({ device_id: id, kind: z.enum(['webpush', 'fcm']), created_at: instant }))
      .readonly(),
  })
  .meta({ id: 'NotificationPreferences' });

const switches = {
  enabled: z.boolean().optional(),
  is_optional_wanted: z.boolean().optional(),
};
const phone = line(40).refine((text) => dialable(text) !== null, 'A number such as +6281234567890');

const delivery_statuses = ['pending', 'sending', 'sent', 'dropped', 'dead', 'discarded'] as const;

const Delivery = z
  .object({
    delivery_id: id,
    channel,
    type: z.string(),
    status: z.enum(delivery_statuses),
    clinic_id: id,
    booking_id: id.nullable(),
    reference_code: reference_code.nullable(),
    address: z.string().describe('*** for those who need no names'),
    attempts: count,
    deferrals: count.describe('Tries that the provider spoiled for all alike'),
    error_code: z.string().nullable(),
    error: z.string().nullable(),
    created_at: instant,
    due_at: instant,
    next_attempt_at: instant.nullable(),
    sent_at: instant.nullable(),
    dead_at: instant.nullable(),
  })
  .meta({ id: 'Delivery' });

const DeliveryDetail = Delivery.extend({
  lang,
  provider_id: z.string().nullable().describe('What the provider calls it'),
  correlation_id: z.string().nullable(),
  attached: z.array(z.string()).readonly(),
  discard_reason: z.string().nullable(),
  bounced: z.string().nullable().describe('Why nothing arrives at this address any more'),
}).meta({ id: 'DeliveryDetail' });

const DeliveryChange = z
  .object({
    plan_id: z.string().nullable(),
    expires_at: instant.nullable().describe('Of the plan'),
    dry_run: z.boolean(),
    planned: count,
    changed: count,
    kept: count.describe('Not what they were any more when their turn came'),
    items: z
      .array(
        z.object({
          delivery_id: id,
          channel,
          type: z.string(),
          reference_code: reference_code.nullable(),
          error_code: z.string().nullable(),
          outcome: z.enum(['planned', 'changed', 'kept']),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'DeliveryChange' });

const change_body = z.object({
  delivery_id: id.optional().describe('This one, at once'),
  channel: channel.optional(),
  error_code: error_code.optional(),
  max: z.number().int().min(1).max(1_000).default(1_000),
  dry_run: z.boolean().default(false).describe('Make a plan of all dead ones that fit'),
  plan_id: plan_id.optional(),
  reason: reason.optional().describe('Needed for everything but a dry run'),
});

const Channel = z
  .object({
    channel,
    paused_at: instant.nullable(),
    pause_reason: z.string().nullable(),
    waiting: count.describe('Due now'),
    later: count.describe('Due later: quiet hours, undo, pauses after a failure'),
    dead: count,
    sent_last_hour: count,
    oldest_due_at: instant.nullable(),
    providers: z
      .array(
        z.object({
          provider: z.enum(['smtp', 'sms', 'webpush', 'fcm']),
          is_configured: z.boolean(),
          circuit: z.enum(['closed', 'open', 'half_open']).describe('Of the daemon that answers'),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'DeliveryChannel' });

export const message_shapes = {
  list_notifications: {
    params: nothing,
    query: z.object({
      user_id: id.optional().describe('Needed for staff; customers see their own'),
      unread: flag.optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(Notification).extend({ unread_count: count }),
  },
  send_notification: {
    params: nothing,
    query: nothing,
    body: z.object({
      user_id: id,
      booking_id: booking_ref.optional(),
      clinic_id: id.optional().describe('In whose name; needed without a booking'),
      title: line(120),
      content: z.string().trim().min(1).max(2_000),
    }),
    output: z.object({ notification_id: id, channels: z.array(channel).readonly() }),
  },
  read_notification: {
    params: z.object({ notification_id: id }),
    query: nothing,
    body: nothing,
    output: Notification,
  },
  get_preferences: {
    params: z.object({ user_id: id }),
    query: nothing,
    body: nothing,
    output: Preferences,
  },
  set_preferences: {
    params: z.object({ user_id: id }),
    query: nothing,
    body: z
      .object({
        email: z.strictObject({ ...switches, address: z.email().max(254).optional() }).optional(),
        sms: z.strictObject({ ...switches, address: phone.optional() }).optional(),
        push: z.strictObject(switches).optional(),
        quiet_from: clock.optional(),
        quiet_until: clock.optional(),
      })
      .refine(
        ({ quiet_from, quiet_until }) => (quiet_from === undefined) === (quiet_until === undefined),
        { message: 'Give quiet_from and quiet_until together', path: ['quiet_until'] },
      ),
    output: Preferences,
  },
  get_push_key: {
    params: nothing,
    query: nothing,
    body: nothing,
    output: z.object({ public_key: z.string().nullable().describe('Null: no Web Push here') }),
  },
  add_push_device: {
    params: z.object({ user_id: id }),
    query: nothing,
    body: z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('webpush'),
        endpoint: z.url().max(1_000),
        p256dh: z.string().regex(/^[A-Za-z0-9_-]{87}$/),
        auth: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
      }),
      z.strictObject({
        kind: z.literal('fcm'),
        token: z.string().regex(/^[A-Za-z0-9_:-]{20,1000}$/),
      }),
    ]),
    output: z.object({ device_id: id }),
  },
  remove_push_device: {
    params: z.object({ user_id: id, device_id: id }),
    query: nothing,
    body: nothing,
    output: z.object({ success: z.literal(true) }),
  },
  resend_booking: {
    params: z.object({ booking_id: booking_ref }),
    query: nothing,
    body: z.object({ channel: channel.optional().describe('Default: all that the owner wants') }),
    output: z.object({ type: z.string(), channels: z.array(channel).readonly() }),
  },
  preview_message: {
    params: nothing,
    query: z.object({
      type: z.enum(mail_types),
      lang: lang.optional().describe("Default: the owner's, or en"),
      booking_id: booking_ref.optional().describe('Default: an example'),
    }),
    body: nothing,
    output: z
      .object({
        type: z.enum(mail_types),
        lang,
        subject: z.string(),
        text: z.string(),
        html: z.string(),
        sms: z.string(),
        sms_encoding: z.enum(['gsm7', 'ucs2']),
        sms_segments: count,
        push_title: z.string(),
        push_body: z.string(),
      })
      .meta({ id: 'MessagePreview' }),
  },
  list_deliveries: {
    params: nothing,
    query: z.object({
      status: z.enum(delivery_statuses).optional(),
      channel: channel.optional(),
      error_code: error_code.optional(),
      booking_id: booking_ref.optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(Delivery),
  },
  list_delivery_errors: {
    params: nothing,
    query: z.object({ dead: flag.optional().describe('Only the dead') }),
    body: nothing,
    output: z.object({
      items: z
        .array(
          z.object({
            error_code: z.string(),
            channel,
            dead: count,
            retrying: count,
            first_at: instant,
            last_at: instant,
            sample_error: z.string(),
            sample_delivery_id: id,
          }),
        )
        .readonly(),
      next_cursor: z.null(),
    }),
  },
  inspect_delivery: {
    params: z.object({ delivery_id: id }),
    query: nothing,
    body: nothing,
    output: DeliveryDetail,
  },
  retry_deliveries: { params: nothing, query: nothing, body: change_body, output: DeliveryChange },
  discard_deliveries: {
    params: nothing,
    query: nothing,
    body: change_body,
    output: DeliveryChange,
  },
  list_channels: {
    params: nothing,
    query: nothing,
    body: nothing,
    output: z.object({ items: z.array(Channel).readonly(), next_cursor: z.null() }),
  },
  pause_channel: {
    params: nothing,
    query: nothing,
    body: z.object({ channel, reason }),
    output: Channel,
  },
  resume_channel: {
    params: nothing,
    query: nothing,
    body: z.object({ channel, reason: reason.optional() }),
    output: Channel,
  },
} as const;
