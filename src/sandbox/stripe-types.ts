// The objects that the sandbox keeps, spelled as Stripe spells them on the wire (API
// 2026-10-28.endive).

/** The API version whose shapes the sandbox speaks; any other version is refused. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

type Metadata = Record<string, string>;

type SessionStatus = 'open' | 'complete' | 'expired';
type SessionPaymentStatus = 'paid' | 'unpaid' | 'no_payment_required';

export type CheckoutSession = {
  id: string;
  object: 'checkout.session';
  amount_subtotal: number;
  amount_total: number;
  automatic_tax: { enabled: boolean; liability: null; provider: null; status: null };
  cancel_url: string | null;
  client_reference_id: string | null;
  client_secret: null;
  created: number;
  currency: string;
  custom_fields: [];
  custom_text: Record<string, null>;
  customer: string | null;
  customer_creation: 'always' | 'if_required' | null;
  customer_details: { email: string | null; name: string | null; phone: null } | null;
  customer_email: string | null;
  expires_at: number;
  invoice: null;
  livemode: false;
  locale: string | null;
  metadata: Metadata;
  mode: 'payment';
  payment_intent: string | null;
  payment_link: null;
  payment_method_collection: 'if_required';
  payment_method_options: Record<string, never>;
  payment_method_types: string[];
  payment_status: SessionPaymentStatus;
  recovered_from: null;
  setup_intent: null;
  shipping_options: [];
  status: SessionStatus;
  submit_type: string | null;
  subscription: null;
  success_url: string | null;
  total_details: { amount_discount: number; amount_shipping: number; amount_tax: number };
  ui_mode: 'hosted_page';
  url: string | null;
};

export type LineItem = {
  id: string;
  object: 'item';
  amount_discount: number;
  amount_subtotal: number;
  amount_tax: number;
  amount_total: number;
  currency: string;
  description: string;
  metadata: Metadata;
  price: {
    id: string;
    object: 'price';
    active: boolean;
    currency: string;
    product: string;
    type: 'one_time';
    unit_amount: number;
    unit_amount_decimal: string;
  };
  quantity: number;
};

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'canceled'
  | 'succeeded';

export type CardError = {
  type: 'card_error';
  code: string;
  decline_code?: string;
  message: string;
  charge?: string;
  doc_url: string;
};

export type PaymentIntent = {
  id: string;
  object: 'payment_intent';
  amount: number;
  amount_capturable: number;
  amount_received: number;
  automatic_payment_methods: { enabled: boolean } | null;
  canceled_at: number | null;
  cancellation_reason: string | null;
  capture_method: 'automatic' | 'automatic_async' | 'manual';
  client_secret: string;
  confirmation_method: 'automatic';
  created: number;
  currency: string;
  customer: string | null;
  description: string | null;
  last_payment_error: CardError | null;
  latest_charge: string | null;
  livemode: false;
  metadata: Metadata;
  next_action: {
    type: 'redirect_to_url';
    redirect_to_url: { url: string; return_url: string | null };
  } | null;
  payment_method: string | null;
  payment_method_types: string[];
  processing: { type: 'card' } | null;
  receipt_email: string | null;
  setup_future_usage: 'on_session' | 'off_session' | null;
  statement_descriptor: string | null;
  status: IntentStatus;
};

export type Charge = {
  id: string;
  object: 'charge';
  amount: number;
  amount_captured: number;
  amount_refunded: number;
  balance_transaction: string | null;
  billing_details: { email: string | null; name: string | null; phone: null };
  captured: boolean;
  created: number;
  currency: string;
  customer: string | null;
  description: string | null;
  disputed: boolean;
  failure_code: string | null;
  failure_message: string | null;
  livemode: false;
  metadata: Metadata;
  outcome: { network_status: string; risk_level: string; type: string };
  paid: boolean;
  payment_intent: string;
  payment_method: string | null;
  payment_method_details: { type: 'card'; card: { brand: string; last4: string } } | null;
  receipt_url: string | null;
  refunded: boolean;
  status: 'succeeded' | 'failed' | 'pending';
};

type RefundStatus = 'pending' | 'succeeded' | 'failed' | 'canceled' | 'requires_action';

export type Refund = {
  id: string;
  object: 'refund';
  amount: number;
  balance_transaction: string | null;
  charge: string;
  created: number;
  currency: string;
  destination_details: { type: 'card'; card: { reference_status: string; type: 'refund' } };
  failure_reason?: string;
  metadata: Metadata;
  payment_intent: string;
  reason: string | null;
  receipt_number: null;
  source_transfer_reversal: null;
  status: RefundStatus;
  transfer_reversal: null;
};

export type Customer = {
  id: string;
  object: 'customer';
  balance: number;
  created: number;
  currency: null;
  default_source: null;
  delinquent: boolean;
  description: string | null;
  email: string | null;
  invoice_settings: { default_payment_method: string | null };
  livemode: false;
  metadata: Metadata;
  name: string | null;
  phone: string | null;
};

export type PaymentMethod = {
  id: string;
  object: 'payment_method';
  billing_details: { email: string | null; name: string | null; phone: null };
  card: {
    brand: string;
    country: string;
    exp_month: number;
    exp_year: number;
    fingerprint: string;
    funding: 'credit';
    last4: string;
  };
  created: number;
  customer: string | null;
  livemode: false;
  metadata: Metadata;
  type: 'card';
};

export type Dispute = {
  id: string;
  object: 'dispute';
  amount: number;
  charge: string;
  created: number;
  currency: string;
  is_charge_refundable: boolean;
  livemode: false;
  metadata: Metadata;
  payment_intent: string;
  reason: string;
  status: 'needs_response' | 'won' | 'lost';
};

export type StripeObject =
  | CheckoutSession
  | PaymentIntent
  | Charge
  | Refund
  | Customer
  | PaymentMethod
  | Dispute;

export type StripeEvent = {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: StripeObject };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
};

/** What Checkout remembers for the payment intent that it makes only when the customer pays. */
export type SessionIntentData = {
  capture_method: PaymentIntent['capture_method'];
  description: string | null;
  metadata: Metadata;
  setup_future_usage: PaymentIntent['setup_future_usage'];
};

export type SessionExtra = { line_items: LineItem[]; intent: SessionIntentData };

type DeliveryStatus = 'scheduled' | 'delivered' | 'failed' | 'given_up' | 'lost';

/** One attempt (or the wish for one) to hand an event to the receiver. */
export type Delivery = {
  id: string;
  event_id: string;
  event_type: string;
  attempt: number;
  status: DeliveryStatus;
  response_status: number | null;
  error: string | null;
  due_at_ms: number;
  finished_at_ms: number | null;
};

/**
 * Work that waits for its time; data, not closures, so that a restarted sandbox takes it up again.
 */
export type Job =
  | { id: string; kind: 'deliver'; due_at_ms: number; delivery_ids: string[] }
  | {
      id: string;
      kind: 'settle';
      due_at_ms: number;
      session_id: string;
      result: 'success' | 'decline';
    }
  | { id: string; kind: 'expire'; due_at_ms: number; session_id: string };

export type JobKind = Job['kind'];
