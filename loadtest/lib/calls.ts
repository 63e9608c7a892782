import { randomSeed } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse } from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import { head, killed, type Owner, pick, type Slot, tokens } from './data.ts';
import { interruption, patiently, settle } from './patience.ts';

/** The calls of a customer, each answer judged: clean, or counted with its reason. */

type Response = RefinedResponse<'text'>;
type Fields = Readonly<Record<string, unknown>>;

/** Longer than any threshold, shorter than patience: beyond it a user has left. */
const timeout = '15s';

const winners = new Counter('winners');
const seats_won = new Counter('seats_won');
const replays = new Counter('replays');
const conflicts = new Counter('conflicts');
const refused = new Counter('refused');
const dirty = new Counter('dirty_answers');
const server_errors = new Counter('server_errors');
const timeouts = new Counter('timeouts');
const confirmed = new Counter('confirmed');
const cancelled = new Counter('cancelled');
const moved = new Counter('moved');
const browsed = new Counter('browsed');
/**
 * Answers by how long they took, for the picture of a run under way: k6 tells no p99 before its end. One counter per
 * bound, in ms; src/load/buckets.ts reads them.
 */
const bounds_ms = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];
const buckets = [...bounds_ms.map((ms) => new Counter(`took_${ms}`)), new Counter('took_more')];

function countTime(ms: number): void {
  const at = bounds_ms.findIndex((bound) => ms <= bound);
  buckets[at < 0 ? bounds_ms.length : at]?.add(1);
}

/** From the wish to pay to the confirmed booking, by webhook. */
const time_to_confirm = new Trend('time_to_confirm', true);

// A clean 409 is what a loser should get: it counts as success.
http.setResponseCallback(http.expectedStatuses(200, 201, 409));

/** Called once per virtual user: the same seed gives the same pauses and choices. */
export function seedUser(): void {
  randomSeed(head.seed * 100_003 + exec.vu.idInTest);
}

function headers(key: string | null): Record<string, string> {
  const token = pick(tokens, exec.vu.idInTest - 1);
  const base = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return key === null ? base : { ...base, 'idempotency-key': key };
}

function send(
  name: string,
  method: 'GET' | 'POST',
  path: string,
  body: Fields | null,
  key: string | null = null,
): Response {
  const params = {
    headers: headers(key),
    tags: { name },
    timeout,
    responseType: 'text',
  } as const;
  const text = body === null ? null : JSON.stringify(body);
  const response = patiently(key, () => http.request(method, `${head.url}${path}`, text, params));
  countTime(response.timings.duration);
  return response;
}

function fieldsOf(response: Response): Fields {
  try {
    const value: unknown = JSON.parse(response.body ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** k6 has one; its types do not say so. */
declare const console: { readonly error: (text: string) => void };

/** Told in the report; a few per user are enough. */
const examples_max = 2;
let examples = 0;

function example(name: string, why: string): void {
  if (examples >= examples_max) return;
  examples += 1;
  console.error(`example ${name}: ${why}`);
}

function dirtyAnswer(name: string, why: string): void {
  dirty.add(1, { call: name });
  example(name, why);
}

/** Counts what must not happen; true when the answer may be read on. */
function isClean(name: string, response: Response, extra: readonly number[] = []): boolean {
  const { status } = response;
  // Counted where it happened, and asked again as often as patience allows.
  if (interruption(response) !== null) return false;
  if (status === 0) {
    // k6: 1050 is its own timeout, other codes are refused or broken connections.
    if (response.error_code === 1050) {
      timeouts.add(1, { call: name });
      example(name, `no answer within ${timeout}`);
    } else dirtyAnswer(name, `connection: ${response.error}`);
    return false;
  }
  if (status >= 500) {
    server_errors.add(1, { call: name, status: String(status) });
    example(name, `${status} ${String(response.body).slice(0, 200)}`);
    return false;
  }
  if (status === 200 || status === 201 || status === 409 || extra.includes(status)) return true;
  dirtyAnswer(name, `status ${status} ${String(fieldsOf(response)['code'] ?? '')}`);
  return false;
}

/** A 409 is clean when it says as problem+json that somebody else has the slot. */
function countConflict(name: string, response: Response): void {
  const { code } = fieldsOf(response);
  const type = String(response.headers['Content-Type'] ?? '');
  const is_clean =
    (code === 'slot_taken' || code === 'slot_locked') && type.includes('application/problem+json');
  if (is_clean) conflicts.add(1, { code: String(code) });
  else dirtyAnswer(name, `409 ${String(code)}`);
}

export type Won = { readonly reservation_id: string; readonly replayed: boolean };

type Wish = {
  readonly slot: Slot;
  readonly owner: Owner;
  readonly quantity: number;
  /** `checkout` opens a payment page; `hold` only holds. */
  readonly how: 'checkout' | 'hold';
  /** The same number means: the same wish once more, answered with the same hold. */
  readonly attempt: number;
};

/** What this user knows to have won. */
const won_keys = new Set<string>();

const keyOf = ({ slot, owner, quantity, how, attempt }: Wish) =>
  `${head.run_id}:${how}:${owner.user_id}:${slot.slot_id}:${quantity}:${attempt}`;

/** Tries to get seats. Null = lost (a clean 409), refused by a rule, or a failure that was counted. */
export function book(wish: Wish): Won | null {
  const { slot, owner, quantity, how } = wish;
  const base = { slot_id: slot.slot_id, service_id: slot.service_id, quantity, ...owner };
  const [path, body] =
    how === 'checkout'
      ? ['/v1/bookings', { ...base, payment_method: 'checkout' }]
      : ['/v1/reservations', base];
  const key = keyOf(wish);
  const response = send(how, 'POST', path, body, key);
  if (!isClean(how, response, [422])) return null;
  settle(key);
  if (response.status === 422) {
    // The owner is somewhere else at that time: a rule, not a failure.
    refused.add(1, { code: String(fieldsOf(response)['code']) });
    return null;
  }
  if (response.status === 409) {
    countConflict(how, response);
    return null;
  }
  const { reservation_id, replayed } = fieldsOf(response);
  if (response.status !== 201 || typeof reservation_id !== 'string') {
    dirtyAnswer(how, `${response.status} without reservation_id`);
    return null;
  }
  // A win whose first answer was cut off is news, though the daemon rightly calls it a repeat. k6 itself may have
  // sent the repeat, so a cut that nobody saw counts too.
  const is_news = replayed !== true || (killed.length > 0 && !won_keys.has(key));
  if (!is_news) replays.add(1);
  else {
    won_keys.add(key);
    winners.add(1, { group: slot.group });
    seats_won.add(quantity, { group: slot.group });
  }
  return { reservation_id, replayed: !is_news };
}

/** Looks at the open slots of a service. */
export function browse(service_id: string, from: string, to: string): void {
  const path = `/v1/services/${service_id}/slots?from=${from}&to=${to}&limit=50`;
  const response = send('browse', 'GET', path, null);
  if (!isClean('browse', response)) return;
  if (Array.isArray(fieldsOf(response)['items'])) browsed.add(1);
  else dirtyAnswer('browse', 'no items');
}

/** Pays on the sandbox's page; the webhook then confirms. Null when there is no sandbox. */
export function payFor(reservation_id: string): boolean {
  if (head.stripe_url === null) return false;
  const url = `${head.stripe_url}/sandbox/pay`;
  const body = JSON.stringify({ ref: reservation_id, outcome: 'success' });
  const pay = () =>
    http.post(url, body, {
      headers: { 'content-type': 'application/json' },
      tags: { name: 'pay' },
      timeout,
      responseType: 'text',
    });
  const first = pay();
  // The sandbox may close an idle connection in the very moment in which k6 uses it again; browsers ask again too.
  return isClean('pay', first.status === 0 ? pay() : first);
}

/** How the hold stands: its status, and the booking once there is one. */
function standing(reservation_id: string): Fields {
  const response = send('reservation', 'GET', `/v1/reservations/${reservation_id}`, null);
  return isClean('reservation', response) ? fieldsOf(response) : {};
}

/** Looks once whether the webhook has confirmed it; counts and times the confirmation. */
export function confirmedBooking(reservation_id: string, since_ms: number): string | null {
  const { booking_id } = standing(reservation_id);
  if (typeof booking_id !== 'string') return null;
  confirmed.add(1);
  time_to_confirm.add(Date.now() - since_ms);
  return booking_id;
}

/** Gives a hold back. */
export function release(reservation_id: string): void {
  const path = `/v1/reservations/${reservation_id}/cancel`;
  const response = send('release', 'POST', path, { reason: 'changed my mind' });
  // 410: it had expired in between.
  if (isClean('release', response, [410]) && response.status === 200) cancelled.add(1);
}

/** Cancels a booking by the owner's wish; the policy decides about the money. */
export function cancel(booking_id: string): void {
  const path = `/v1/bookings/${booking_id}/cancel`;
  const response = send('cancel', 'POST', path, { reason: 'cannot come' });
  if (isClean('cancel', response) && response.status === 200) cancelled.add(1);
}

/** Moves a booking to another slot of its service; a slot that is taken leaves it where it was. */
export function move(booking_id: string, slot_id: string): void {
  const path = `/v1/bookings/${booking_id}/reschedule`;
  const body = { slot_id, reason: 'another time suits better' };
  const response = send('move', 'POST', path, body, `${head.run_id}:move:${booking_id}:${slot_id}`);
  if (!isClean('move', response, [422])) return;
  if (response.status === 409) countConflict('move', response);
  else if (response.status === 422) {
    refused.add(1, { code: String(fieldsOf(response)['code']) });
  } else moved.add(1);
}
