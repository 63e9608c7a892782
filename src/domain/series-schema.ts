import { z } from 'zod';
import { id } from './basics.ts';

/** What a booking says of the others that it belongs to (schema.ts). */

/** Who comes with a booking of several seats. */
export const Participant = z
  .object({
    position: z.number().int(),
    name: z.string(),
    owner_name: z.string().nullable(),
    pet_id: id.nullable().describe('Null: a pet that we do not know'),
  })
  .meta({ id: 'Participant' });

/** Of a booking's detail. */
export const group_fields = {
  series: z
    .object({
      series_id: id,
      series_code: z.string(),
      position: z.number().int(),
      visits_made: z.number().int(),
      visits_left: z.number().int(),
    })
    .optional()
    .describe('Only of a visit that is one of a series'),
  participants: z.array(Participant).readonly().optional().describe('Where they are named'),
};
