import type { Sql } from 'postgres';
import type { EventEnvelope } from '../../domain/events.ts';
import { eventsAfter } from '../store/outbox.ts';

/** Events after a sequence, in order, as they leave this program. */
export async function readEvents(
  sql: Sql,
  after: number,
  limit: number,
): Promise<readonly EventEnvelope[]> {
  const rows = await eventsAfter(sql, after, limit);
  return rows.map((row) => ({ ...row, occurred_at: row.occurred_at.toString() }));
}
