import { z } from 'zod';
import { type InboxCause, inbox_causes, payment_statuses, refund_statuses } from './money-words.ts';
import {
  amount,
  currency,
  cursor,
  id,
  instant,
  limit,
  line,
  page,
  reference_code,
} from './schema.ts';

/** Payments, refunds and what a person has to look at: what each endpoint takes and gives. */

const nothing = z.object({});
const booking_ref = z.union([id, reference_code], {
  error: 'Give an id, or a reference code such as BP10000127',
});
const reason = line(500);

const decisions = ['granted', 'awaiting', 'denied'] as const;
const hand_overs = ['cash', 'card_terminal', 'transfer', 'provider'] as const;

const Refund = z
  .object({
    refund_id: id,
    payment_id: id,
    booking_id: id.nullable(),
    reference_code,
    clinic_id: id,
    amount,
    currency,
    reason: z.string(),
    status: z.enum(refund_statuses),
    decision: z.enum(decisions).describe('awaiting = a manager has to agree first'),
    origin: z.enum(['ours', 'dashboard', 'dispute']).describe('Who took the money back'),
    payment_method: z.string().describe('How it had been paid'),
    handed_over: z
      .string()
      .nullable()
      .describe('How a person gave it back, where no machine could'),
    attempts: z.number().int(),
    error: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Refund' });

const InboxItem = z
  .object({
    item_id: z.string(),
    cause: z.enum(Object.keys(inbox_causes) as [InboxCause, ...InboxCause[]]),
    clears: z.enum(['action', 'mark']).describe('What takes it off: a deed, or a person saying so'),
    clinic_id: id.nullable().describe('Null: nobody can say whose money it is'),
    payment_id: id.nullable(),
    refund_id: id.nullable(),
    reference_code: reference_code.nullable(),
    amount: amount.nullable(),
    currency: currency.nullable(),
    detail: z.string().nullable(),
    since: instant,
    next: z.string().describe('What to do about it'),
  })
  .meta({ id: 'InboxItem' });

const PaymentLine = z
  .object({
    payment_id: id,
    reference_code,
    reservation_id: id,
    booking_id: id.nullable(),
    clinic_id: id,
    amount,
    currency,
    payment_method: z.string(),
    status: z.enum(payment_statuses),
    failure_reason: z.string().nullable(),
    refund_status: z.string().nullable(),
    refund_amount: amount.nullable(),
    external_reference: z.string().nullable(),
    session_id: z.string().nullable(),
    paid_at: instant.nullable(),
    created_at: instant,
  })
  .meta({ id: 'PaymentLine' });

const LedgerEntry = z
  .object({
    entry_id: id,
    reference_code,
    booking_id: id,
    payment_id: id,
    refund_id: id.nullable(),
    clinic_id: id,
    type: z.enum(['payment', 'refund', 'reversal']),
    total_amount: amount,
    platform_fee: amount,
    clinic_amount: amount,
    tax_amount: amount,
    currency,
    status: z.enum(['pending', 'settled', 'void']),
    transaction_reference: z.string().nullable(),
    created_at: instant,
  })
  .meta({ id: 'LedgerEntry' });

const PaymentDetail = PaymentLine.extend({
  purpose: z
    .enum(['due', 'rest'])
    .describe('due = what confirmed the booking; rest = at the visit'),
  page: z
    .object({
      session_id: z.string(),
      payment_url: z.string().nullable(),
      expires_at: instant.nullable(),
      closed_at: instant.nullable().describe('Null while somebody can still pay there'),
    })
    .nullable()
    .describe('The payment page of the provider'),
  attempts: z
    .array(
      z.object({
        result: z.string(),
        outcome: z.string().nullable().describe('What we made of it'),
        amount: amount.nullable(),
        currency: currency.nullable(),
        event_id: z.string().nullable(),
        at: instant,
      }),
    )
    .readonly()
    .describe('Every answer of the provider, in order'),
  entries: z.array(LedgerEntry).readonly(),
  refunds: z.array(Refund).readonly(),
  disputes: z
    .array(
      z.object({
        dispute_id: id,
        external_reference: z.string(),
        status: z.enum(['open', 'won', 'lost']),
        amount,
        currency,
        reason: z.string().nullable(),
        opened_at: instant,
        closed_at: instant.nullable(),
      }),
    )
    .readonly(),
}).meta({ id: 'PaymentDetail' });

const refund_params = z.object({ refund_id: id });

export const money_shapes = {
  list_payments: {
    params: nothing,
    query: z.object({
      clinic_id: id.optional(),
      booking_id: booking_ref.optional(),
      status: z.enum(payment_statuses).optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(PaymentLine),
  },
  get_payment: {
    params: z.object({ payment_id: booking_ref }),
    query: nothing,
    body: nothing,
    output: PaymentDetail,
  },
  list_entries: {
    params: nothing,
    query: z.object({
      clinic_id: id.optional(),
      booking_id: booking_ref.optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(LedgerEntry),
  },
  list_inbox: {
    params: nothing,
    query: z.object({ clinic_id: id.optional(), limit }),
    body: nothing,
    output: page(InboxItem),
  },
  settle_inbox_item: {
    params: z.object({ item_id: line(300) }),
    query: nothing,
    body: z.object({ reason }),
    output: z.object({ success: z.literal(true) }),
  },
  list_refunds: {
    params: nothing,
    query: z.object({
      clinic_id: id.optional(),
      booking_id: booking_ref.optional(),
      status: z.enum(refund_statuses).optional(),
      decision: z.enum(decisions).optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(Refund),
  },
  create_refund: {
    params: nothing,
    query: nothing,
    body: z.object({
      booking_id: booking_ref,
      amount: amount.optional().describe('Default: all that is left of the payment'),
      reason,
      ask: z.boolean().optional().describe('Ask a manager, whatever the desk may do itself'),
    }),
    output: Refund,
  },
  decide_refund: {
    params: refund_params,
    query: nothing,
    body: z.object({ decision: z.enum(['granted', 'denied']), reason: reason.optional() }),
    output: Refund,
  },
  complete_refund: {
    params: refund_params,
    query: nothing,
    body: z.object({
      handed_over: z.enum(hand_overs).default('cash').describe('How the owner got it'),
      reason: reason.optional(),
    }),
    output: Refund,
  },
  retry_refund: {
    params: refund_params,
    query: nothing,
    body: z.object({ reason: reason.optional() }),
    output: Refund,
  },
} as const;
