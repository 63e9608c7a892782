import type { DeskMove } from '../domain/booking.ts';
import type { Output } from '../domain/shapes.ts';
import type { Field } from './model.ts';

/** Many rows at once, the journal of what can be taken back, and who sits at the desk. */

/** What can be done to many rows. Cancels and moves cost money, so they go one by one. */
export const bulk_verbs = ['arrived', 'completed', 'no-show', 'message'] as const;
export type BulkVerb = (typeof bulk_verbs)[number];

export type BulkItem = {
  readonly row_id: string;
  readonly number: number | null;
  /** Null for rows that are no booking; those are kept. */
  readonly booking_id: string | null;
  readonly reference_code: string;
  readonly name: string;
  readonly time: string;
  /** As it was painted when the dialog opened; when it has moved since, the row is left alone. */
  readonly version: number;
  readonly outcome: 'planned' | 'done' | 'failed' | 'kept';
  /** Why it was kept or failed. */
  readonly why: string | null;
};

export type BulkBox = {
  readonly screen: 'bulk';
  readonly verb: BulkVerb;
  /** Frozen: rows that are marked later are not in it. */
  readonly items: readonly BulkItem[];
  readonly phase: 'asked' | 'running' | 'stopping' | 'over';
  readonly typed: Field;
  readonly top: number;
  readonly guard_until_ms: number;
};

export type JournalItem = Output<'list_undoable'>['items'][number];
export type JournalBox = {
  readonly screen: 'journal';
  /** Null while it is asked for. */
  readonly items: readonly JournalItem[] | null;
  readonly index: number;
  readonly guard_until_ms: number;
};

/** Somebody else sits down: a name that the command line knows, or a token. */
export type SwitchBox = {
  readonly screen: 'switch';
  readonly names: readonly string[];
  readonly index: number;
  /** Painted as dots only. */
  readonly token: Field;
  readonly is_busy: boolean;
  readonly problem: string | null;
};

/** What was taken back last, so that one key does it again. */
export type Redo = {
  readonly booking_id: string;
  readonly name: string;
  readonly what: 'cancelled' | 'no-show' | 'arrived';
  readonly version: number;
};

/** Two entries of the log of the booking that is open, counted from the newest. */
export type DiffBox = { readonly screen: 'diff'; readonly after: number; readonly before: number };

export type DeskOverlay = BulkBox | JournalBox | SwitchBox | DiffBox;

export type DeskResult =
  | {
      readonly type: 'bulk_stepped';
      readonly booking_id: string;
      /** Null for a message: it changes nothing of the booking. */
      readonly booking: Output<'set_booking_status'> | null;
    }
  | { readonly type: 'journal_loaded'; readonly items: readonly JournalItem[] };

export type DeskEffect =
  | {
      readonly type: 'bulk_step';
      readonly verb: BulkVerb;
      readonly booking_id: string;
      readonly expected_version: number;
      readonly key: string;
    }
  | { readonly type: 'load_journal' }
  | {
      readonly type: 'switch_user';
      /** Exactly one of the two is set. */
      readonly name: string | null;
      readonly token: string | null;
    };

/** The move behind a verb; null for messages. */
export function moveOf(verb: BulkVerb): DeskMove | null {
  return verb === 'message' ? null : verb;
}
