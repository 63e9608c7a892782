import type { Output } from '../domain/shapes.ts';

/** The waiting list in the console: who waits, what is offered, and what the desk does about it. */

export type WaitEntry = Output<'list_waitlist'>['items'][number];

/** What the desk is asked about before it happens. */
export type WaitQuestion = 'accept' | 'drop';
export type WaitVerb = 'offer' | WaitQuestion;

export type WaitlistBox = {
  readonly screen: 'waitlist';
  readonly items: readonly WaitEntry[] | null;
  readonly cursor_id: string | null;
  readonly first: number;
  readonly question: WaitQuestion | null;
  readonly guard_until_ms: number;
  /** Something has changed since it was asked for. */
  readonly wanted: boolean;
  readonly in_flight: boolean;
  readonly is_busy: boolean;
  /** Kept inside: the message line shows the same. */
  readonly problem: string | null;
};

export type WaitlistResult =
  | { readonly type: 'waitlist_loaded'; readonly items: readonly WaitEntry[] }
  | {
      readonly type: 'waitlist_done';
      readonly verb: WaitVerb;
      readonly name: string;
      readonly reference_code: string | null;
    };

export type WaitlistEffect =
  | { readonly type: 'load_waitlist' }
  | {
      readonly type: 'change_waitlist';
      readonly verb: WaitVerb;
      readonly entry_id: string;
      readonly name: string;
      readonly key: string;
    };
