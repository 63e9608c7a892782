import type { DisputeNews, RefundNews } from '../../domain/ports.ts';
import { type Db, runOne, toJson } from './db.ts';

/** What the provider says of money that goes back. The store decides in one statement per event. */

type News = {
  readonly event_id: string;
  readonly event_type: string;
  readonly payload: unknown;
  readonly payment_intent: string | null;
  /** Decimal text. */
  readonly amount: string | null;
  readonly currency: string | null;
};

type Taken = 'refund_recorded' | 'dispute_recorded' | 'already_done' | 'ignored' | 'unknown_money';

/** Takes one step of a refund's life, once per event id. */
export async function takeRefundNews(sql: Db, news: News, refund: RefundNews): Promise<Taken> {
  const { outcome } = await runOne(sql<{ outcome: Taken }[]>`
    select take_refund_event(
      ${news.event_id}, ${news.event_type}, ${sql.json(toJson(news.payload))},
      ${refund.external_reference}, ${refund.refund_id}, ${news.payment_intent}, ${refund.status},
      ${news.amount}, ${news.currency}, ${refund.error}
    ) as outcome`);
  return outcome;
}

/** Takes the opening or the end of a dispute, once per event id. */
export async function takeDisputeNews(sql: Db, news: News, dispute: DisputeNews): Promise<Taken> {
  const { outcome } = await runOne(sql<{ outcome: Taken }[]>`
    select take_dispute_event(
      ${news.event_id}, ${news.event_type}, ${sql.json(toJson(news.payload))},
      ${dispute.external_reference}, ${news.payment_intent}, ${dispute.status}, ${news.amount},
      ${news.currency}, ${dispute.reason}
    ) as outcome`);
  return outcome;
}
