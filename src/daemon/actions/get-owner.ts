import { AppError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { type VisitRow, visitsOf } from '../store/owner-card.ts';
import { findOwner } from '../store/owners.ts';
import { scopeOf } from './actor.ts';
import { moneyText } from './money-text.ts';
import { masker } from './personal-data.ts';
import { ownerJson } from './search-owners.ts';
import { zonedText } from './slot-time.ts';

type Card = Output<'get_owner'>;

/** As many each way as fit on a card. */
const SHOWN_MAX = 5;

const took: ReadonlySet<string> = new Set(['confirmed', 'in-progress', 'completed']);

function visitJson(row: VisitRow, actor: Actor): Card['next_visits'][number] {
  const { amount_paid: _paid, is_past: _past, time_zone, ...visit } = row;
  return {
    ...visit,
    starts_at: zonedText(row.starts_at, time_zone),
    pet_name: masker(actor)(row.pet_name),
    amount: moneyText(row.amount, row.currency),
  };
}

/** What is still to be paid, per currency. A no-show owes what the clinic decides, not what we count. */
function dueOf(rows: readonly VisitRow[]): Card['due'] {
  const sums = new Map<string, { amount: number; overdue: number }>();
  for (const { status, payment_state, amount, amount_paid, currency, is_past } of rows) {
    if (payment_state !== 'due' || status === 'cancelled' || status === 'no-show') continue;
    const whole = parseAmount(amount, currency).amount_minor;
    const rest = whole - parseAmount(amount_paid, currency).amount_minor;
    const sum = sums.get(currency) ?? { amount: 0, overdue: 0 };
    sums.set(currency, {
      amount: sum.amount + rest,
      overdue: sum.overdue + (is_past ? rest : 0),
    });
  }
  return [...sums].map(([currency, { amount, overdue }]) => ({
    currency,
    amount: amountText({ amount_minor: amount, currency }),
    overdue: amountText({ amount_minor: overdue, currency }),
  }));
}

/** One owner as the desk wants to see them. A key of one clinic sees the visits there, and no others. */
export async function getOwner(
  app: App,
  actor: Actor,
  { user_id }: Input<'get_owner'>,
): Promise<Card> {
  const [owner, rows] = await Promise.all([
    findOwner(app.sql, user_id, actor.clinic_id),
    visitsOf(app.sql, user_id, scopeOf(actor)),
  ]);
  if (!owner) throw new AppError('not_found', 'There is no such owner.');
  const took_place = rows.filter((row) => row.is_past && took.has(row.status));
  const to_come = rows.filter(({ is_past, status }) => !is_past && status === 'confirmed');
  return {
    ...ownerJson(owner, actor),
    next_visits: to_come
      .toReversed()
      .slice(0, SHOWN_MAX)
      .map((row) => visitJson(row, actor)),
    last_visits: took_place.slice(0, SHOWN_MAX).map((row) => visitJson(row, actor)),
    visit_count: took_place.length,
    no_show_count: rows.filter(({ status }) => status === 'no-show').length,
    cancelled_count: rows.filter(({ status }) => status === 'cancelled').length,
    due: dueOf(rows),
  };
}
