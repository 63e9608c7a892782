import type { Sql } from 'postgres';
import { afterAll } from 'vitest';
import { type FeedLimits, feedLimits } from '../../src/daemon/http/feed.ts';
import { createMetrics } from '../../src/daemon/http/metrics.ts';
import { createServer } from '../../src/daemon/http/server.ts';
import type { Daemon } from '../../src/daemon/main.ts';
import { createFeed } from '../../src/daemon/workers/feed.ts';
import { eventually } from '../helpers/poll.ts';

/** A second server on the same app, with a feed that starts now and little patience. */
export async function feedServer(daemon: Daemon, limits: Partial<FeedLimits> = {}) {
  const feed = createFeed(daemon.app);
  const server = await createServer({
    app: daemon.app,
    health: daemon.health,
    feed,
    metrics: createMetrics(),
    version: 'test',
    feed_limits: {
      ...feedLimits(daemon.app.config),
      heartbeat_ms: 150,
      stall_ms: 1_500,
      auth_ms: 150,
      clients_max: 20,
      clients_per_token_max: 1_000,
      ...limits,
    },
  });
  const base = await server.listen({ host: '127.0.0.1', port: 0 });
  afterAll(async () => {
    await server.close();
    await feed.stop();
  });
  return { server, base, feed };
}

type Bulk = {
  readonly clinic_id: string;
  readonly count: number;
  readonly payload_bytes?: number;
  /** Name of the one field of the payload. */
  readonly field?: string;
  readonly event_type?: string;
  readonly aggregate_id?: string;
};

/** Events without a story: bulk for readers. Returns when a relay has numbered all of them. */
export async function publishEvents(sql: Sql, bulk: Bulk): Promise<void> {
  await writeEvents(sql, bulk);
  await eventually('all events numbered', async () => {
    const [row] = await sql<{ waiting: number }[]>`
      select count(*)::int as waiting from booking_events_outbox where sequence is null`;
    return row?.waiting === 0;
  });
}

/** The same, and nobody waits. */
export async function writeEvents(sql: Sql, bulk: Bulk): Promise<void> {
  const { clinic_id, count, payload_bytes = 10, aggregate_id = null, field = 'filling' } = bulk;
  const event_type = bulk.event_type ?? 'reservation.extended';
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    select 'reservation', coalesce(${aggregate_id}::uuid, gen_random_uuid()), ${event_type},
      ${clinic_id}, 'bulk', jsonb_build_object(${field}::text, repeat('x', ${payload_bytes}::integer))
    from generate_series(1, ${count}::integer)`;
}

/** The newest sequence that was given. */
export async function newestSequence(sql: Sql): Promise<number> {
  const [row] = await sql<{ newest: number }[]>`
    select last_sequence::int as newest from outbox_state`;
  return row?.newest ?? 0;
}
