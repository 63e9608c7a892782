import { type Db, run } from './db.ts';
import type { ImportRow, Verdict } from './import-rows.ts';

/** Rows of bookings, one by one through the functions that every other booking goes through. */
export async function importBookings(
  sql: Db,
  rows: readonly ImportRow[],
  options: { readonly run_id: string; readonly open_slots: boolean },
): Promise<readonly Verdict[]> {
  const actor = { kind: 'system', id: null, source: 'cli', request_id: `import:${options.run_id}` };
  return await run(sql<Verdict[]>`
    select r.n::integer as n, x.outcome, x.field, x.problem
    from jsonb_array_elements(${sql.json(rows)}) with ordinality as r (d, n),
      lateral import_booking(r.d, ${options.open_slots}, ${sql.json(actor)}) as x
    order by r.n`);
}
