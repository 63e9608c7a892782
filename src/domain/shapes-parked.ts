import { z } from 'zod';
import { cursor, id, instant, limit, line, page } from './schema.ts';

/** What the endpoints of api-parked.ts take and give. */

const nothing = z.object({});
const params = z.object({ parked_id: id });

const ParkedEvent = z
  .object({
    parked_id: id,
    event_id: z.string().describe("The sender's; `stream:<id>` when it gave none"),
    event_type: z.string(),
    thing_id: id.nullable().describe('The owner, pet, clinic, service or payment'),
    status: z.enum(['applied', 'outdated', 'ignored', 'waiting', 'parked', 'discarded']),
    attempts: z.number().int(),
    reason: z.string().nullable(),
    stream_id: z.string(),
    event: z.string().nullable().describe('As it came; null for those who see no personal data'),
    occurred_at: instant.nullable(),
    created_at: instant,
  })
  .meta({ id: 'ParkedEvent' });

export const parked_shapes = {
  list_parked_events: {
    params: nothing,
    query: z.object({ cursor, limit }),
    body: nothing,
    output: page(ParkedEvent),
  },
  retry_parked_event: { params, query: nothing, body: nothing, output: ParkedEvent },
  discard_parked_event: {
    params,
    query: nothing,
    body: z.object({ reason: line(500) }),
    output: ParkedEvent,
  },
} as const;
