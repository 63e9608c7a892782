/** States of money as the API says them. Apart from the schemas: the command line loads no zod. */

/** Seed 002, refund states. */
export const refund_statuses = ['pending', 'processing', 'completed', 'failed', 'denied'] as const;
export type RefundStatus = (typeof refund_statuses)[number];

/** True for a word of the list above. */
export function isRefundStatus(text: string): text is RefundStatus {
  const known: readonly string[] = refund_statuses;
  return known.includes(text);
}
