import type { BookingStatus, DeskMove, PaymentState } from '../../domain/booking.ts';
import type { DeskVerb } from '../../domain/desk-words.ts';
import type { ProblemCode } from '../../domain/errors.ts';
import type { Lang } from '../session.ts';
import { en } from './words-en.ts';
import { id } from './words-id.ts';
import { ja } from './words-ja.ts';

/** What a booking is at, for people at a desk: some of it is the clock's, not the row's. */
export type DeskState =
  | Exclude<BookingStatus, 'confirmed'>
  | 'booked'
  | 'arrived'
  | 'late'
  | 'unresolved';

type PayWord = 'link' | 'at_clinic' | 'cash' | 'card_terminal' | 'transfer';

/** What a rule of the server comes to in this language; the reference and a time, where they are known. */
type RuleWord = (reference: string, time: string) => string;

/** Every word of the line mode. Each language is one value of this type: a missing one fails the type check. */
export type DeskWords = {
  readonly states: Readonly<Record<DeskState, string>>;
  readonly held: string;
  readonly pays: Readonly<Record<PaymentState, string>>;
  readonly methods: Readonly<Record<PayWord, string>>;
  readonly moved: Readonly<Record<DeskMove, string>>;
  readonly undo_words: Readonly<Record<'cancelled' | 'arrived' | 'no-show', string>>;
  readonly problems: Readonly<Partial<Record<ProblemCode, string>>>;
  readonly rules: Readonly<Record<string, RuleWord>>;
  readonly help: Readonly<Record<DeskVerb, string>>;
  readonly examples: Readonly<Partial<Record<DeskVerb, readonly string[]>>>;
  readonly help_more: readonly string[];

  readonly welcome: (clinic: string, role: string) => string;
  readonly how_to_end: string;
  readonly waiting_for_answer: string;
  readonly no_arrows: string;
  readonly read_only: string;
  readonly no_history: string;
  readonly in_line: (number: number, line: string, sentence: string) => string;
  readonly help_line: (short: string, verb: string, text: string) => string;

  readonly unknown_word: (word: string, nearest: string | null) => string;
  readonly several_words: (word: string, names: string) => string;
  readonly unknown_flag: (verb: string, flag: string, names: string) => string;
  readonly flag_without_value: (flag: string) => string;
  readonly candidates: (names: string) => string;

  readonly need_answer: (question: string, flag: string) => string;
  readonly need_yes: (effect: string) => string;
  readonly do_it: string;
  readonly kept: string;
  readonly left: string;
  readonly too_early: (text: string) => string;
  readonly type_word: (word: string) => string;
  readonly wrong_word: (given: string, word: string) => string;
  readonly which: (count: number, fallback: string | null) => string;
  readonly no_such_choice: (text: string, count: number) => string;

  readonly day_head: (day: string, count: number, counts: string) => string;
  readonly empty_day: (day: string) => string;
  readonly count_of: (count: number, state: string) => string;
  readonly more_rows: (left: number) => string;
  readonly no_more_rows: string;
  readonly day_not_time: (text: string) => string;
  readonly no_day: (text: string) => string;
  readonly day_is_past: (text: string, reading: string) => string;
  readonly held_until: (time: string) => string;
  readonly nobody: string;
  readonly somebody: string;
  readonly nothing_printed: string;
  readonly no_such_row: (number: number, count: number) => string;
  readonly which_row: string;
  readonly no_row_word: (text: string) => string;
  readonly one_row_only: string;
  readonly row_is_hold: string;

  readonly offline_day: (time: string) => string;
  readonly no_answer: (since: string) => string;
  readonly unsure: (since: string) => string;
  readonly next_unavailable: string;
  readonly next_conflict: string;
  readonly next_login: string;
  readonly next_forbidden: (role: string) => string;
  readonly next_expired: string;
  readonly next_internal: (trace: string) => string;
  readonly next_help: string;
  readonly possible: (verbs: string) => string;
  readonly seconds_ago: (seconds: number) => string;
  readonly at_time: (time: string) => string;
  readonly changed_by: (who: string, state: string, ago: string) => string;

  readonly done_move: (who: string, state: string, before: string) => string;
  readonly not_possible: (who: string, state: string) => string;
  readonly still_due: (money: string) => string;
  readonly and_more: (count: number) => string;
  readonly bulk: (count: number, state: string) => string;
  readonly bulk_partial: (done: number, failed: number) => string;
  readonly admitted: (who: string, seats: string, left: number) => string;
  readonly nothing_to_undo: string;
  readonly undone: (what: string, time: string, who: string, state: string) => string;

  readonly owner_or_clinic: string;
  readonly release_effect: (what: string) => string;
  readonly released: (what: string) => string;
  readonly cancel_effect: (
    what: string,
    money: string,
    percent: number,
    by: 'owner' | 'clinic',
  ) => string;
  readonly cancelled: (what: string, money: string, until: string | null) => string;
  readonly service_gone: string;
  readonly move_effect: (move: {
    readonly what: string;
    readonly to: string;
    readonly vet: string | null;
    readonly price: string;
    readonly back: string | null;
    readonly due: string | null;
  }) => string;
  readonly moved_to: (who: string, moment: string) => string;
  readonly pay_head: (what: string, money: string) => string;
  readonly no_method: (text: string, list: string) => string;
  readonly no_amount: (text: string) => string;
  readonly hold_paid_whole: string;
  readonly nothing_due: string;
  readonly paid_before: string;
  readonly paid: (who: string, money: string, method: string, left: string | null) => string;

  readonly ask_owner: (found: string | null) => string;
  readonly nobody_found: (text: string) => string;
  readonly several_owners: (text: string, has_more: boolean) => string;
  readonly new_owner: (phone: string) => string;
  readonly ask_name: string;
  readonly ask_pet: string;
  readonly owner_added: (name: string, pet: string) => string;
  readonly no_pet: (owner: string) => string;
  readonly which_pet: string;
  readonly which_service: string;
  readonly which_day: (fallback: string) => string;
  readonly no_free_time: (day: string) => string;
  readonly no_free_time_ahead: (service: string, days: number) => string;
  readonly time_not_free: (day: string, time: string, near: string) => string;
  readonly free_times: (service: string, day: string, left: number) => string;
  readonly held_now: (what: string, vet: string | null, until: string, minutes: number) => string;
  readonly how_paid: (price: string) => string;
  readonly booked: (reference: string, what: string, method: string) => string;
  readonly link_sent: (reference: string, what: string, until: string) => string;
  readonly hold_given_back: string;
  readonly hold_ends: (time: string) => string;

  readonly status_where: (where: string, role: string, ms: number) => string;
  readonly status_changes: (count: number, since: string) => string;
  readonly phone: (number: string) => string;
  readonly price: (money: string, state: string, due: string | null) => string;
  readonly note: (text: string) => string;
  readonly messages_failed: (channels: string) => string;
  readonly last_change: (action: string, who: string, moment: string) => string;
  readonly next_visit: (moment: string, what: string, reference: string) => string;
  readonly last_visit: (moment: string, service: string) => string;
  readonly owes: (money: string) => string;
  readonly no_shows: (count: number) => string;
  readonly ask_find: string;

  readonly nobody_waits: string;
  readonly wait_head: (count: number, has_more: boolean) => string;
  readonly wait_hint: string;
  readonly waits: (position: number) => string;
  readonly wait_offered: (moment: string, until: string) => string;
  readonly print_waitlist_first: string;
  readonly wait_changed: string;
  readonly wait_offered_to: (who: string, moment: string, until: string) => string;
  readonly accept_effect: (who: string, moment: string) => string;
  readonly wait_accepted: (who: string, reference: string) => string;
  readonly remove_effect: (who: string) => string;
  readonly wait_removed: (who: string) => string;
};

const catalogues: Readonly<Record<Lang, DeskWords>> = { en, ja, id };

/** The words of a language. */
export function deskWordsOf(lang: Lang): DeskWords {
  return catalogues[lang];
}
