import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import { REPORT_DAYS_MAX } from '../../domain/report.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { clinicToday } from '../store/cash-up.ts';
import { findClinic } from '../store/clinics.ts';
import { type ReportRow, readReport } from '../store/reports.ts';
import { assertClinic } from './actor.ts';

type Report = Output<'get_report'>;

/** A week, today included. */
const DAYS_BEFORE = 6;

const perTen = (part: number, whole: number, factor: number) =>
  whole === 0 ? null : Math.round((part * factor * 10) / whole) / 10;

function rowJson(row: ReportRow, currency: string): Report['total'] {
  const { lead_minutes, revenue, ...rest } = row;
  return {
    ...rest,
    revenue: amountText(parseAmount(revenue, currency)),
    utilisation_percent: perTen(row.sold_minutes, row.offered_minutes, 100),
    lead_hours: perTen(lead_minutes, row.bookings, 1 / 60),
  };
}

function totalOf(rows: readonly ReportRow[], currency: string): ReportRow {
  const sum = (field: Exclude<keyof ReportRow, 'key' | 'label' | 'revenue'>) =>
    rows.reduce((all, row) => all + row[field], 0);
  const amount_minor = rows.reduce(
    (all, row) => all + parseAmount(row.revenue, currency).amount_minor,
    0,
  );
  return {
    key: 'total',
    label: 'total',
    bookings: sum('bookings'),
    completed: sum('completed'),
    cancelled: sum('cancelled'),
    no_shows: sum('no_shows'),
    revenue: amountText({ amount_minor, currency }),
    offered_minutes: sum('offered_minutes'),
    sold_minutes: sum('sold_minutes'),
    lead_minutes: sum('lead_minutes'),
    waitlisted: sum('waitlisted'),
  };
}

/** The local days that a report is asked for, both included. */
export function reportRange(
  input: { readonly from?: string | undefined; readonly to?: string | undefined },
  today: string,
): { readonly from: string; readonly to: string } {
  const to = Temporal.PlainDate.from(input.to ?? today);
  const from = input.from
    ? Temporal.PlainDate.from(input.from)
    : to.subtract({ days: DAYS_BEFORE });
  const days = from.until(to, { largestUnit: 'day' }).days + 1;
  if (days < 1 || days > REPORT_DAYS_MAX) {
    const detail = `A report takes 1 to ${REPORT_DAYS_MAX} days; ${from} to ${to} are ${days}.`;
    throw new AppError('invalid_input', detail, { days, days_max: REPORT_DAYS_MAX });
  }
  return { from: from.toString(), to: to.toString() };
}

/** Figures of a clinic's own days. */
export async function getReport(
  app: App,
  actor: Actor,
  input: Input<'get_report'>,
): Promise<Report> {
  const { clinic_id, by } = input;
  assertClinic(actor, clinic_id);
  const clinic = await findClinic(app.sql, clinic_id);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  const range = reportRange(input, await clinicToday(app.sql, clinic.time_zone));
  const { time_zone, currency } = clinic;
  const rows = await readReport(app.sql, { clinic_id, by, ...range });
  return {
    clinic_id,
    by,
    ...range,
    time_zone,
    currency,
    as_of: Temporal.Now.instant().toString({ smallestUnit: 'second' }),
    items: rows.map((row) => rowJson(row, currency)),
    total: rowJson(totalOf(rows, currency), currency),
  };
}
