import type { BookingStatus, DeskMove, PaymentState } from '../domain/booking.ts';
import type { Output } from '../domain/shapes.ts';
import type { Booking, Field, Lang, Slot } from './model.ts';

/** The life of a booking after it was made: moved, paid, undone, looked at. */

export type MoveQuote = Output<'reschedule_booking'>;
export type Paid = Output<'pay_booking'>;
export type Receipt = Output<'get_receipt'>;
export type Trace = Output<'trace_booking'>;
export type Hold = Output<'get_reservation'>;

/** A booking or a hold as it was painted: whoever acts on it later sends this version. */
export type Target = {
  readonly kind: 'booking' | 'hold';
  /** Booking id; of a hold, the id of its reservation. */
  readonly id: string;
  readonly reference_code: string;
  readonly name: string;
  readonly version: number;
  readonly service_id: string;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly date: string;
  readonly time: string;
  readonly amount: string;
  readonly currency: string;
  readonly status: BookingStatus | null;
  readonly arrived_at: string | null;
  readonly payment_state: PaymentState | null;
};

/** The last change of this console that can be taken back. */
export type Undo = {
  readonly booking_id: string;
  readonly version: number;
  readonly name: string;
  /** Our clock: until then refund and message wait. */
  readonly until_ms: number;
};

export type By = 'owner' | 'clinic';

export type MoveBox = {
  readonly screen: 'move';
  readonly target: Target;
  readonly by: By;
  readonly date: string;
  /** Only times of the vet that the booking has now. */
  readonly same_vet: boolean;
  readonly slots: readonly Slot[];
  /** What `slots` answers, and what is asked for. */
  readonly slots_key: string | null;
  readonly slots_asked: string | null;
  readonly index: number;
  readonly focus: 'slots' | 'when';
  readonly when: Field;
  readonly quote: MoveQuote | null;
  readonly quote_due_ms: number | null;
  readonly quote_asked: string | null;
  /** Why the server would refuse the marked time, or refused it. */
  readonly problem: string | null;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};

export const desk_methods = ['cash', 'card_terminal', 'transfer'] as const;
export type DeskMethod = (typeof desk_methods)[number];

/** What a booking or a hold costs and what of it has been paid. */
export type Due = {
  readonly price: string;
  readonly paid: string;
  readonly rest: string;
  readonly currency: string;
  readonly version: number;
};

export type PayBox = {
  readonly screen: 'pay';
  readonly target: Target;
  readonly due: Due | null;
  readonly method: DeskMethod;
  /** Empty = all that is left. */
  readonly amount: Field;
  readonly is_busy: boolean;
  readonly guard_until_ms: number;
};

export type ReceiptBox = {
  readonly screen: 'receipt';
  readonly reference_code: string;
  readonly receipt: Receipt | null;
  readonly top: number;
};
export type TraceBox = {
  readonly screen: 'trace';
  readonly reference_code: string;
  readonly trace: Trace | null;
  readonly top: number;
};
/** Nothing was done: this is what was on screen, and what it is now. */
export type ChangedBox = {
  readonly screen: 'changed';
  readonly saw: Target;
  readonly booking: Booking;
  readonly guard_until_ms: number;
};
export type LinkBox = {
  readonly screen: 'link';
  readonly name: string;
  readonly hold: Hold | null;
};
export type LifeOverlay = MoveBox | PayBox | ReceiptBox | TraceBox | ChangedBox | LinkBox;

export type LifeResult =
  | {
      readonly type: 'move_quoted';
      readonly asked: string;
      readonly quote: MoveQuote;
    }
  | { readonly type: 'rescheduled'; readonly target: Target; readonly result: MoveQuote }
  | { readonly type: 'due_loaded'; readonly target: Target; readonly due: Due }
  | {
      readonly type: 'paid';
      readonly target: Target;
      readonly method: DeskMethod;
      /** Null: a hold was confirmed as paid in full. */
      readonly paid: Paid | null;
    }
  | {
      readonly type: 'undone';
      readonly undo: Undo;
      readonly booking: Output<'undo_booking'>;
    }
  | { readonly type: 'receipt_loaded'; readonly receipt: Receipt }
  | { readonly type: 'printed' }
  | { readonly type: 'traced'; readonly trace: Trace }
  | { readonly type: 'hold_loaded'; readonly hold: Hold }
  | { readonly type: 'changed_loaded'; readonly saw: Target; readonly booking: Booking };

export type LifeEffect =
  | {
      readonly type: 'quote_move';
      readonly asked: string;
      readonly booking_id: string;
      readonly slot_id: string;
      readonly by: By;
    }
  | {
      readonly type: 'reschedule';
      readonly target: Target;
      readonly slot_id: string;
      readonly by: By;
      readonly key: string;
    }
  | { readonly type: 'load_due'; readonly target: Target }
  | {
      readonly type: 'pay';
      readonly target: Target;
      readonly method: DeskMethod;
      /** Null = all that is left. */
      readonly amount: string | null;
      readonly expected_version: number;
      readonly key: string;
    }
  | { readonly type: 'undo'; readonly undo: Undo; readonly key: string }
  | { readonly type: 'load_receipt'; readonly reference_code: string }
  | {
      readonly type: 'print';
      readonly title: string;
      readonly text: string;
      /** Of the paper: its owner's, not this screen's. */
      readonly lang: Lang;
    }
  | { readonly type: 'load_trace'; readonly reference_code: string }
  | { readonly type: 'load_hold'; readonly reservation_id: string }
  /** Looks what has become of a booking that was not what had been painted. */
  | { readonly type: 'load_changed'; readonly saw: Target };

/** A move that the desk can make, as the key table names it. */
export const move_keys: Readonly<Record<DeskMove | 'cancelled', string>> = {
  arrived: 'a',
  'in-progress': 'i',
  completed: 'c',
  'no-show': 'n',
  cancelled: 'x',
};
