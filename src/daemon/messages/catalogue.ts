import type { MailFacts, MailLang, MailType } from '../../domain/message.ts';
import { en } from './en.ts';
import { id } from './id.ts';
import { ja } from './ja.ts';

/** What templates may put into a sentence: facts that are already text in the reader's language. */
export type Words = {
  readonly reference_code: string;
  readonly owner_name: string;
  /** Whom or what it is about: the pet, or the service where nobody asked for a pet. */
  readonly pet_name: string;
  readonly has_pet: boolean;
  readonly service_name: string;
  readonly clinic_name: string;
  readonly when: string;
  /** The same without weekday, year and zone: for SMS. */
  readonly when_short: string;
  readonly amount: string;
  readonly refund: string | null;
  readonly refund_percent: number | null;
  readonly cancelled_by: MailFacts['cancelled_by'];
  readonly payment_state: MailFacts['payment_state'];
  readonly answer_by: string;
  readonly answer_by_short: string;
  readonly has_card: boolean;
  /** Tickets are attached. */
  readonly has_tickets: boolean;
};

/**
 * One message. Mails have subject, intro, the table of facts that is the same in all mails, and
 * notes; push has subject and intro; SMS has a sentence of its own, after the clinic's name.
 */
type Template = {
  readonly subject: (words: Words) => string;
  readonly intro: (words: Words) => string;
  readonly notes: (words: Words) => readonly string[];
  readonly sms: (words: Words) => string;
};

/** Everything that a language must have; a missing key fails the type check. */
export type Catalogue = {
  readonly greeting: (words: Pick<Words, 'owner_name'>) => string;
  readonly closing: (words: Pick<Words, 'clinic_name'>) => string;
  /** Under what an owner may do without. */
  readonly unsubscribe: string;
  /** The page behind that link: before and after the click. */
  readonly unsubscribe_page: {
    readonly title: string;
    readonly question: string;
    readonly button: string;
    readonly done: string;
  };
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
