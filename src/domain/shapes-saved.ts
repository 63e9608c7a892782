import { z } from 'zod';
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

/** What the endpoints of saved methods and of approvals take and give. */

const nothing = z.object({});
const hold_ref = z.union([id, reference_code], {
  error: 'Give an id, or a reference code such as BP10000127',
});
const payment_method_id = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,255}$/, 'A payment method as the list gives it: pm_..');

const PaymentMethod = z
  .object({
    payment_method_id,
    brand: z.string(),
    last4: z.string(),
    exp_month: z.number().int(),
    exp_year: z.number().int(),
  })
  .meta({ id: 'PaymentMethod' });

const SavedPayment = z
  .object({
    payment_id: id,
    reservation_id: id,
    reference_code,
    status: z
      .enum(['success', 'requires_action', 'processing', 'awaiting_approval'])
      .describe("requires_action = the owner's bank asks on payment_url; the hold stays till then"),
    booking_id: id.nullable(),
    payment_url: z.string().nullable(),
    amount,
    currency,
    expires_at: instant.describe('When the hold ends'),
  })
  .meta({ id: 'SavedPayment' });

const Approval = z
  .object({
    reservation_id: id,
    reference_code,
    clinic_id: id,
    status: z.enum(['pending', 'confirmed', 'cancelled', 'expired']),
    approval: z.enum(['awaiting', 'approved', 'rejected']),
    owner_name: z.string(),
    pet_name: z.string(),
    service_name: z.string(),
    staff_name: z.string().nullable(),
    starts_at: instant,
    quantity: z.number().int(),
    amount: amount.describe('What the card is authorised for; 0 = nothing is to be paid'),
    currency,
    asked_at: instant,
    expires_at: instant.describe('Without an answer it is rejected then'),
    authorisation: z
      .enum(['open', 'capturing', 'captured', 'voiding', 'voided'])
      .nullable()
      .describe('Null: nothing is to be paid'),
    booking_id: id.nullable(),
    error: z.string().nullable().describe('Why the provider did not do as asked, last time'),
  })
  .meta({ id: 'Approval' });

const PaymentSession = z
  .object({
    reservation_id: id,
    reference_code,
    payment_id: id.nullable(),
    session_id: z.string().nullable().describe("The provider's name of the page"),
    payment_url: z.string().nullable().describe('Null when nothing is to be paid online'),
    booking_id: id.nullable(),
    amount: amount.describe('What the page asks for: the deposit, or all'),
    currency,
    expires_at: instant.describe('When the hold ends'),
  })
  .meta({ id: 'PaymentSession' });

export const saved_shapes = {
  create_payment: {
    params: nothing,
    query: nothing,
    body: z.object({ reservation_id: hold_ref, payment_method_id }),
    output: SavedPayment,
  },
  create_payment_session: {
    params: nothing,
    query: nothing,
    body: z.object({
      reservation_id: hold_ref,
      amount: z
        .union([amount, z.number().nonnegative().transform(String)])
        .optional()
        .describe('What the caller expects to be asked for; another amount is a conflict'),
      currency: currency.optional(),
      save_payment_method: z.boolean().optional(),
    }),
    output: PaymentSession,
  },
  list_payment_methods: {
    params: z.object({ user_id: id }),
    query: nothing,
    body: nothing,
    output: page(PaymentMethod),
  },
  remove_payment_method: {
    params: z.object({ user_id: id, payment_method_id }),
    query: nothing,
    body: nothing,
    output: z.object({ success: z.literal(true) }),
  },
  list_approvals: {
    params: nothing,
    query: z.object({ clinic_id: id.optional(), cursor, limit }),
    body: nothing,
    output: page(Approval),
  },
  decide_approval: {
    params: z.object({ reservation_id: hold_ref }),
    query: nothing,
    body: z.object({
      decision: z.enum(['approved', 'rejected']),
      reason: line(500).optional().describe('Why not; the owner reads it'),
    }),
    output: Approval,
  },
} as const;
