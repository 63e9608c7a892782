import type { DeskActionId } from '../keys-desk.ts';
import type { BulkItem, BulkVerb, JournalItem } from '../model-desk.ts';

/** The words of acts on many rows, the journal, the change of user and of themes. */
export type DeskCatalogue = {
  readonly actions: Readonly<Record<DeskActionId, string>>;
  /** Budget 12. */
  readonly hints: Readonly<Partial<Record<DeskActionId, string>>>;

  readonly marked: (count: number) => string;
  readonly marks_full: (most: number) => string;
  readonly no_marks: string;
  readonly marks_first: (count: number) => string;

  readonly bulk_title: (verb: BulkVerb, count: number) => string;
  readonly bulk_count: (planned: number, kept: number) => string;
  readonly bulk_more: (count: number) => string;
  /** What it does, and whether it can be taken back; one line. */
  readonly bulk_effects: Readonly<Record<BulkVerb, string>>;
  readonly outcomes: Readonly<Record<BulkItem['outcome'], string>>;
  readonly keep_rows: string;
  readonly bulk_yes: (verb: BulkVerb, count: number) => string;
  readonly bulk_typed: (verb: BulkVerb, count: number) => string;
  readonly type_count: (count: number) => string;
  readonly bulk_running: (done: number, all: number) => string;
  readonly bulk_close: string;
  readonly bulk_done: (done: number, left: number, verb: BulkVerb) => string;
  readonly it_is: (status: string) => string;
  readonly changed_since: string;
  readonly not_tried: string;

  readonly journal_title: string;
  readonly journal_none: string;
  readonly journal_leaves: (time: string) => string;
  readonly journal_keys: string;
  /** What no key takes back, said before anybody tries. */
  readonly journal_never: string;
  /** Budget 12. */
  readonly undoable: Readonly<Record<JournalItem['action'], string>>;
  readonly nothing_to_redo: string;
  readonly redo_changed: (name: string) => string;
  readonly no_undo_pay: string;
  readonly no_undo_move: string;

  readonly switch_title: (name: string) => string;
  readonly switch_token: string;
  readonly switch_keys: string;
  readonly switch_load: string;
  readonly switch_short: string;
  readonly switch_how: string;
  readonly switch_refused: string;
  readonly switch_absent: string;
  readonly switched: (name: string, role: string) => string;

  readonly hold_free: string;
  readonly hold_keys: string;
  readonly held: (name: string, until: string) => string;

  readonly diff_title: (reference: string) => string;
  readonly diff_then: string;
  readonly diff_now: string;
  readonly diff_same: string;
  readonly diff_none: string;
  readonly diff_keys: string;

  readonly theme_is: (name: string) => string;
  readonly theme_names: (names: string) => string;
  readonly help_none: (text: string) => string;
};
