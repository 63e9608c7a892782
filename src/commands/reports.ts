import type { ReportGroup } from '../domain/report.ts';
import type { Output } from '../domain/shapes.ts';
import { isUtf8 } from './charset.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, dayOf } from './lookup.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro reports day|week|vets|services`: the figures of a clinic, with bars on a terminal. */

type Report = Output<'get_report'>;
type Row = Report['total'];

/** Columns of the longest bar. */
const BAR_WIDTH = 12;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

const csv = [
  'key',
  'label',
  'bookings',
  'completed',
  'cancelled',
  'no_shows',
  'revenue',
  'offered_minutes',
  'sold_minutes',
  'utilisation_percent',
  'lead_hours',
  'waitlisted',
];

/** A bar of eighths of a column; where only ASCII may be shown, of whole ones. */
export function barText(value: number, most: number, is_ascii: boolean): string {
  if (most <= 0 || value <= 0) return '';
  const eighths = Math.max(1, Math.round((value / most) * BAR_WIDTH * 8));
  if (is_ascii) return '#'.repeat(Math.max(1, Math.round(eighths / 8)));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

const percentText = (percent: number | null) => (percent === null ? '-' : `${percent} %`);
const hoursText = (hours: number | null) => (hours === null ? '-' : `${hours} h`);
const heads = { day: 'DAY', week: 'WEEK FROM', vet: 'VET', service: 'SERVICE' } as const;

function weekdayText(row: Row, by: ReportGroup): string {
  if (by === 'vet' || by === 'service') return row.label ?? '-';
  const date = Temporal.PlainDate.from(row.key);
  return by === 'week' ? row.key : `${row.key} ${date.toLocaleString('en', { weekday: 'short' })}`;
}

async function report(context: Context, args: Args, by: ReportGroup): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const from = dayOf(clinic, textOption(args, 'from'), 'allow');
  const to = dayOf(clinic, textOption(args, 'to'), 'allow');
  const found = await session.client.call('get_report', {
    clinic_id: clinic.clinic_id,
    by,
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
  });
  const look = lookOf(context, clinic);
  const money = (amount: string) => look.money(amount, found.currency);
  const most = Math.max(0, ...found.items.map((row) => row.bookings));
  const is_ascii = context.config.ascii || !isUtf8(context.config.locale);
  printList(context, {
    kind: 'Report',
    items: found.items,
    columns: [
      { head: heads[by], text: (row) => weekdayText(row, by), whole: by === 'day' },
      { head: 'BOOKED', text: (row) => String(row.bookings), right: true },
      // Bars are for eyes: a pipe gets the numbers alone.
      ...(context.io.is_tty
        ? [{ head: '', text: (row: Row) => barText(row.bookings, most, is_ascii), whole: true }]
        : []),
      { head: 'DONE', text: (row) => String(row.completed), right: true, wide: true },
      { head: 'CANC', text: (row) => String(row.cancelled), right: true },
      { head: 'NO-SHOW', text: (row) => String(row.no_shows), right: true },
      { head: 'REVENUE', text: (row) => money(row.revenue), right: true },
      { head: 'USED', text: (row) => percentText(row.utilisation_percent), right: true },
      { head: 'LEAD', text: (row) => hoursText(row.lead_hours), right: true },
      { head: 'WAITLIST', text: (row) => String(row.waitlisted), right: true, wide: true },
    ],
    csv,
    name: (row) => row.key,
    as_of: found.as_of,
    empty: `Nothing happened from ${found.from} to ${found.to}.`,
  });
  if (!isForPeople(context)) return;
  const { bookings, revenue, utilisation_percent } = found.total;
  const span = `${found.from} to ${found.to} (${found.time_zone})`;
  const used = `${percentText(utilisation_percent)} of the time used`;
  say(context, `${span}: ${bookings} booked, ${money(revenue)}, ${used}.`);
}

/** `petpro reports day` */
export async function reportDays(context: Context, args: Args): Promise<undefined> {
  return await report(context, args, 'day');
}

/** `petpro reports week` */
export async function reportWeeks(context: Context, args: Args): Promise<undefined> {
  return await report(context, args, 'week');
}

/** `petpro reports vets` */
export async function reportVets(context: Context, args: Args): Promise<undefined> {
  return await report(context, args, 'vet');
}

/** `petpro reports services` */
export async function reportServices(context: Context, args: Args): Promise<undefined> {
  return await report(context, args, 'service');
}
