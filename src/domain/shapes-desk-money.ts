import { z } from 'zod';
import { paper_formats } from './paper.ts';
import {
  amount,
  currency,
  cursor,
  id,
  instant,
  lang,
  limit,
  line,
  local_date,
  page,
  reference_code,
} from './schema.ts';

/** What the endpoints of api-desk-money.ts take and give. */

const nothing = z.object({});
const either = z.union([id, reference_code], {
  error: 'Give an id, or a reference code such as BP10000127',
});
const positive_amount = amount.regex(/^[0-9.]*[1-9][0-9.]*$/, 'More than nothing');

const Paid = z
  .object({
    payment_id: id,
    booking_id: id,
    reference_code,
    already_paid: z.boolean().describe('True when nothing was left to pay: nothing was taken now'),
    amount: amount.describe('What was taken now'),
    amount_rest: amount.describe('What is still to be paid'),
    currency,
    version: z.number().int().describe('Of the booking'),
  })
  .meta({ id: 'Paid' });

export const receipt_formats = ['json', 'text', 'html', 'pdf'] as const;

/** So that clients that read JSON alone can have the document too. */
export const pdf_field = z
  .string()
  .optional()
  .describe('Base64; only with format=pdf and Accept: application/json');

const Receipt = z
  .object({
    receipt_number: z.string().describe('The reference, and which payment of it'),
    payment_id: id,
    booking_id: id,
    reference_code,
    lang,
    clinic_name: z.string(),
    clinic_address: z.string().nullable(),
    clinic_phone: z.string().nullable(),
    owner_name: z.string().nullable(),
    pet_name: z.string().nullable(),
    service_name: z.string(),
    starts_at: instant,
    paid_at: instant,
    payment_method: z.string(),
    price: amount.describe('Of the whole booking'),
    amount: amount.describe('Of this payment'),
    tax_amount: amount.describe('Contained in the amount'),
    tax_percent: z.string(),
    amount_rest: amount,
    refunded: amount,
    currency,
    text: z.string().describe('For a printer of `width` columns'),
    html: z.string(),
    pdf: pdf_field,
  })
  .meta({ id: 'Receipt' });

const CashUp = z
  .object({
    clinic_id: id,
    date: local_date,
    currency,
    items: z
      .array(
        z.object({
          payment_method: z.string(),
          taken: amount,
          taken_count: z.number().int(),
          returned: amount,
          returned_count: z.number().int(),
          net: amount,
        }),
      )
      .readonly(),
    expected_cash: amount.describe('Cash taken less cash given back'),
    count: z
      .object({
        count_id: id,
        expected: amount,
        counted: amount,
        difference: amount.describe('Negative when something is missing'),
        note: z.string().nullable(),
        counted_by_name: z.string().nullable(),
        counted_at: instant,
      })
      .nullable()
      .describe('The last count of that day'),
  })
  .meta({ id: 'CashUp' });

const settled_figures = {
  clinic_id: id,
  clinic_code: z.string(),
  from: local_date,
  to: local_date.describe('Included'),
  entry_count: z.number().int(),
  total_amount: amount.describe('Payments less refunds'),
  platform_fee: amount,
  tax_amount: amount,
  clinic_amount: amount.describe('What the clinic gets; negative when more went back'),
  currency,
};

const Settlement = z
  .object({ settlement_id: id, ...settled_figures, created_at: instant })
  .meta({ id: 'Settlement' });

const SettlementDetail = Settlement.extend({
  items: z
    .array(
      z.object({
        entry_id: id,
        type: z.string(),
        reference_code,
        payment_id: id,
        payment_method: z.string(),
        total_amount: amount,
        platform_fee: amount,
        tax_amount: amount,
        clinic_amount: amount,
        currency,
        created_at: instant,
      }),
    )
    .readonly(),
  next_cursor: z.string().nullable(),
}).meta({ id: 'SettlementDetail' });

export const desk_money_shapes = {
  pay_booking: {
    params: z.object({ booking_id: either }),
    query: nothing,
    body: z.object({
      payment_method: z.enum(['cash', 'card_terminal', 'transfer']),
      amount: positive_amount.optional().describe('Default: all that is left'),
      expected_version: z.number().int().optional().describe('Needed for a part'),
    }),
    output: Paid,
  },
  get_receipt: {
    params: z.object({ payment_id: either.describe('A reference names its last payment') }),
    query: z.object({
      width: z.enum(['42', '80']).default('42').describe('Columns of the text'),
      format: z.enum(receipt_formats).optional().describe('Default: what Accept asks for'),
      paper: z.enum(paper_formats).optional().describe('Of the PDF; default a4'),
      lang: lang.optional().describe("Default: the owner's"),
    }),
    body: nothing,
    output: Receipt,
  },
  get_cash_up: {
    params: z.object({ clinic_id: id }),
    query: z.object({ date: local_date.optional().describe('Default: today at the clinic') }),
    body: nothing,
    output: CashUp,
  },
  count_cash: {
    params: z.object({ clinic_id: id }),
    query: nothing,
    body: z.object({
      date: local_date.optional().describe('Default: today at the clinic'),
      counted: amount,
      note: line(500).optional(),
    }),
    output: CashUp,
  },
  create_settlement: {
    params: nothing,
    query: nothing,
    body: z.object({
      clinic_id: id,
      from: local_date,
      to: local_date.describe('Included; must be over at the clinic'),
      dry_run: z.boolean().default(false),
    }),
    output: z.object({
      settlement_id: id.nullable().describe('Null after a dry run'),
      dry_run: z.boolean(),
      ...settled_figures,
    }),
  },
  list_settlements: {
    params: nothing,
    query: z.object({ clinic_id: id.optional(), cursor, limit }),
    body: nothing,
    output: page(Settlement),
  },
  get_settlement: {
    params: z.object({ settlement_id: id }),
    query: z.object({ cursor, limit }),
    body: nothing,
    output: SettlementDetail,
  },
} as const;
