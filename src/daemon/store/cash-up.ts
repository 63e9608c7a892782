import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type CashUpRow = {
  readonly payment_method: string;
  readonly taken: string;
  readonly taken_count: number;
  readonly returned: string;
  readonly returned_count: number;
};

export type CashCount = {
  readonly count_id: string;
  readonly expected: string;
  readonly counted: string;
  readonly difference: string;
  readonly note: string | null;
  readonly counted_by_name: string | null;
  readonly counted_at: Temporal.Instant;
};

/** The takings of a local day, the cash that should be there, and the last count. */
export async function readCashUp(sql: Db, clinic_id: string, date: string) {
  const [rows, cash, counts] = await Promise.all([
    run(sql<CashUpRow[]>`
      select payment_method, taken, taken_count, returned, returned_count
      from cash_up(${clinic_id}, ${date})`),
    runOne(sql<{ expected: string }[]>`
      select expected_cash(${clinic_id}, ${date}) as expected`),
    run(sql<CashCount[]>`
      select n.id as count_id, n.expected, n.counted, n.difference, n.note,
        coalesce(o.full_name, k.name) as counted_by_name, n.created_at as counted_at
      from cash_counts n
      left join api_keys k on k.id = n.counted_by
      left join operators o on o.id = k.operator_id
      where n.clinic_id = ${clinic_id} and n.business_date = ${date}
      order by n.created_at desc, n.id desc
      limit 1`),
  ]);
  return { rows, expected: cash.expected, count: counts[0] ?? null };
}

/** Today by the database's clock, where the clinic is. */
export async function clinicToday(sql: Db, time_zone: string): Promise<string> {
  const { today } = await runOne(sql<{ today: string }[]>`
    select (now() at time zone ${time_zone})::date::text as today`);
  return today;
}

/** Records what was counted; a recount is another row. */
export async function countCash(
  sql: Db,
  count: {
    readonly clinic_id: string;
    readonly date: string;
    readonly counted: string;
    readonly note: string | null;
  },
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'not_found' | 'policy_refused' }> {
  return await runOne(sql<{ outcome: 'ok' | 'not_found' | 'policy_refused' }[]>`
    select outcome
    from count_cash(
      ${count.clinic_id}, ${count.date}, ${count.counted}, ${count.note}, ${sql.json(actor)}
    )`);
}
