import type { SkipReason } from '../../domain/waitlist.ts';
import type { WaitlistActionId } from '../keys-waitlist.ts';
import type { WaitQuestion, WaitVerb } from '../model-waitlist.ts';

/** The words of the waiting list. */
export type WaitlistCatalogue = {
  readonly actions: Readonly<Record<WaitlistActionId, string>>;
  readonly title: (count: number) => string;
  /** Budgets as in screens/waitlist.ts. */
  readonly heads: Readonly<
    Record<'place' | 'pet' | 'owner' | 'service' | 'wanted' | 'state', string>
  >;
  readonly waits: string;
  readonly offered: (when: string, until: string) => string;
  readonly accepted: (when: string, until: string) => string;
  readonly any_time: string;
  readonly seats: (count: number) => string;
  readonly missed: (count: number) => string;
  readonly skips: Readonly<Record<SkipReason, string>>;
  readonly passed_over: (reason: string, when: string) => string;
  readonly empty: string;
  readonly keys: string;
  readonly question: Readonly<Record<WaitQuestion, (name: string) => string>>;
  readonly offered_already: string;
  readonly nothing_offered: string;
  readonly done: Readonly<Record<WaitVerb, (name: string, reference: string) => string>>;
};
