import type { MailType } from '../../domain/message.ts';
import { parseAmount } from '../../domain/money.ts';
import type { App } from '../app-types.ts';
import type { ClaimedDelivery } from '../store/deliveries.ts';
import { findMailFacts, type MailRow } from '../store/mail-facts.ts';
import { type ToldVisit, toldVisits } from '../store/told-visits.ts';

/** What a message is about: one visit, or all visits of a series that were changed together. */
export type Told = { readonly row: MailRow; readonly visits: readonly ToldVisit[] };

function tellsOf({ payload }: ClaimedDelivery): readonly string[] {
  const { tells } = payload;
  return Array.isArray(tells) ? tells.filter((id): id is string => typeof id === 'string') : [];
}

const sum = (texts: readonly string[], currency: string) => ({
  amount_minor: texts.reduce((all, text) => all + parseAmount(text, currency).amount_minor, 0),
  currency,
});

/**
 * The facts of a message, read when it goes out. Null = what it is about is gone; `untrue` = nothing
 * of what it would tell holds any more.
 */
export async function readTold(
  app: App,
  delivery: ClaimedDelivery,
  type: MailType,
  reservation_id: string,
): Promise<Told | 'untrue' | null> {
  const ids = tellsOf(delivery);
  const { cancelled_at } = delivery.payload;
  const when = typeof cancelled_at === 'string' ? cancelled_at : null;
  const visits = ids.length < 2 ? [] : await toldVisits(app.sql, type, ids, when);
  const [first] = visits;
  if (ids.length > 1 && first === undefined) return 'untrue';
  const row = await findMailFacts(app.sql, first?.reservation_id ?? reservation_id);
  if (!row || visits.length < 2) return row && { row, visits: [] };
  const { currency } = row.facts.amount;
  const refund = sum(
    visits.map(({ refund_amount }) => refund_amount),
    currency,
  );
  const is_one_vet = visits.every(({ staff_name }) => staff_name === first?.staff_name);
  const facts = {
    ...row.facts,
    staff_name: is_one_vet ? row.facts.staff_name : null,
    amount: sum(
      visits.map(({ amount }) => amount),
      currency,
    ),
    refund: refund.amount_minor > 0 ? refund : null,
    visits: visits.map(({ starts_at, reference_code }) => ({ starts_at, reference_code })),
  };
  return { row: { ...row, facts }, visits };
}
