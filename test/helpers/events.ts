import type { Sql } from 'postgres';
import { event_types } from '../../src/domain/events.ts';
import { event_specs, payloadFaults } from '../../src/domain/events-schema.ts';

/** The newest events of a file; more would take longer than many a test. */
const EVENTS_MAX = 2_000;

/**
 * What is wrong with the events in a database, each fault once. Rows without a version were written
 * by a test itself as filling.
 */
export async function eventFaults(sql: Sql): Promise<readonly string[]> {
  const [table] = await sql<{ name: string | null }[]>`
    select to_regclass('booking_events_outbox')::text as name`;
  if (!table?.name) return [];
  const rows = await sql<{ event_type: string; aggregate_type: string; payload: unknown }[]>`
    select event_type, aggregate_type, payload from booking_events_outbox
    where payload ? 'schema_version'
    order by position desc
    limit ${EVENTS_MAX}`;
  const faults = rows.flatMap(({ event_type: name, aggregate_type, payload }) => {
    const event_type = event_types.find((known) => known === name);
    if (event_type === undefined) return [`${name}: no such type`];
    const { aggregate } = event_specs[event_type];
    const is_about = aggregate === aggregate_type ? [] : [`${name} is about a ${aggregate_type}`];
    return [...is_about, ...payloadFaults(event_type, payload)];
  });
  return [...new Set(faults)];
}
