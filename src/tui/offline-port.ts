import type { Role } from '../domain/roles.ts';
import type { Day, Lang } from './model.ts';

/**
 * What the console needs of the machine that it runs on: paper and the day cache. The command line gives it: the
 * console knows neither printers nor where files are kept.
 */

export type Paper = {
  readonly title: string;
  /** Each ends where the paper does. */
  readonly pages: readonly string[];
  readonly lang: Lang;
  readonly copies: number;
};

export type Printed = {
  /** Where it went, for people. */
  readonly said: string;
  /** What is missing on the paper; null = nothing. */
  readonly warning: string | null;
};

export type OfflinePort = {
  readonly paper_columns: 80 | 42;
  /** The day sheet is printed once a day when the clinic opens. */
  readonly prints_at_opening: boolean;
  /** How texts must be spelled before they are laid out; null = as they are. */
  readonly spelling: (lang: Lang) => ((text: string) => string) | null;
  /** Fails with what the printing system says. */
  readonly print: (paper: Paper) => Promise<Printed>;
  /** Keeps the days for when nobody answers. `token` tells whose eyes saw them. */
  readonly keep: (token: string, role: Role, days: readonly Day[]) => Promise<void>;
  /** The kept days of a clinic, the login's own first; those of others without names. */
  readonly kept: (token: string, clinic_id: string) => Promise<readonly Day[]>;
  /** Who prints the sheet of the opening on this machine: true once for each clinic and day. */
  readonly claimOpening: (clinic_id: string, date: string) => Promise<boolean>;
  /** It was not printed after all. */
  readonly freeOpening: (clinic_id: string, date: string) => Promise<void>;
};
