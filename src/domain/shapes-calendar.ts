import { z } from 'zod';
import {
  booking_ref,
  cursor,
  id,
  instant,
  limit,
  line,
  local_date,
  page,
  reference_code,
} from './basics.ts';

/** What the endpoints of api-calendar.ts take and give. */

const nothing = z.object({});
const format = z
  .enum(['json', 'ics'])
  .optional()
  .describe('ics: the file itself, also by `Accept: text/calendar`');
const ics = z.string().describe('RFC 5545, lines end in CRLF');

/** Longest export: a quarter of a year. */
export const export_days_max = 92;

const link_kind = z.enum(['owner', 'staff', 'clinic']);

const CalendarLink = z
  .object({
    link_id: id,
    kind: link_kind,
    clinic_id: id.nullable(),
    staff_id: id.nullable(),
    staff_name: z.string().nullable(),
    name: z.string().nullable(),
    created_at: instant,
    last_read_at: instant.nullable().describe('Noted once an hour; null = never'),
    revoked_at: instant.nullable(),
  })
  .meta({ id: 'CalendarLink' });

const file = {
  event_count: z.number().int(),
  is_complete: z.boolean().describe('False: there are more visits than one file takes'),
  ics,
};

export const calendar_shapes = {
  get_calendar: {
    params: z.object({ clinic_id: id }),
    query: z.object({
      staff_id: id.optional(),
      from: local_date.optional().describe('Default: today at the clinic'),
      to: local_date
        .optional()
        .describe(`Last local date, included; at most ${export_days_max} days; default: 7 days`),
      format,
    }),
    body: nothing,
    output: z.object({
      clinic_id: id,
      staff_id: id.nullable(),
      from: local_date,
      to: local_date,
      ...file,
    }),
  },
  get_booking_calendar: {
    params: z.object({ booking_id: booking_ref }),
    query: z.object({ format }),
    body: nothing,
    output: z.object({ booking_id: id, reference_code, ics }),
  },
  sync_calendar: {
    params: z.object({ booking_id: booking_ref }),
    query: nothing,
    body: z.object({ synced: z.boolean().default(true) }),
    output: z.object({
      booking_id: id,
      reference_code,
      calendar_synced: z.boolean(),
      calendar_synced_at: instant.nullable(),
      is_current: z.boolean().describe('False: the booking has changed since'),
    }),
  },
  create_calendar_link: {
    params: nothing,
    query: nothing,
    body: z.object({
      kind: link_kind.describe('owner: of the customer who asks; staff and clinic: by the desk'),
      clinic_id: id.optional(),
      staff_id: id.optional(),
      name: line(80).optional().describe('What it is for, such as a phone'),
    }),
    output: CalendarLink.extend({
      path: z.string().describe('Behind the address of this API; not shown again'),
      url: z.string().nullable().describe('The whole address, where the daemon knows its own'),
      replayed: z.boolean(),
    }),
  },
  list_calendar_links: {
    params: nothing,
    query: z.object({
      clinic_id: id.optional(),
      revoked: z.enum(['0', '1']).default('0').describe('1: those that were revoked too'),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(CalendarLink),
  },
  revoke_calendar_link: {
    params: z.object({ link_id: id }),
    query: nothing,
    body: nothing,
    output: CalendarLink,
  },
  get_calendar_feed: {
    params: z.object({ token: z.string().max(100) }),
    query: nothing,
    body: nothing,
    output: z.string(),
  },
} as const;
