import type { Scope } from './actor.ts';
import { type Db, run } from './db.ts';

/** The reservation with this reference code, within the caller's scope; null when there is none. */
export async function reservationOfCode(
  sql: Db,
  reference_code: string,
  scope: Scope,
): Promise<string | null> {
  const [row] = await run(sql<{ reservation_id: string }[]>`
    select id as reservation_id
    from reservations
    where reference_code = ${reference_code}
      ${scope.user_id === null ? sql`` : sql`and user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and clinic_id = ${scope.clinic_id}`}`);
  return row?.reservation_id ?? null;
}
