import type { Money } from './money.ts';

/** The doors to the outside world. PostgreSQL is not one of them: tests use the real thing. */

/** Seats of one slot, held under one token. */
export type LockRequest = {
  readonly slot_id: string;
  /** `owner.random`: the part before the dot tells a caller who meets their own lock from a rival. */
  readonly lock_id: string;
  readonly quantity: number;
  readonly capacity: number;
  readonly ttl_ms: number;
};

export type LockResult =
  /** Our locks stand; `seats` were free in the doorman's eyes. */
  | { readonly outcome: 'acquired'; readonly seats: readonly number[] }
  /** Someone else's lock stands for `retry_after_ms` more. */
  | {
      readonly outcome: 'locked';
      readonly retry_after_ms: number;
      /** The owner part of the lock that stands, where one look told it. */
      readonly holder?: string;
      /** When that look was sent, on the clock of `performance.now()`. */
      readonly asked_at_ms?: number;
    }
  /**
   * Ask PostgreSQL: no doorman (not configured, down, or the breaker is open), the lock is overdue, the lock is
   * the caller's own (a repeated request), or too many seats to look through.
   */
  | {
      readonly outcome: 'bypass';
      readonly reason: 'absent' | 'down' | 'overdue' | 'own' | 'unsure';
      /** Seats that were asked for without an answer: the caller's own lock may stand there. */
      readonly doubtful?: readonly number[];
    };

/** What stands under one lock key, for those who look after locks. */
export type LockEntry = {
  readonly key: string;
  /** The lock_id; null when it is no text, or too long to be one of ours. */
  readonly value: string | null;
  /** Fingerprint of the content: tells a changed lock without telling the lock_id. */
  readonly token: string;
  /** Life that is left; null = without end. */
  readonly ttl_ms: number | null;
};

/** The doorman (design: Redis in front, PostgreSQL judges). No method throws: failure is `bypass` or false. */
export type LockStore = {
  readonly acquire: (request: LockRequest) => Promise<LockResult>;
  /** Makes the locks say what PostgreSQL decided, whoever held them before. */
  readonly assign: (
    slot_id: string,
    seats: readonly number[],
    lock_id: string,
    ttl_ms: number,
  ) => Promise<void>;
  /** Compare-and-extend; false when the token no longer holds all the seats. */
  readonly extend: (
    slot_id: string,
    seats: readonly number[],
    lock_id: string,
    ttl_ms: number,
  ) => Promise<boolean>;
  /** Compare-and-delete; false when nothing of ours was there. */
  readonly release: (
    slot_id: string,
    seats: readonly number[],
    lock_id: string,
  ) => Promise<boolean>;
  /**
   * Every key under our prefix, in no order; `complete` is false when there were too many to look at. Null when
   * there is no doorman to ask.
   */
  readonly list: () => Promise<{
    readonly entries: readonly LockEntry[];
    readonly complete: boolean;
  } | null>;
  /** One key; null when there is no doorman to ask. */
  readonly inspect: (key: string) => Promise<LockEntry | 'none' | null>;
  /**
   * Deletes one key whatever is in it, if its content still has this fingerprint and it has more than `above_ms`
   * of life, or no end. For operators: whoever asks has made sure that nobody needs the lock.
   */
  readonly forceRelease: (
    key: string,
    token: string,
    above_ms: number,
  ) => Promise<'released' | 'changed' | 'none' | 'down'>;
  readonly health: () => Promise<{
    readonly state: 'up' | 'down' | 'absent';
    readonly breaker: 'closed' | 'open' | 'half_open';
    readonly latency_ms: number | null;
    /** Changes whenever locks may have been lost or missed (restart, flush, outage): time to rebuild. */
    readonly epoch: string | null;
  }>;
  readonly close: () => Promise<void>;
};

export type CheckoutRequest = {
  /** Also the provider's idempotency key: one attempt, one session. */
  readonly payment_id: string;
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly amount: Money;
  readonly description: string;
  readonly customer_email: string | null;
  /** The owner as the provider knows them: their method is saved for the next time. */
  readonly save_for: string | null;
  /** Only authorise: the money is fetched when the clinic says yes (capabilities 7.15). */
  readonly authorise_only: boolean;
  readonly lang: 'en' | 'ja' | 'id';
  readonly success_url: string;
  readonly cancel_url: string;
};

export type Checkout = {
  readonly session_id: string;
  readonly payment_url: string;
  /** RFC 3339. The provider wants 30 min to 24 h ahead, longer than our hold. */
  readonly expires_at: string;
};

/** A card that an owner saved at the provider; we know no more of it than this. */
export type SavedMethod = {
  readonly payment_method_id: string;
  readonly brand: string;
  readonly last4: string;
  readonly exp_month: number;
  readonly exp_year: number;
};

export type ChargeRequest = {
  /** Also the provider's idempotency key: one attempt, one charge. */
  readonly payment_id: string;
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly amount: Money;
  readonly description: string;
  readonly customer_id: string;
  readonly payment_method_id: string;
  readonly authorise_only: boolean;
  /** Where the bank's page sends the owner afterwards. */
  readonly return_url: string;
};

/** How far a charge without a page is. */
export type ChargeResult =
  | { readonly outcome: 'paid' | 'authorised' | 'voided'; readonly event: PaymentEvent }
  | {
      readonly outcome: 'declined';
      readonly event: PaymentEvent;
      readonly decline_code: string | null;
    }
  /** The bank wants to see the owner, on this page. */
  | {
      readonly outcome: 'requires_action';
      readonly payment_intent: string;
      readonly payment_url: string;
    }
  | { readonly outcome: 'processing'; readonly payment_intent: string };

/** What closing a payment page (or a charge that waits for the owner's bank) came to. */
export type Closed =
  | { readonly outcome: 'expired' }
  /** The money came first, or was authorised first. */
  | { readonly outcome: 'paid' | 'authorised'; readonly event: PaymentEvent }
  /** The customer has committed and the bank decides later: no closing it; money may still come. */
  | { readonly outcome: 'processing' }
  | { readonly outcome: 'unknown_session' };

/** How far the provider is with a refund, ours or one that was made in its dashboard. */
export type RefundNews = {
  readonly external_reference: string;
  /** Ours, from the metadata; null for a refund that we did not ask for. */
  readonly refund_id: string | null;
  readonly status: 'completed' | 'processing' | 'failed';
  /** Why it failed, as the provider says it. */
  readonly error: string | null;
};

export type DisputeNews = {
  readonly external_reference: string;
  readonly status: 'open' | 'won' | 'lost';
  readonly reason: string | null;
};

/** What a provider's webhook or look-up says, in our words. */
export type PaymentEvent = {
  readonly event_id: string;
  readonly event_type: string;
  readonly result:
    | 'success'
    | 'failed'
    | 'expired'
    | 'authorised'
    | 'voided'
    | 'refunded'
    | 'disputed'
    | 'ignored';
  /** Beside `refunded` and `disputed`: of which refund or dispute this tells. */
  readonly refund?: RefundNews;
  readonly dispute?: DisputeNews;
  readonly session_id: string | null;
  readonly payment_intent: string | null;
  /** The amount that moved; null where the event carries none. */
  readonly amount: Money | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly occurred_at: string;
  /** The provider's own object, card data never among it; kept in the inbox. */
  readonly payload: unknown;
};

export type RefundRequest = {
  /** Also the provider's idempotency key. */
  readonly refund_id: string;
  readonly payment_intent: string;
  readonly amount: Money;
  readonly reason: string;
  /** Tries of this refund that the provider has ended as failed: each has a key of its own. */
  readonly tries_failed?: number;
  /** An earlier call may have got through: look for its refund before making one. */
  readonly may_exist?: boolean;
};

/** Money in and out. Methods throw AppError `payment_failed` (final) or `unavailable` (try again). */
export type PaymentGateway = {
  readonly createCheckout: (request: CheckoutRequest) => Promise<Checkout>;
  /** Closes a session so that it cannot be paid any more. */
  readonly expireCheckout: (session_id: string) => Promise<Closed>;
  /** Asks without changing anything: for payments whose webhook never came. */
  readonly retrieveCheckout: (session_id: string) => Promise<Closed | { readonly outcome: 'open' }>;
  /** The provider's name for an owner, made at the first call. */
  readonly createCustomer: (owner: {
    readonly user_id: string;
    readonly email: string | null;
  }) => Promise<string>;
  readonly listMethods: (customer_id: string) => Promise<readonly SavedMethod[]>;
  readonly detachMethod: (payment_method_id: string) => Promise<void>;
  /** `unavailable` here means: unknown whether it was charged; the same request charges once. */
  readonly chargeSaved: (request: ChargeRequest) => Promise<ChargeResult>;
  /** What became of a charge whose answer was lost; null when the provider never heard of it. */
  readonly findCharge: (charge: {
    readonly payment_id: string;
    readonly customer_id: string;
  }) => Promise<ChargeResult | null>;
  readonly lookAtCharge: (payment_intent: string) => Promise<ChargeResult | null>;
  /** Fetches authorised money. */
  readonly capture: (payment_intent: string, payment_id: string) => Promise<ChargeResult>;
  /** Lets authorised money go. */
  readonly voidCharge: (payment_intent: string) => Promise<ChargeResult>;
  readonly refund: (request: RefundRequest) => Promise<{
    readonly external_reference: string;
    readonly status: 'completed' | 'processing';
  }>;
  /** How far a refund is; null when the provider does not know it. */
  readonly retrieveRefund: (external_reference: string) => Promise<RefundNews | null>;
  /** Checks the signature over the raw bytes; throws `invalid_input` when it does not hold. */
  readonly verifyWebhook: (
    raw_body: Buffer,
    signature: string | undefined,
  ) => Promise<PaymentEvent>;
  readonly health: () => Promise<{ readonly ok: boolean; readonly detail: string }>;
};

export type Attachment = {
  readonly file_name: string;
  /** Media type. */
  readonly type: string;
  readonly content: Uint8Array;
};

export type EmailMessage = {
  /** Also the Message-ID's left part, so that a resend can be told from a new mail. */
  readonly message_id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** An iCalendar document, or null. */
  readonly calendar: string | null;
  readonly attachments?: readonly Attachment[];
  /** What the mails of one conversation share: the booking's reference. */
  readonly thread?: string | null;
  /** Where one click stops such mails (RFC 8058); null for what people must know. */
  readonly unsubscribe_url?: string | null;
};

export type SmsMessage = {
  readonly message_id: string;
  /** E.164. */
  readonly to: string;
  readonly text: string;
};

/** A browser (RFC 8030) or a phone (FCM) that an owner said yes on. */
export type PushDevice = {
  readonly device_id: string;
  readonly kind: 'webpush' | 'fcm';
  readonly endpoint: string;
  /** base64url; null for FCM. */
  readonly p256dh: string | null;
  readonly auth: string | null;
};

export type PushMessage = {
  /** A second message with the same id takes the place of the first on the device. */
  readonly message_id: string;
  readonly device: PushDevice;
  readonly title: string;
  readonly body: string;
  /** What the app opens: the booking's reference. */
  readonly reference_code: string | null;
  readonly is_urgent: boolean;
};

/**
 * `sent` is handed over; `retry` may work later for this message; `defer` says that the provider
 * fails for all messages alike; `dead` never will. `code` groups the causes.
 */
export type SendResult =
  | { readonly outcome: 'sent'; readonly provider_id?: string | null }
  | {
      readonly outcome: 'retry' | 'defer';
      readonly code: string;
      readonly error: string;
      readonly retry_after_ms?: number;
    }
  | {
      readonly outcome: 'dead';
      readonly code: string;
      readonly error: string;
      /** Nothing will ever arrive at this address. */
      readonly is_bad_address?: boolean;
    };

export const channels = ['email', 'sms', 'push'] as const;
export type Channel = (typeof channels)[number];

/** One way out of the house, with its own limits and its own circuit. */
export type Provider = 'smtp' | 'sms' | 'webpush' | 'fcm';

export type ProviderState = {
  readonly provider: Provider;
  readonly channel: Channel;
  readonly is_configured: boolean;
  readonly circuit: 'closed' | 'open' | 'half_open';
};

/** Mail, SMS and push. No method throws. */
export type Messenger = {
  readonly sendEmail: (message: EmailMessage) => Promise<SendResult>;
  readonly sendSms: (message: SmsMessage) => Promise<SendResult>;
  readonly sendPush: (message: PushMessage) => Promise<SendResult>;
  /** How many more messages the circuits of a channel let through now. */
  readonly room: (channel: Channel) => number;
  /** How often a circuit of the channel closed again. */
  readonly recoveries: (channel: Channel) => number;
  readonly providers: () => readonly ProviderState[];
  /** What browsers ask for before they subscribe; null without a key. */
  readonly push_key: string | null;
  readonly health: () => Promise<{ readonly ok: boolean; readonly detail: string }>;
  readonly close: () => Promise<void>;
};
