import type { DeskMove, PaymentState } from '../../domain/booking.ts';
import type { ProblemCode } from '../../domain/errors.ts';
import type { ByeReason } from '../../domain/events.ts';
import type { BookField, PayChoice } from '../draft.ts';
import type { ActionId } from '../keys.ts';
import type { LinkStatus } from '../model.ts';
import type { Letter } from '../rows.ts';
import type { DeskCatalogue } from './desk-catalogue.ts';
import type { FindCatalogue } from './find-catalogue.ts';
import type { HealthCatalogue } from './health-catalogue.ts';
import type { JobsCatalogue } from './jobs-catalogue.ts';
import type { LifeCatalogue } from './life-catalogue.ts';
import type { MoneyCatalogue } from './money-catalogue.ts';
import type { OfflineCatalogue } from './offline-catalogue.ts';
import type { OpsCatalogue } from './ops-catalogue.ts';
import type { WaitlistCatalogue } from './waitlist-catalogue.ts';

/**
 * Every word of the console. Each language is one value of this type, so a missing text fails the type check.
 * Keys on the keyboard stay ASCII in all languages; numbers beside a group are column budgets (test/tui).
 */
export type Catalogue = {
  /** Of the operators' screens. */
  readonly ops: OpsCatalogue;
  /** Of the queues of work and the tail of events. */
  readonly jobs: JobsCatalogue;
  /** Of moving, paying and undoing a booking. */
  readonly life: LifeCatalogue;
  /** Of the money screen. */
  readonly money: MoneyCatalogue;
  readonly waitlist: WaitlistCatalogue;
  readonly find: FindCatalogue;
  readonly health: HealthCatalogue;
  /** Of acts on many rows, the journal, the change of user. */
  readonly desk: DeskCatalogue;
  /** Of the day cache, paper and calls. */
  readonly offline: OfflineCatalogue;
  readonly actions: Readonly<Record<ActionId, string>>;
  /** Short words for the hint lines; budget 12. */
  readonly hints: Readonly<Partial<Record<ActionId, string>>>;
  /** Column heads; budgets as in screens/board.ts. */
  readonly heads: Readonly<
    Record<'time' | 'pet' | 'owner' | 'service' | 'vet' | 'pay' | 'ref', string>
  >;
  /** What a letter means; budget 12. */
  readonly letters: Readonly<Record<Exclude<Letter, ' '>, string>>;
  /** The PAY column; budget 5. */
  readonly pay_short: Readonly<Record<PaymentState, string>>;
  readonly pay_long: Readonly<Record<PaymentState, string>>;
  /** Budget 11. */
  readonly link: Readonly<Record<LinkStatus, string>>;
  readonly problems: Readonly<Partial<Record<ProblemCode, string>>>;
  readonly moves: Readonly<Record<DeskMove, string>>;
  readonly fields: Readonly<Record<BookField, string>>;
  readonly pays: Readonly<Record<PayChoice, string>>;

  readonly board: string;
  readonly counts: (n: {
    readonly booked: number;
    readonly inside: number;
    readonly late: number;
    readonly unresolved: number;
    readonly done: number;
    readonly held: number;
    readonly open: number;
  }) => string;
  /** Of a day that is not today, where nobody can be late yet. */
  readonly counts_other: (n: { readonly booked: number; readonly open: number }) => string;
  readonly not_today: (text: string) => string;
  readonly open_row: string;
  readonly blocked_row: string;
  readonly held_row: string;
  readonly services_more: (first: string, more: number) => string;
  readonly no_rows: string;
  readonly no_match: (filter: string) => string;
  readonly loading: string;
  /** So many consoles have this board open; budget 10. */
  readonly here: (total: number) => string;
  /** Why the server ended the live feed, where a person can do something about it. */
  readonly feed_bye: Readonly<Partial<Record<ByeReason, string>>>;
  readonly rows_of: (from: number, to: number, all: number) => string;
  readonly filter_is: (text: string, found: number) => string;
  readonly minutes: (n: number) => string;
  readonly arrived_at: (time: string) => string;
  readonly note: string;
  readonly hold_until: (time: string) => string;
  readonly offline_banner: (since: string, data: string | null, retry_s: number | null) => string;
  readonly too_small: (columns: number, rows: number) => string;
  readonly read_only: string;

  readonly done: (pet: string, now: string, was: string) => string;
  readonly cancelled: (pet: string, percent: number, money: string) => string;
  readonly refused_read_only: string;
  readonly refused_role: (role: string) => string;
  readonly refused_offline: (since: string) => string;
  readonly refused_row: string;
  readonly refused_move: (move: string, status: string) => string;
  readonly refused_early: (time: string) => string;
  readonly refused_past: string;
  readonly busy: string;
  readonly changed_by: (what: string, source: string, seconds: number) => string;
  readonly changed: string;
  readonly copied: (text: string) => string;
  readonly nothing_to_copy: string;
  readonly resynced: (rows: number) => string;
  readonly ime_on: string;
  readonly unknown_command: (text: string, nearest: string | null) => string;
  readonly several_commands: (text: string, names: string) => string;
  readonly no_such_row: (text: string) => string;
  readonly other_screen: string;

  readonly cancel_title: (reference: string) => string;
  readonly cancel_asking: string;
  readonly cancel_effect: (percent: number, money: string) => string;
  readonly cancel_no_refund: string;
  readonly cancel_by_owner: string;
  readonly cancel_by_clinic: string;
  readonly cancel_sends: string;
  readonly cancel_keep: string;
  readonly cancel_yes: string;
  readonly cancel_other: string;
  readonly guard_note: string;
  readonly quit_title: string;
  readonly quit_text: string;
  readonly quit_stay: string;
  readonly quit_yes: string;

  readonly help_title: string;
  readonly help_hint: string;
  readonly help_absent: (reason: string) => string;
  readonly absent_read_only: string;
  readonly absent_role: (role: string) => string;
  readonly palette_hint: string;

  readonly detail_title: string;
  readonly detail_payments: string;
  readonly detail_refunds: string;
  readonly detail_messages: string;
  readonly detail_history: string;
  readonly detail_none: string;
  readonly detail_select: string;
  readonly pay_link: string;
  readonly failed_times: (n: number) => string;

  readonly book_title: string;
  readonly book_hold: (left: string) => string;
  readonly book_hold_over: string;
  readonly book_extended: string;
  readonly who_hint: string;
  readonly who_matches: (n: number) => string;
  readonly who_none: string;
  readonly who_new: (phone: string) => string;
  readonly who_country: string;
  readonly when_hint: string;
  readonly any_vet: string;
  readonly slots_loading: string;
  readonly slots_none: string;
  readonly slots_first: string;
  readonly need: (field: string) => string;
  readonly taken: (time: string) => string;
  readonly taken_next: (text: string) => string;
  readonly booked: (reference: string) => string;
  readonly booked_link: string;
  readonly booked_due: string;
  readonly booked_keys: string;
  readonly book_keys: string;
  readonly draft_kept: string;
  readonly draft_back: string;
  readonly working: string;

  /** The last line of a process that ended badly. */
  readonly crashed: (text: string) => string;
};
