import type { OfflineActionId } from '../keys-offline.ts';

/** The words of the day cache, of paper and of calls. */
export type OfflineCatalogue = {
  readonly actions: Readonly<Record<OfflineActionId, string>>;
  /** Budget 12. */
  readonly hints: Readonly<Partial<Record<OfflineActionId, string>>>;
  readonly not_kept: string;
  readonly not_keeping: (why: string) => string;

  readonly print_title: (date: string) => string;
  readonly print_kept: string;
  readonly whole: string;
  readonly each_vet: string;
  readonly visits: (count: number) => string;
  readonly copies: (count: number) => string;
  readonly no_paper: string;
  readonly printing: string;
  readonly print_keys: string;
  readonly printed: (title: string) => string;
  readonly not_printed: (why: string) => string;
  readonly signs_lost: string;

  /** On the message line, while a dialog is open; budget 44 with a name of 16. */
  readonly call_waits: (who: string) => string;
  readonly call_title: (number: string) => string;
  readonly call_looking: string;
  readonly call_nobody: string;
  readonly call_several: (count: number) => string;
  readonly call_kept: (count: number) => string;
  readonly call_keys: string;
  readonly no_call: string;
  readonly form_open: string;
};
