import type { DbActor } from './actor.ts';
import { type Db, runOne } from './db.ts';

export type DeskMethod = 'cash' | 'card_terminal' | 'transfer';

export type PayRequest = {
  readonly booking_id: string;
  readonly payment_method: DeskMethod;
  /** Decimal text; null = all that is left. */
  readonly amount: string | null;
  readonly expected_version: number | null;
};

/** Figures are null when it was not found. */
export type PayResult = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly payment_id: string | null;
  /** True when nothing was left to pay, so that nothing was taken. */
  readonly already_paid: boolean | null;
  readonly amount: string | null;
  readonly amount_rest: string | null;
  readonly currency: string | null;
  readonly status: string | null;
  readonly version: number | null;
};

/** Takes what is due at the visit. Said twice it is taken once. */
export async function payBooking(sql: Db, pay: PayRequest, actor: DbActor): Promise<PayResult> {
  return await runOne(sql<PayResult[]>`
    select outcome, payment_id, already_paid, amount, amount_rest, currency, status, version
    from pay_booking(
      ${pay.booking_id}, ${pay.payment_method}, ${pay.amount}, ${pay.expected_version},
      ${sql.json(actor)}
    )`);
}
