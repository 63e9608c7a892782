import { callOptions, isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, dayOf } from './lookup.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

const csv = ['payment_method', 'taken_count', 'taken', 'returned_count', 'returned', 'net'];

/** `petpro payments day`: what came in; with --count also what lies in the drawer. */
export async function cashUp(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const date = dayOf(clinic, textOption(args, 'date'), 'allow');
  const counted = textOption(args, 'count');
  const note = textOption(args, 'note');
  const where = { clinic_id: clinic.clinic_id, ...(date === null ? {} : { date }) };
  const day =
    counted === null
      ? await session.client.call('get_cash_up', where)
      : await session.client.call(
          'count_cash',
          { ...where, counted, ...(note === null ? {} : { note }) },
          callOptions(args),
        );
  const money = (amount: string) => look.money(amount, day.currency);
  printList(context, {
    kind: 'CashUp',
    items: day.items,
    columns: [
      { head: 'METHOD', text: (row) => row.payment_method },
      { head: 'PAYMENTS', text: (row) => String(row.taken_count) },
      { head: 'TAKEN', text: (row) => money(row.taken) },
      { head: 'REFUNDS', text: (row) => String(row.returned_count) },
      { head: 'RETURNED', text: (row) => money(row.returned) },
      { head: 'NET', text: (row) => money(row.net) },
    ],
    csv,
    name: (row) => row.payment_method,
    as_of: look.now(),
    empty: `Nothing was taken on ${day.date}.`,
  });
  if (!isForPeople(context)) return;
  say(context, `${day.date}: ${money(day.expected_cash)} should be in the drawer.`);
  if (day.count === null) return;
  const { count } = day;
  const by = count.counted_by_name ?? 'somebody';
  const found = `${money(count.counted)} counted by ${by} at ${look.time(count.counted_at)}`;
  say(context, `${found}; difference ${money(count.difference)}.`);
}
