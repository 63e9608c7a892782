import { z } from 'zod';
import { id, line, local_date, local_time } from './basics.ts';
import { closures } from './day-closure.ts';
import { gap_reasons } from './schedule.ts';

/** What the questions about free times take and give. */

/** Days of one map, at most. */
export const WEEK_DAYS_MAX = 31;

export const vet_name = line(80)
  .optional()
  .describe('Instead of staff_id: the name of the vet, or the beginning of a word of it');

/** Why hours give no slot at a time where weekly hours would. */
export const SlotGap = z
  .object({
    date: local_date,
    time: local_time,
    staff_id: id.nullable(),
    reason: z.enum(gap_reasons),
  })
  .meta({ id: 'SlotGap' });

const seats = z.number().int();

const WeekHour = z
  .object({
    hour: z.number().int().min(0).max(23).describe('Of the local clock; slots that start in it'),
    free: seats.describe('Seats that can be held now'),
    total: seats.describe('Seats on offer, taken or not; without those that are blocked'),
    blocked: seats,
    past: seats.describe('Of total: seats of slots that have started'),
  })
  .meta({ id: 'WeekHour' });

const WeekDay = z
  .object({
    date: local_date,
    weekday: z.number().int().min(1).max(7).describe('1 = Monday (ISO)'),
    closure: z
      .enum(closures)
      .nullable()
      .describe('Why hours offer nothing that day; slots opened by hand may stand all the same'),
    holiday: z.string().nullable().describe('Whether or not the clinic closes on it'),
    free: seats,
    total: seats,
    hours: z.array(WeekHour).readonly().describe('Hours in which slots start'),
  })
  .meta({ id: 'WeekDay' });

/** Rows of the shape table. */
export const availability_shapes = {
  get_week: {
    params: z.object({ service_id: id }),
    query: z.object({
      from: local_date.optional().describe('Default: today at the clinic'),
      days: z.coerce.number().int().min(1).max(WEEK_DAYS_MAX).default(7),
      staff_id: id.optional(),
      vet: vet_name,
    }),
    body: z.object({}),
    output: z
      .object({
        service_id: id,
        staff_id: id.nullable().describe('Null = any vet'),
        time_zone: z.string(),
        from: local_date,
        to: local_date.describe('Included'),
        days: z.array(WeekDay).readonly(),
      })
      .meta({ id: 'Week' }),
  },
} as const;
