import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { clinicToday, countCash as count, readCashUp } from '../store/cash-up.ts';
import { type ClinicRow, findClinic } from '../store/clinics.ts';
import { assertClinic, dbActor } from './actor.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { amountIn } from './pay-booking.ts';
import { zonedText } from './slot-time.ts';

async function clinicOf(app: App, actor: Actor, clinic_id: string): Promise<ClinicRow> {
  assertClinic(actor, clinic_id);
  const clinic = await findClinic(app.sql, clinic_id);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  return clinic;
}

async function cashUpOf(app: App, clinic: ClinicRow, date: string): Promise<Output<'get_cash_up'>> {
  const { clinic_id, currency, time_zone } = clinic;
  const found = await readCashUp(app.sql, clinic_id, date);
  const money = (amount: string) => moneyText(amount, currency);
  return {
    clinic_id,
    date,
    currency,
    items: found.rows.map(({ taken, returned, ...row }) => {
      const minor = (text: string) => parseAmount(text, currency).amount_minor;
      const net = amountText({ amount_minor: minor(taken) - minor(returned), currency });
      return { ...row, taken: money(taken), returned: money(returned), net };
    }),
    expected_cash: money(found.expected),
    count: found.count && {
      ...found.count,
      expected: money(found.count.expected),
      counted: money(found.count.counted),
      difference: money(found.count.difference),
      counted_at: zonedText(found.count.counted_at, time_zone),
    },
  };
}

/** The takings of a local day by means of payment. */
export async function getCashUp(
  app: App,
  actor: Actor,
  input: Input<'get_cash_up'>,
): Promise<Output<'get_cash_up'>> {
  const clinic = await clinicOf(app, actor, input.clinic_id);
  return await cashUpOf(app, clinic, input.date ?? (await clinicToday(app.sql, clinic.time_zone)));
}

/** Records what was counted in the drawer. */
export async function countCash(
  app: App,
  actor: Actor,
  input: Input<'count_cash'>,
): Promise<Output<'count_cash'>> {
  const clinic = await clinicOf(app, actor, input.clinic_id);
  const date = input.date ?? (await clinicToday(app.sql, clinic.time_zone));
  const counted = amountIn(input.counted, clinic.currency);
  const { clinic_id } = clinic;
  const wish = { clinic_id, date, counted, note: input.note ?? null };
  const { outcome } = await count(app.sql, wish, dbActor(actor));
  if (outcome === 'policy_refused') {
    throw failure(outcome, { date }, 'A day to come cannot be counted, nor less than nothing.');
  }
  if (outcome !== 'ok') throw failure(outcome);
  return await cashUpOf(app, clinic, date);
}
