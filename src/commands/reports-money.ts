import { AppError } from '../domain/errors.ts';
import { type MoneyGroup, money_groups } from '../domain/report.ts';
import type { Output } from '../domain/shapes.ts';
import { isUtf8 } from './charset.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, dayOf } from './lookup.ts';
import { printList } from './output.ts';
import { barText } from './reports.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro reports money`: takings, refunds and commission of a clinic. */

type Row = Output<'get_money_report'>['total'];

const csv = [
  'key',
  'payments',
  'taken',
  'refunds',
  'refunded',
  'net',
  'platform_fee',
  'tax_amount',
  'clinic_amount',
];
const heads = { day: 'DAY', week: 'WEEK FROM', month: 'MONTH', method: 'METHOD' } as const;

function groupOf(args: Args): MoneyGroup {
  const text = textOption(args, 'by') ?? 'day';
  const group = money_groups.find((one) => one === text);
  if (group) return group;
  throw new AppError('invalid_input', `--by is one of ${money_groups.join(', ')}, not "${text}".`);
}

const keyText = ({ key }: Row, by: MoneyGroup) => (by === 'month' ? key.slice(0, 7) : key);

/** `petpro reports money` */
export async function reportMoney(context: Context, args: Args): Promise<undefined> {
  const by = groupOf(args);
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const from = dayOf(clinic, textOption(args, 'from'), 'allow');
  const to = dayOf(clinic, textOption(args, 'to'), 'allow');
  const found = await session.client.call('get_money_report', {
    clinic_id: clinic.clinic_id,
    by,
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
  });
  const look = lookOf(context, clinic);
  const money = (amount: string) => look.money(amount, found.currency);
  const most = Math.max(0, ...found.items.map((row) => Number(row.taken)));
  const is_ascii = context.config.ascii || !isUtf8(context.config.locale);
  const methodsText = (row: Row) =>
    row.methods.map(({ payment_method, taken }) => `${payment_method} ${money(taken)}`).join(', ');
  printList(context, {
    kind: 'MoneyReport',
    items: found.items,
    columns: [
      { head: heads[by], text: (row) => keyText(row, by), whole: true },
      { head: 'PAID', text: (row) => String(row.payments), right: true },
      { head: 'TAKEN', text: (row) => money(row.taken), right: true, whole: true },
      // Bars are for eyes: a pipe gets the numbers alone.
      ...(context.io.is_tty
        ? [
            {
              head: '',
              text: (row: Row) => barText(Number(row.taken), most, is_ascii),
              whole: true,
            },
          ]
        : []),
      { head: 'REFUNDED', text: (row) => money(row.refunded), right: true },
      { head: 'NET', text: (row) => money(row.net), right: true },
      // The line below the table has the sums of these; all of them would not fit on 80 columns.
      { head: 'FEE', text: (row) => money(row.platform_fee), right: true, wide: true },
      { head: 'TAX', text: (row) => money(row.tax_amount), right: true, wide: true },
      { head: 'CLINIC', text: (row) => money(row.clinic_amount), right: true, wide: true },
      ...(by === 'method' ? [] : [{ head: 'BY METHOD', text: methodsText, wide: true }]),
    ],
    csv,
    name: (row) => row.key,
    as_of: found.as_of,
    empty: `No money moved from ${found.from} to ${found.to}.`,
  });
  if (!isForPeople(context)) return;
  const { taken, refunded, platform_fee, clinic_amount } = found.total;
  const span = `${found.from} to ${found.to} (${found.time_zone})`;
  const parts = `${money(taken)} taken, ${money(refunded)} refunded`;
  say(context, `${span}: ${parts}; fee ${money(platform_fee)}, clinic ${money(clinic_amount)}.`);
}
