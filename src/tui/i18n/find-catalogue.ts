import type { FindActionId } from '../keys-find.ts';

/** The words of the find screen. Numbers beside a group are column budgets (test/tui). */
export type FindCatalogue = {
  readonly actions: Readonly<Record<FindActionId, string>>;
  /** In the line of screens; budget 8. */
  readonly screen: string;
  readonly title: string;
  readonly hint: string;
  /** Budgets as in screens/find.ts. */
  readonly heads: Readonly<Record<'owner' | 'phone' | 'pets' | 'next' | 'last', string>>;
  /** Before a time; budget 6. */
  readonly today: string;
  readonly searching: string;
  readonly found: (count: number, is_full: boolean) => string;
  readonly only_near: string;
  readonly offline: (count: number) => string;
  readonly none: (text: string) => string;
  readonly keys_box: string;
  readonly keys_list: string;
  readonly type_again: string;
  readonly no_owner: string;
  readonly no_phone: string;
  readonly elsewhere: (reference: string) => string;
  readonly next: (text: string) => string;
  readonly last: (text: string) => string;
  readonly no_visit: string;
  readonly never_here: string;
  /** Names of facts in the pane; budget 10. */
  readonly facts: Readonly<Record<'phone' | 'email' | 'pets' | 'visits' | 'due', string>>;
  readonly next_visits: string;
  readonly last_visits: string;
  readonly visits: (took_place: number, no_shows: number, cancelled: number) => string;
  readonly due: (money: string, overdue: string | null) => string;
  readonly nothing_due: string;
};
