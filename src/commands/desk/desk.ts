import type { EndpointName } from '../../domain/api.ts';
import { AppError } from '../../domain/errors.ts';
import type { Role } from '../../domain/roles.ts';
import type { Output, Request } from '../../domain/shapes.ts';
import type { CachePlace } from '../day-cache.ts';
import type { Owner } from '../lookup.ts';
import type { Clinic, Lang, Session } from '../session.ts';
import type { DayRow } from './rows.ts';
import type { Talk } from './talk.ts';
import type { DeskWords } from './words.ts';

/** One sitting at the line mode: what never changes of it, and what was printed last. */

export type Look = {
  readonly money: (amount: string, currency: string) => string;
  /** `11:15` */
  readonly time: (instant: string) => string;
  /** `2026-11-20 11:15` */
  readonly moment: (instant: string) => string;
};

export type PrintedRow = {
  /** Null: named by its reference, not by a list. */
  readonly number: number | null;
  readonly row: DayRow;
};

export type Desk = {
  readonly session: Session;
  readonly clinic: Clinic;
  readonly look: Look;
  readonly lang: Lang;
  readonly words: DeskWords;
  readonly talk: Talk;
  readonly role: Role;
  /** Where the days are kept that this machine has seen. */
  readonly place: CachePlace;
  readonly is_accessible: boolean;
  /** Looks, and changes nothing. */
  readonly is_read_only: boolean;
  /** False in a pipe: references are printed, lists are not cut. */
  readonly talks_to_people: boolean;
  /** The day that `re` shows; null = today, also after midnight. */
  date: string | null;
  /** Numbers mean these rows until the next list. */
  printed: {
    readonly date: string;
    readonly as_of: string;
    readonly rows: readonly PrintedRow[];
    /** How many of them were shown; `mo` goes on. */
    readonly shown: number;
  } | null;
  /** The server's clock minus ours. */
  offset_ms: number;
  /** Who was found last; Enter books for them. */
  found: Owner | null;
  /** The waiting list as it was printed. */
  waiting: readonly Output<'list_waitlist'>['items'][number][];
  /** A hold that is not booked yet: given back when the question is left. */
  held: { readonly reservation_id: string; readonly expires_at: string } | null;
  /** Keys of changes whose outcome nobody knows: the same change sent again is one change. */
  readonly unsure: Map<string, string>;
};

/** Changes that may hang at the same time; more than one is a rarity. */
const UNSURE_MAX = 20;

/** True when it is certain that the server never got the request. */
function neverArrived(error: AppError): boolean {
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND';
}

/** Changes something. A change whose answer was lost keeps its key, so that repeating the line does it once. */
export async function change<N extends EndpointName>(
  desk: Desk,
  name: N,
  request: Request<N>,
): Promise<Output<N>> {
  const signature = JSON.stringify([name, request]);
  const idempotency_key = desk.unsure.get(signature) ?? crypto.randomUUID();
  try {
    const output = await desk.session.client.call(name, request, { idempotency_key });
    desk.unsure.delete(signature);
    return output;
  } catch (error) {
    desk.unsure.delete(signature);
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
    if (neverArrived(error) || error.facts['request_id'] !== undefined) throw error;
    if (desk.unsure.size < UNSURE_MAX) desk.unsure.set(signature, idempotency_key);
    const facts = { ...error.facts, is_unsure: true };
    throw new AppError('unavailable', error.detail, facts, { cause: error });
  }
}
