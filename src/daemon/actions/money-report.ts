import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { clinicToday } from '../store/cash-up.ts';
import { findClinic } from '../store/clinics.ts';
import { type MoneyRow, readMoneyReport } from '../store/money-report.ts';
import { assertClinic } from './actor.ts';
import { reportRange } from './reports.ts';

type Report = Output<'get_money_report'>;
type Row = Report['total'];
type Amount = 'taken' | 'refunded' | 'platform_fee' | 'tax_amount' | 'clinic_amount';

function sumOf(rows: readonly MoneyRow[], field: Amount, currency: string): string {
  const amount_minor = rows.reduce(
    (sum, row) => sum + parseAmount(row[field], currency).amount_minor,
    0,
  );
  return amountText({ amount_minor, currency });
}

/** One row of several means of payment. */
function rowOf(key: string, rows: readonly MoneyRow[], currency: string): Row {
  const by_method = Map.groupBy(
    rows.filter(({ payment_method }) => payment_method !== null),
    ({ payment_method }) => payment_method ?? '',
  );
  const sum = (field: Amount) => sumOf(rows, field, currency);
  const [taken, refunded] = [sum('taken'), sum('refunded')];
  const net_minor =
    parseAmount(taken, currency).amount_minor - parseAmount(refunded, currency).amount_minor;
  return {
    key,
    payments: rows.reduce((all, row) => all + row.payments, 0),
    taken,
    refunds: rows.reduce((all, row) => all + row.refunds, 0),
    refunded,
    net: amountText({ amount_minor: net_minor, currency }),
    platform_fee: sum('platform_fee'),
    tax_amount: sum('tax_amount'),
    clinic_amount: sum('clinic_amount'),
    methods: [...by_method].map(([payment_method, some]) => ({
      payment_method,
      taken: sumOf(some, 'taken', currency),
      refunded: sumOf(some, 'refunded', currency),
    })),
  };
}

/** What came in, what went back and who gets which part, in the clinic's own days. */
export async function getMoneyReport(
  app: App,
  actor: Actor,
  input: Input<'get_money_report'>,
): Promise<Report> {
  const { clinic_id, by } = input;
  assertClinic(actor, clinic_id);
  const clinic = await findClinic(app.sql, clinic_id);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  const { time_zone, currency } = clinic;
  const range = reportRange(input, await clinicToday(app.sql, time_zone));
  const rows = await readMoneyReport(app.sql, { clinic_id, by, ...range });
  const groups = Map.groupBy(rows, ({ key }) => key);
  return {
    clinic_id,
    by,
    ...range,
    time_zone,
    currency,
    as_of: Temporal.Now.instant().toString({ smallestUnit: 'second' }),
    items: [...groups].map(([key, some]) => rowOf(key, some, currency)),
    total: rowOf('total', rows, currency),
  };
}
