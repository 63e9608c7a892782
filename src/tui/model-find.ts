import type { Output } from '../domain/shapes.ts';
import type { Booking, Field, Owner } from './model.ts';
import type { BoardRow } from './rows.ts';

/** Screen 2, find: one box, and who or what is meant by the text in it. */

export type OwnerCard = Output<'get_owner'>;
export type OwnerVisit = NonNullable<Owner['next_visit']>;

export type FindBox = {
  readonly screen: 'find';
  readonly field: Field;
  readonly owners: readonly Owner[];
  /** The booking whose whole reference was typed. */
  readonly booking: Booking | null;
  /** Rows of the board, where no server answers; null = the server was asked. */
  readonly local: readonly BoardRow[] | null;
  readonly index: number;
  /** The text that the rows belong to; while it is not the one in the box they are old. */
  readonly searched: string | null;
  readonly due_ms: number | null;
  readonly open_when_found: boolean;
  /** In the box letters are text, on the list they are keys. */
  readonly focus: 'box' | 'list';
  /** The selected owner in full, where there is a pane. */
  readonly card: { readonly user_id: string; readonly card: OwnerCard | null } | null;
  readonly card_due_ms: number | null;
};

export type FindRow =
  | { readonly kind: 'booking'; readonly id: string; readonly booking: Booking }
  | { readonly kind: 'owner'; readonly id: string; readonly owner: Owner }
  | { readonly kind: 'row'; readonly id: string; readonly row: BoardRow };

export type FindResult =
  | {
      readonly type: 'found';
      readonly query: string;
      readonly owners: readonly Owner[];
      readonly booking: Booking | null;
    }
  | { readonly type: 'find_card'; readonly card: OwnerCard };

export type FindEffect =
  | {
      readonly type: 'find';
      readonly query: string;
      /** A whole reference: its booking is asked for as well. */
      readonly reference: string | null;
    }
  | { readonly type: 'load_card'; readonly user_id: string };
