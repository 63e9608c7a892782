import { z } from 'zod';
import { payment_states } from './booking.ts';
import {
  BookingSummary,
  booking_ref,
  id,
  instant,
  lang,
  line,
  local_date,
  local_time,
  reference_code,
} from './schema.ts';
import { pdf_field } from './shapes-desk-money.ts';

/** What the endpoints of api-tickets.ts take and give. */

const nothing = z.object({});

const Tickets = z
  .object({
    booking_id: id,
    reference_code,
    clinic_id: id,
    clinic_name: z.string(),
    service_name: z.string(),
    owner_name: z.string().nullable(),
    starts_at: instant,
    ends_at: instant,
    date: local_date,
    time: local_time,
    payment_state: z.enum(payment_states),
    tickets: z
      .array(
        z.object({
          seat: z.number().int(),
          name: z.string().optional().describe('Where seats are numbered: A-12'),
          tier: z.string().nullable(),
          label: z.string().describe('Seat and tier, in the language of the tickets'),
          code: z.string().describe('What the QR code says; whoever has it comes in'),
          used_at: instant.nullable(),
        }),
      )
      .readonly(),
    pdf: pdf_field,
  })
  .meta({ id: 'Tickets' });

export const ticket_shapes = {
  get_tickets: {
    params: z.object({ booking_id: booking_ref }),
    query: z.object({
      format: z.enum(['json', 'pdf']).optional().describe('Default: what Accept asks for'),
      lang: lang.optional().describe("Default: the owner's"),
    }),
    body: nothing,
    output: Tickets,
  },
  check_in: {
    params: nothing,
    query: nothing,
    body: z.object({
      code: line(200).describe('A reference, or the text of a ticket'),
      clinic_id: id.optional().describe("Where the door is; default: the caller's clinic"),
      expected_version: z.number().int().optional(),
    }),
    output: BookingSummary.extend({
      seats: z.array(z.number().int()).readonly().describe('Admitted now; empty without tickets'),
      seat_names: z.array(z.string()).readonly().optional().describe('Of numbered seats'),
      seats_left: z.number().int().describe('Not admitted yet'),
    }),
  },
};
