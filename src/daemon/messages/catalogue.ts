import type { MailFacts, MailLang, MailType } from '../../domain/message.ts';
import { en } from './en.ts';
import { id } from './id.ts';
import { ja } from './ja.ts';

/** What templates may put into a sentence: facts that are already text in the reader's language. */
export type Words = {
  readonly reference_code: string;
  readonly owner_name: string;
  readonly pet_name: string;
  readonly service_name: string;
  readonly clinic_name: string;
  readonly when: string;
  readonly amount: string;
  readonly refund: string | null;
  readonly refund_percent: number | null;
  readonly cancelled_by: MailFacts['cancelled_by'];
  readonly payment_state: MailFacts['payment_state'];
  readonly answer_by: string;
  readonly has_card: boolean;
};

/**
 * One mail: subject and a few sentences. The table of facts between them is the same in all mails.
 */
type Template = {
  readonly subject: (words: Words) => string;
  readonly intro: (words: Words) => string;
  readonly notes: (words: Words) => readonly string[];
};

/** Everything that a language must have; a missing key fails the type check. */
export type Catalogue = {
  readonly greeting: (words: Words) => string;
  readonly closing: (words: Words) => string;
  readonly labels: {
    readonly reference: string;
    readonly when: string;
    readonly service: string;
    readonly pet: string;
    readonly staff: string;
    readonly place: string;
    readonly phone: string;
    readonly quantity: string;
    readonly amount: string;
    readonly paid: string;
    readonly due: string;
    readonly refund: string;
  };
  readonly mails: Readonly<Record<MailType, Template>>;
};

export const catalogues: Readonly<Record<MailLang, Catalogue>> = { en, ja, id };
