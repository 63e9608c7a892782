import type { Output } from '../domain/shapes.ts';
import type { Field } from './model.ts';
import type { DeskMethod } from './model-life.ts';

/** The money part of the model: takings, what is unpaid, what goes back, and what waits for a person. */

export type CashUp = Output<'get_cash_up'>;
export type InboxItem = Output<'list_inbox'>['items'][number];
export type Refund = Output<'list_refunds'>['items'][number];
export type Payment = Output<'list_payments'>['items'][number];
export type Entry = Output<'list_entries'>['items'][number];
export type DueBooking = Output<'list_bookings'>['items'][number];
export type Approval = Output<'list_approvals'>['items'][number];
export type Settlement = Output<'list_settlements'>['items'][number];

/** The lists of the screen, in the order of their urgency. */
export const money_sections = [
  'inbox',
  'approvals',
  'due',
  'refunds',
  'payments',
  'settlements',
] as const;
export type MoneySection = (typeof money_sections)[number];

export type MoneyPage = {
  readonly cash_up: CashUp;
  readonly inbox: readonly InboxItem[];
  /** Requests that wait for the yes of the clinic. */
  readonly approvals: readonly Approval[];
  readonly due: readonly DueBooking[];
  readonly refunds: readonly Refund[];
  readonly payments: readonly Payment[];
  /** Null for roles that may not see them. */
  readonly settlements: readonly Settlement[] | null;
};

export type MoneyRow =
  | { readonly id: string; readonly section: 'inbox'; readonly item: InboxItem }
  | { readonly id: string; readonly section: 'approvals'; readonly item: Approval }
  | { readonly id: string; readonly section: 'due'; readonly item: DueBooking }
  | { readonly id: string; readonly section: 'refunds'; readonly item: Refund }
  | { readonly id: string; readonly section: 'payments'; readonly item: Payment }
  | { readonly id: string; readonly section: 'settlements'; readonly item: Settlement };

export type MoneyState = {
  readonly page: MoneyPage | null;
  /** When the page was received, by our clock. */
  readonly at_ms: number | null;
  readonly section: MoneySection;
  readonly cursor_id: string | null;
  readonly top: number;
  /** Null: whatever today is at the clinic. */
  readonly date: string | null;
  readonly seq: number;
  readonly wanted: boolean;
  readonly in_flight: boolean;
  readonly not_before_ms: number;
  readonly problem: string | null;
};

export type PaymentBox = {
  readonly screen: 'payment';
  readonly reference_code: string;
  readonly payment: PaymentDetail | null;
  readonly top: number;
};

/** One booking's money in full: what was tried, what arrived, what went back, what the ledger says. */
export type PaymentDetail = {
  readonly reference_code: string;
  readonly payments: readonly Payment[];
  readonly attempts: Output<'get_booking'>['payment_attempts'];
  readonly refunds: readonly Refund[];
  /** Null for roles that may not see the ledger. */
  readonly entries: readonly Entry[] | null;
};

export const deed_kinds = [
  'accept',
  'reject',
  'approve',
  'deny',
  'retry',
  'handed',
  'settle',
  'refund',
  'count',
] as const;
export type DeedKind = (typeof deed_kinds)[number];
export type DeedFocus = 'keep' | 'method' | 'amount' | 'reason' | 'typed';

export type DeedBox = {
  readonly screen: 'deed';
  readonly kind: DeedKind;
  /** The refund, the inbox item or the booking that it is about; of a count, the date. */
  readonly id: string;
  readonly reference_code: string;
  readonly amount_text: string;
  readonly currency: string;
  readonly detail: string;
  /** What has to be typed; null where the deed is not severe. */
  readonly word: string | null;
  readonly method: DeskMethod;
  readonly amount: Field;
  readonly reason: Field;
  readonly typed: Field;
  readonly focus: DeedFocus;
  readonly problem: string | null;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};
export type MoneyOverlay = PaymentBox | DeedBox;

export type MoneyResult =
  | {
      readonly type: 'money';
      readonly seq: number;
      readonly page: MoneyPage;
      readonly took_ms: number;
    }
  | { readonly type: 'payment_loaded'; readonly payment: PaymentDetail }
  | { readonly type: 'deed_done'; readonly kind: DeedKind; readonly reference_code: string }
  | { readonly type: 'counted'; readonly cash_up: CashUp };

export type MoneyEffect =
  | {
      readonly type: 'load_money';
      readonly seq: number;
      readonly date: string | null;
      /** Today at the clinic, for what is unpaid. */
      readonly until: string;
      readonly with_settlements: boolean;
    }
  | {
      readonly type: 'load_payment';
      readonly reference_code: string;
      readonly with_entries: boolean;
    }
  | {
      readonly type: 'do_deed';
      readonly kind: DeedKind;
      readonly id: string;
      readonly reference_code: string;
      readonly method: DeskMethod;
      /** Null: all of it. */
      readonly amount: string | null;
      readonly reason: string | null;
      readonly key: string;
    };

/** Nothing seen yet. */
export const no_money: MoneyState = {
  page: null,
  at_ms: null,
  section: 'inbox',
  cursor_id: null,
  top: 0,
  date: null,
  seq: 0,
  wanted: false,
  in_flight: false,
  not_before_ms: 0,
  problem: null,
};
