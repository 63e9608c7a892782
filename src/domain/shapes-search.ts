import { z } from 'zod';
import { cursor, flag, id, limit, line, page } from './basics.ts';
import { Clinic, ClinicDetail } from './schema.ts';
import { OpenSlots, Owner, OwnerCard } from './schema-search.ts';

/** What finding places and owners takes and gives. docs/search.md */

const nothing = z.object({});

/** How far ahead free slots are counted; 0 = they are not counted at all. */
const days = z.coerce.number().int().min(0).max(14).default(7);

export const search_shapes = {
  list_clinics: {
    params: nothing,
    query: z.object({
      city: line(80).optional(),
      name: line(80).optional().describe('A part of the name'),
      kind: z.enum(['clinic', 'salon', 'venue']).optional(),
      category: line(80).optional().describe('Sells a service of this category now'),
      days: days.describe('Free slots of so many days are counted; 0 = none'),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(Clinic.extend({ open: OpenSlots.optional() }).meta({ id: 'ClinicFound' })),
  },
  get_clinic: {
    params: z.object({ clinic_id: id }),
    query: z.object({ days: days.describe('Free slots of so many days are counted; 0 = none') }),
    body: nothing,
    output: ClinicDetail,
  },
  search_owners: {
    params: nothing,
    query: z.object({
      q: line(80),
      limit: z.coerce.number().int().min(1).max(50).default(10),
      near: flag.default(false).describe('Where nothing is found, what is spelled alike'),
      clinic_id: id.optional().describe('Who comes there goes before others'),
    }),
    body: nothing,
    output: page(Owner),
  },
  get_owner: {
    params: z.object({ user_id: id }),
    query: nothing,
    body: nothing,
    output: OwnerCard,
  },
} as const;
