/** States of money as the API says them. Apart from the schemas: the command line loads no zod. */

/** Seed 002, refund states. */
export const refund_statuses = ['pending', 'processing', 'completed', 'failed', 'denied'] as const;
export type RefundStatus = (typeof refund_statuses)[number];

/** True for a word of the list above. */
export function isRefundStatus(text: string): text is RefundStatus {
  const known: readonly string[] = refund_statuses;
  return known.includes(text);
}

export const payment_statuses = ['pending', 'processing', 'success', 'failed', 'refunded'] as const;
export type PaymentStatus = (typeof payment_statuses)[number];

/** Why money is on the list that a person looks at, and what to do about it. */
export const inbox_causes = {
  refund_asked_for: 'petpro refunds approve {refund_id}, or petpro refunds deny {refund_id}',
  refund_failed: 'petpro refunds retry {refund_id}, or petpro refunds complete {refund_id}',
  refund_at_desk: 'hand the money over, then: petpro refunds complete {refund_id}',
  refund_returned: 'petpro refunds retry {refund_id}, or petpro payments settle {item_id}',
  refund_by_provider: 'cancel the booking or keep it, then: petpro payments settle {item_id}',
  authorisation_stuck: "look at it in the provider's dashboard; it leaves by itself",
  dispute: "answer it in the provider's dashboard; it leaves by itself",
  amount_mismatch: 'tell the owner, then: petpro payments settle {item_id}',
  paid_without_booking: 'petpro reconcile --dry-run',
  unknown_money: 'look it up at the provider, then: petpro payments settle {item_id}',
} as const;
export type InboxCause = keyof typeof inbox_causes;

/** The next step for one item, with its ids filled in. */
export function nextStep(item: {
  readonly cause: InboxCause;
  readonly item_id: string;
  readonly refund_id: string | null;
}): string {
  return inbox_causes[item.cause]
    .replaceAll('{refund_id}', item.refund_id ?? '')
    .replaceAll('{item_id}', item.item_id);
}
