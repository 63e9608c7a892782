import { type Db, run } from './db.ts';

/** Milliseconds that a pending hold has left by PostgreSQL's clock; null when it is not pending. */
export async function remainingMs(sql: Db, reservation_id: string): Promise<number | null> {
  const [row] = await run(sql<{ ttl_ms: number }[]>`
    select ceil(extract(epoch from expires_at - now()) * 1000)::integer as ttl_ms
    from reservations
    where id = ${reservation_id} and status = 'pending'`);
  return row?.ttl_ms ?? null;
}
