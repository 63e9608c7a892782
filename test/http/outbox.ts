import { sequenceEvents } from '../../src/daemon/store/outbox.ts';
import type { Role } from '../../src/domain/roles.ts';
import type { Request } from './harness.ts';
import type { World } from './world.ts';

/** An event without a story; numbered as a relay would have. */
async function oneEvent(world: World, kind: 'fresh' | 'numbered'): Promise<string> {
  const { sql } = world.harness;
  const [row] = await sql<{ id: string }[]>`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    values (
      'reservation', gen_random_uuid(), 'reservation.extended', ${world.clinic.id}, 'sample', '{}'
    )
    returning id`;
  if (!row) throw new Error('no event was written');
  if (kind === 'numbered') while ((await sequenceEvents(sql, 500)) > 0);
  return row.id;
}

/** A replay that is running, although nobody carries it out here. */
async function oneReplay({ harness: { sql } }: World): Promise<string> {
  const [row] = await sql<{ id: number }[]>`
    insert into outbox_replays (
      target, from_sequence, to_sequence, per_second, sent_through, reason
    )
    values ('stream', 1, 1, 1, 0, 'test')
    returning id`;
  return `RP${row?.id}`;
}

/** One request for each endpoint of the outbox desk. */
export const outbox_samples = {
  list_outbox: async () => ({ query: { state: 'published', limit: '5' } }),
  list_outbox_errors: async () => ({ query: { dead: '1' } }),
  inspect_event: async (world) => ({ params: { event_id: await oneEvent(world, 'fresh') } }),
  retry_outbox: async () => ({ body: { dry_run: true } }),
  replay_outbox: async (world) => ({
    body: { event_id: await oneEvent(world, 'numbered'), dry_run: true },
  }),
  list_replays: async () => ({}),
  stop_replay: async (world) => ({ params: { replay_id: await oneReplay(world) } }),
  prune_outbox: async () => ({ body: { dry_run: true } }),
} as const satisfies Record<string, (world: World, role: Role) => Promise<Request>>;
