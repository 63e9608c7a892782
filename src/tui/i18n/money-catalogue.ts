import type { InboxCause, PaymentStatus, RefundStatus } from '../../domain/money-words.ts';
import type { MoneyActionId } from '../keys.ts';
import type { DeedKind, MoneySection } from '../model-money.ts';

/** The words of the money screen. Numbers beside a group are column budgets (test/tui). */
export type MoneyCatalogue = {
  readonly actions: Readonly<Record<MoneyActionId, string>>;
  /** Budget 12. */
  readonly hints: Readonly<Partial<Record<MoneyActionId, string>>>;
  /** The names of the lists with their counts share one line of 80. */
  readonly sections: Readonly<Record<MoneySection, string>>;
  readonly empty: Readonly<Record<MoneySection, string>>;
  /** Budgets: when 11, amount 16, ref 10. */
  readonly heads: Readonly<Record<'when' | 'amount' | 'ref' | 'what', string>>;
  readonly causes: Readonly<Record<InboxCause, string>>;
  /** What to do about it, by keys of this screen. */
  readonly next: Readonly<Record<InboxCause, string>>;
  readonly next_approval: (until: string) => string;
  readonly refund_status: Readonly<Record<RefundStatus, string>>;
  readonly payment_status: Readonly<Record<PaymentStatus, string>>;
  readonly attempt: Readonly<Record<'success' | 'failed' | 'expired', string>>;
  readonly means: (method: string) => string;
  readonly taken: (date: string, taken: string, returned: string) => string;
  readonly nothing_taken: string;
  readonly drawer: (expected: string) => string;
  readonly not_counted: string;
  readonly counted_by: (counted: string, who: string, time: string, difference: string) => string;
  readonly counted: (counted: string, difference: string) => string;
  readonly look_failed: (text: string) => string;
  readonly no_future: string;
  readonly asked_for: string;
  readonly waits_for_manager: string;
  readonly entries: (n: number) => string;
  readonly fee: string;
  readonly share: string;
  readonly tax: string;

  readonly no_refund_here: string;
  readonly no_item_here: string;
  readonly leaves_by_deed: string;
  readonly not_this_refund: (deed: string, now: string) => string;
  readonly refund_which: string;
  readonly pay_which: string;
  readonly deeds: Readonly<Record<DeedKind, string>>;
  readonly deed_effects: Readonly<Record<DeedKind, string>>;
  readonly deed_done: Readonly<Record<DeedKind, (reference: string) => string>>;
  readonly count_detail: string;
  readonly leave_it: string;
  readonly do_it: (deed: string) => string;
  readonly deed_keys: string;
  readonly reason: string;
  readonly note: string;
  readonly counted_name: string;
  readonly part_name: string;
  readonly handed_name: string;
  readonly all_of_it: string;

  readonly payment_title: (reference: string) => string;
  readonly tried: string;
  readonly ledger: string;
  readonly ledger_hidden: string;
};
