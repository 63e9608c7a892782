import type { MoneyGroup } from '../../domain/report.ts';
import { type Db, run } from './db.ts';

/** One group and means of payment; `payment_method` null = a day on which nothing moved. */
export type MoneyRow = {
  readonly key: string;
  readonly payment_method: string | null;
  readonly payments: number;
  readonly taken: string;
  readonly refunds: number;
  readonly refunded: string;
  readonly platform_fee: string;
  readonly tax_amount: string;
  readonly clinic_amount: string;
};

/** A year of days with ten means of payment; more are cut. */
const ROWS_MAX = 4_000;

/**
 * The ledger of a clinic's local days, both included, in the clinic's currency. One statement that only
 * reads. The instants a day around lead to the index; the local date decides, as in reports.ts.
 */
export async function readMoneyReport(
  sql: Db,
  range: {
    readonly clinic_id: string;
    readonly by: MoneyGroup;
    readonly from: string;
    readonly to: string;
  },
): Promise<readonly MoneyRow[]> {
  const { clinic_id, by, from, to } = range;
  return await run(sql<MoneyRow[]>`
    with c as (
      select id, time_zone, currency, ${from}::date as d_from, ${to}::date as d_to,
        (${from}::date - 1)::timestamp at time zone time_zone as t_from,
        (${to}::date + 2)::timestamp at time zone time_zone as t_to
      from clinics
      where id = ${clinic_id}
    ),
    facts as (
      select d::date as day, null::text as payment_method, null::text as type, 0::numeric as total,
        0::numeric as fee, 0::numeric as tax, 0::numeric as share
      from c, generate_series(c.d_from, c.d_to, interval '1 day') as d
      where ${by} <> 'method'
      union all
      select (e.created_at at time zone c.time_zone)::date, p.payment_method, e.type,
        e.total_amount, e.platform_fee, e.tax_amount, e.clinic_amount
      from c
      join financial_entries e on e.clinic_id = c.id and e.currency = c.currency
        and e.created_at >= c.t_from and e.created_at < c.t_to
      join payments p on p.id = e.payment_id
    )
    select
      case ${by}
        when 'day' then f.day::text
        when 'method' then f.payment_method
        else date_trunc(${by}, f.day::timestamp)::date::text
      end as key,
      f.payment_method,
      (count(*) filter (where f.type = 'payment'))::integer as payments,
      coalesce(sum(f.total) filter (where f.type = 'payment'), 0) as taken,
      (count(*) filter (where f.type = 'refund'))::integer as refunds,
      -coalesce(sum(f.total) filter (where f.type <> 'payment'), 0) as refunded,
      sum(f.fee) as platform_fee, sum(f.tax) as tax_amount, sum(f.share) as clinic_amount
    from facts f
    join c on f.day between c.d_from and c.d_to
    group by 1, 2
    order by 1, 2
    limit ${ROWS_MAX}`);
}
