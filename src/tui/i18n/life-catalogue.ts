import type { UndoProblem } from '../../domain/refusal-undo.ts';
import type { LifeActionId } from '../keys.ts';
import type { DeskMethod } from '../model-life.ts';

/** The words of moving, paying, undoing, receipts and traces. Numbers beside a group are column budgets (test/tui). */

/** Names of facts; budget 10. */
export type LifeFact =
  | 'day'
  | 'vet'
  | 'who'
  | 'price'
  | 'paid'
  | 'rest'
  | 'how'
  | 'amount'
  | 'status'
  | 'time'
  | 'payment';

export type LifeCatalogue = {
  readonly actions: Readonly<Record<LifeActionId, string>>;
  /** Budget 12. */
  readonly hints: Readonly<Partial<Record<LifeActionId, string>>>;
  readonly facts: Readonly<Record<LifeFact, string>>;
  readonly allowed: (moves: string) => string;
  readonly nothing_allowed: string;

  readonly undo_left: (left: string) => string;
  readonly nothing_to_undo: string;
  readonly undone: (name: string, now: string, was: string) => string;
  readonly not_undone: (name: string, why: string) => string;
  readonly undo_refused: Readonly<Record<UndoProblem, string>>;
  readonly cancel_undo: string;
  readonly cancel_shares: (owner: string, clinic: string) => string;
  readonly cancel_unpaid: string;

  readonly move_word: string;
  readonly move_title: (reference: string) => string;
  readonly move_now: (text: string) => string;
  readonly move_day_keys: string;
  readonly move_type: string;
  readonly move_same_vet: (vet: string) => string;
  readonly by_owner: string;
  readonly by_clinic: string;
  readonly move_none: string;
  readonly move_past: string;
  readonly same_price: (money: string) => string;
  readonly new_price: (was: string, now: string) => string;
  readonly due_then: (money: string) => string;
  readonly comes_back: (money: string) => string;
  readonly later_cancel: (percent: number) => string;
  readonly move_keep: string;
  readonly move_yes: (when: string) => string;
  readonly moved: (name: string, when: string) => string;

  readonly pay_title: (reference: string) => string;
  readonly methods: Readonly<Record<DeskMethod, string>>;
  readonly pay_all: string;
  readonly pay_part: (amount: string, rest: string) => string;
  readonly pay_keep: string;
  readonly pay_yes: (amount: string, how: string) => string;
  readonly nothing_to_pay: (reference: string) => string;
  readonly paid_before: (name: string) => string;
  readonly no_amount: string;
  readonly too_much: (rest: string) => string;
  readonly hold_whole: string;
  readonly paid: (name: string, amount: string, how: string) => string;
  readonly rest_left: (money: string) => string;
  readonly receipt_key: string;

  readonly receipt_title: (reference: string) => string;
  readonly receipt_keys: string;
  readonly no_receipt: string;
  readonly printed: string;
  readonly no_printer: string;
  readonly trace_title: (reference: string) => string;
  readonly trace_keys: string;
  readonly link_title: (reference: string) => string;
  readonly link_until: (time: string) => string;
  readonly link_none: string;
  readonly link_tried: string;
  readonly link_keys: string;
  readonly link_only_hold: string;

  readonly changed_title: (reference: string) => string;
  readonly changed_who: (who: string, age: string) => string;
  readonly changed_saw: string;
  readonly changed_now: string;
  readonly changed_other: string;
  readonly changed_keys: string;
};
