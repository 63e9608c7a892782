import { z } from 'zod';
import { booking_ref, cursor, id, instant, limit, line, page, reference_code } from './basics.ts';
import {
  offset_minutes_max,
  offset_minutes_min,
  offsets_max,
  reminder_channels,
  reminder_reasons,
  reminder_statuses,
  reminder_types,
} from './reminder.ts';

/** What the endpoints of api-reminders.ts take and give. */

const nothing = z.object({});
const reminder_type = z.enum(reminder_types);
const channels = z.array(z.enum(reminder_channels));
const verdict = z
  .enum(['send', ...reminder_reasons])
  .describe('What becomes of it: send, or why not');

const offset_minutes = z
  .number()
  .int()
  .describe('Before the start, or after the end; whole days count on the calendar of the clinic');

const Reminder = z
  .object({
    reminder_id: id,
    booking_id: id,
    reference_code,
    clinic_id: id,
    reminder_type,
    offset_minutes,
    status: z.enum(reminder_statuses),
    reason: z.enum(reminder_reasons).nullable().describe('Why it did not go out'),
    note: z.string().nullable(),
    scheduled_time: instant,
    starts_at: instant.describe('Of the visit'),
    delivery_channels: channels.readonly(),
    owner_name: z.string().nullable(),
    pet_name: z.string().nullable(),
    service_name: z.string(),
    sent_at: instant.nullable().describe('When its messages were queued'),
    deliveries: z.array(z.object({ channel: z.string(), status: z.string() })).readonly(),
    verdict,
  })
  .meta({ id: 'Reminder' });

const ReminderRun = z
  .object({
    dry_run: z.boolean(),
    items: z
      .array(
        z.object({
          reminder_id: id,
          booking_id: id,
          reminder_type,
          verdict,
          late_ms: z.number().int().describe('How long ago it was due'),
        }),
      )
      .readonly(),
    sent: z.number().int(),
    not_sent: z.number().int(),
  })
  .meta({ id: 'ReminderRun' });

const ReminderRules = z
  .object({
    clinic_id: id,
    service_id: id.nullable(),
    items: z
      .array(
        z.object({
          reminder_type,
          offsets_minutes: z.array(offset_minutes).readonly().describe('Empty: none are sent'),
          channels: channels.readonly(),
          origin: z.enum(['service', 'clinic', 'default']).describe('Who said so'),
          version: z.number().int(),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'ReminderRules' });

export const reminder_shapes = {
  list_reminders: {
    params: nothing,
    query: z.object({
      clinic_id: id.optional(),
      booking_id: booking_ref.optional(),
      status: z.enum([...reminder_statuses, 'all']).default('pending'),
      reminder_type: reminder_type.optional(),
      due_minutes: z.coerce
        .number()
        .int()
        .min(0)
        .max(offset_minutes_max)
        .optional()
        .describe('Due until that long from now'),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(Reminder),
  },
  run_reminders: {
    params: nothing,
    query: nothing,
    body: z.object({
      dry_run: z.boolean().default(false),
      limit: z.number().int().min(1).max(1_000).default(200),
    }),
    output: ReminderRun,
  },
  skip_reminder: {
    params: z.object({ reminder_id: id }),
    query: nothing,
    body: z.object({ reason: line(500).optional() }),
    output: Reminder,
  },
  list_reminder_rules: {
    params: z.object({ clinic_id: id }),
    query: z.object({ service_id: id.optional() }),
    body: nothing,
    output: ReminderRules,
  },
  set_reminder_rule: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: z.object({
      reminder_type,
      service_id: id.optional().describe('For this service only'),
      offsets_minutes: z
        .array(z.number().int().min(offset_minutes_min).max(offset_minutes_max))
        .max(offsets_max)
        .nullable()
        .describe('Empty: none are sent; null: as if nothing had been said'),
      channels: channels.min(1).default(['email']),
      reason: line(500).optional(),
    }),
    output: ReminderRules,
  },
} as const;
