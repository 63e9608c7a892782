import { z } from 'zod';

/** The small parts that everything which crosses the API is made of. */

export const id = z.uuid();
export const instant = z.iso
  .datetime({ offset: true })
  .describe('RFC 3339; slot times carry the clinic offset');
export const local_date = z.iso.date().describe('Local date of the clinic, YYYY-MM-DD');
export const local_time = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
  .describe('Local time of the clinic, HH:MM');
export const amount = z
  .string()
  .regex(/^-?\d{1,12}(\.\d{1,3})?$/)
  .describe('Decimal text in the currency');
export const currency = z.string().length(3);
export const reference_code = z.string().regex(/^BP\d{8}$/); // Seed 000, Booking Model
/** A hold has the reference of the booking that it becomes, so that either names both. */
export const booking_ref = z.union([id, reference_code], {
  error: 'Give an id, or a reference code such as BP10000127',
});
export const cursor = z.string().max(200).optional();
export const limit = z.coerce.number().int().min(1).max(200).default(50);
/** At most this many seats in one hold; larger groups are several holds. */
export const quantity = z.number().int().min(1).max(50).default(1);
export const lang = z.enum(['en', 'ja', 'id']);
/** One line that people read back: no control characters, so that it cannot move a terminal's cursor. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u);
export const flag = z
  .enum(['0', '1', 'true', 'false'])
  .transform((text) => text === '1' || text === 'true');

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item).readonly(), next_cursor: z.string().nullable() });
