import { z } from 'zod';
import { booking_ref, id, line, local_date, local_time, reference_code } from './basics.ts';
import { BookingStarted } from './schema.ts';
import { Participant } from './series-schema.ts';

/** What the endpoints of api-groups.ts take and give. */

const person = z
  .object({
    pet_id: id.optional().describe('A pet that we know; owners name their own'),
    name: line(80).optional().describe('Of a pet that we do not know'),
    owner_name: line(120).optional().describe('Whose it is; of known pets their owner'),
  })
  .refine(({ pet_id, name }) => (pet_id === undefined) !== (name === undefined), {
    message: 'Give pet_id or name',
    path: ['name'],
  });
/** As many as one hold has seats. */
const people = z.array(person).min(1).max(50).readonly();

export const group_shapes = {
  create_group_booking: {
    params: z.object({}),
    query: z.object({}),
    body: z
      .object({
        service_id: id,
        slot_id: id.optional(),
        date: local_date.optional(),
        time: local_time.optional(),
        staff_id: id.optional(),
        pet_id: id
          .optional()
          .describe('A pet of who pays, needed at a clinic: the booking is in its name'),
        user_id: id
          .optional()
          .describe('Who pays, when staff book for somebody; a customer is always themselves'),
        participants: people.describe('One for each seat'),
        payment_method: z
          .enum(['checkout', 'cash', 'card_terminal', 'transfer', 'at_clinic'])
          .default('checkout')
          .describe('All but checkout are for staff'),
        notes: z.string().trim().max(2000).optional(),
      })
      .refine(
        ({ slot_id, date, time }) =>
          slot_id !== undefined || (date !== undefined && time !== undefined),
        { message: 'Give slot_id, or date and time', path: ['slot_id'] },
      ),
    output: BookingStarted,
  },
  set_participants: {
    params: z.object({ booking_id: booking_ref }),
    query: z.object({}),
    body: z.object({ participants: z.array(person).max(50).readonly() }),
    output: z
      .object({
        booking_id: id,
        reference_code,
        quantity: z.number().int(),
        participants: z.array(Participant).readonly(),
      })
      .meta({ id: 'Participants' }),
  },
};
