import type { Day, Overlay, Owner } from './model.ts';
import type { OwnerCard } from './model-find.ts';
import type { BoardRow } from './rows.ts';

/** The day cache, paper, and who rings. */

export type OfflineState = {
  /** When today and tomorrow are next kept, by our clock. */
  readonly keep_due_ms: number;
  readonly is_keeping: boolean;
  /** The disk took nothing: said once. */
  readonly has_complained: boolean;
  /** What is on the board was kept, and is no answer of the server. */
  readonly is_kept: boolean;
  /** The feed follows; it begins after the first answer of the server. */
  readonly is_following: boolean;
  /** The day whose sheet of the opening this console has dealt with. */
  readonly opened_on: string | null;
};

export const online: OfflineState = {
  keep_due_ms: 0,
  is_keeping: false,
  has_complained: false,
  is_kept: false,
  is_following: false,
  opened_on: null,
};

/** Somebody rings: the number as the telephone said it, and whom it belongs to once that is known. */
export type Call = {
  readonly number: string;
  readonly at_ms: number;
  /** Null while it is looked up. */
  readonly owners: readonly Owner[] | null;
  /** Of the only owner. */
  readonly card: OwnerCard | null;
  /** Rows of the kept days with that number, when the server does not answer. */
  readonly local: readonly BoardRow[] | null;
};

export type PrintBox = {
  readonly screen: 'print';
  /** 0 = all vets together, 1 = a sheet for each, then one vet each. */
  readonly index: number;
  readonly copies: number;
  readonly is_busy: boolean;
};
export type CallerBox = {
  readonly screen: 'caller';
  readonly call: Call;
  /** What was open when it was looked at, and comes back with Esc. */
  readonly under: Overlay | null;
  /** Keys before this instant are dropped: they were typed for the screen below. */
  readonly guard_until_ms: number;
};
export type OfflineOverlay = PrintBox | CallerBox;

export type OfflineResult =
  | { readonly type: 'days_kept' }
  | { readonly type: 'kept_read'; readonly date: string | null; readonly day: Day | null }
  | { readonly type: 'sheet_printed'; readonly title: string; readonly warning: string | null }
  /** Bookings of the kept days that match what find looks for. */
  | { readonly type: 'found_kept'; readonly query: string; readonly rows: readonly BoardRow[] }
  | { readonly type: 'rang'; readonly number: string }
  | {
      readonly type: 'caller_known';
      readonly number: string;
      readonly owners: readonly Owner[];
      readonly card: OwnerCard | null;
      readonly local: readonly BoardRow[] | null;
    };

export type OfflineEffect =
  | { readonly type: 'keep_days' }
  | { readonly type: 'read_kept'; readonly date: string | null }
  | {
      readonly type: 'print_sheet';
      readonly day: Day;
      readonly staff_id: string | null;
      readonly per_vet: boolean;
      readonly copies: number;
      readonly is_kept: boolean;
    }
  | { readonly type: 'print_opening'; readonly date: string }
  | { readonly type: 'look_up'; readonly number: string }
  | { readonly type: 'find_kept'; readonly query: string };
