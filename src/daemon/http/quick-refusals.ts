import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Endpoint, endpoints } from '../../domain/api.ts';
import { type Access, mayAccess } from '../../domain/roles.ts';
import { nearestAtHand } from '../actions/nearest.ts';
import { refusalDetail } from '../actions/outcome.ts';
import type { App } from '../app-types.ts';
import { lockOwner } from '../locks/lock-owner.ts';
import { type RecentRefusals, type Refused, refusalsOf } from '../locks/recent-refusals.ts';
import { addressesOf } from './addresses.ts';
import { type Authenticator, bearerToken, type Principal } from './auth.ts';
import type { Limit } from './limits.ts';
import { problem_media_type, problemText } from './problem.ts';
import { idempotency_key_pattern, requestId, sourceOf, traceId } from './request-info.ts';
import { type RequestLine, safe_header_list } from './request-log.ts';

/**
 * The door before the framework, for one kind of request only: a well-formed wish for a slot of which this process
 * has just told many that it is taken (recent-refusals.ts). Everything else, and everything odd, goes on to the
 * framework untouched. The answer is the same to the byte, but for its id.
 */
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export type QuickRefusals = {
  /** The handler with the door before it. */
  readonly before: (handler: Handler) => Handler;
  readonly open: (parts: Parts) => void;
  readonly close: () => void;
};

type Parts = {
  readonly app: App;
  readonly authenticator: Authenticator;
  readonly limit: Limit | null;
  /** Logs and counts one request. */
  readonly note: (line: RequestLine) => void;
};

type Door = Parts & { readonly refusals: RecentRefusals };

type Address = { readonly route: string; readonly access: Access; readonly is_booking: boolean };

/** A wish has 250 bytes or so; what is longer has notes in it, and those need the whole check. */
const body_bytes_max = 1_024;
const status = 409;

const addresses: ReadonlyMap<string, Address> = new Map(
  (['create_reservation', 'create_booking'] as const).flatMap((name) => {
    const endpoint: Endpoint = endpoints[name];
    return addressesOf(endpoint)
      .filter(({ method, path }) => method === 'POST' && !path.includes('{'))
      .map(({ path }) => [
        path,
        { route: path, access: endpoint.access, is_booking: name === 'create_booking' },
      ]);
  }),
);

const media_types: ReadonlySet<string> = new Set([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-8',
]);

/** Narrower than the schema's: lower case, as we write ids ourselves. */
const id_pattern = /^[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

export type Wish = {
  readonly slot_id: string;
  readonly service_id: string;
  readonly user_id: string | null;
};

/**
 * One seat of a slot that is named by its id, if the text says that and nothing else. What this takes, the schema
 * takes too, with the same meaning (a test holds them together); the schema takes more.
 */
export function quickWish(text: string, is_booking: boolean): Wish | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  let slot_id: string | null = null;
  let service_id: string | null = null;
  let user_id: string | null = null;
  let has_pet = false;
  for (const [name, value] of Object.entries(given)) {
    if (name === 'quantity' && value === 1) continue;
    if (name === 'payment_method' && is_booking && value === 'checkout') continue;
    if (typeof value !== 'string' || !id_pattern.test(value)) return null;
    if (name === 'slot_id') slot_id = value;
    else if (name === 'service_id') service_id = value;
    else if (name === 'user_id') user_id = value;
    else if (name === 'pet_id') has_pet = true;
    else return null;
  }
  return slot_id !== null && service_id !== null && has_pet
    ? { slot_id, service_id, user_id }
    : null;
}

/** For whom, as `ownerOf` judges; null where it would refuse. */
function ownerOfWish(principal: Principal, { user_id }: Wish): string | null {
  if (principal.role !== 'customer') return user_id;
  return user_id === null || user_id === principal.user_id ? principal.user_id : null;
}

type Loser = {
  readonly principal: Principal;
  readonly refused: Refused;
  readonly nearest: NonNullable<ReturnType<typeof nearestAtHand>>;
};

/** Who asks and what is in the way; null when it is not for this door to answer. */
function loserOf(
  { app, authenticator, refusals }: Door,
  { access, is_booking }: Address,
  { headers }: IncomingMessage,
  body: Buffer,
): Loser | null {
  if (!media_types.has(headers['content-type'] ?? '')) return null;
  const key = headers['idempotency-key'];
  if (key !== undefined && !(typeof key === 'string' && idempotency_key_pattern.test(key))) {
    return null;
  }
  // Every byte that is not ASCII fails the patterns.
  const wish = quickWish(body.toString('latin1'), is_booking);
  const refused = wish && refusals.find(wish.slot_id);
  if (!wish || !refused || refused.service_id !== wish.service_id) return null;
  const token = bearerToken(headers.authorization);
  const principal = token === null ? null : authenticator.known(token);
  if (principal === null || !mayAccess(principal.role, access)) return null;
  if (principal.clinic_id !== null && principal.clinic_id !== refused.clinic_id) return null;
  const owner = ownerOfWish(principal, wish);
  // Their own hold or booking: PostgreSQL knows what to say.
  if (owner === null || lockOwner(owner) === refused.holder) return null;
  const nearest = nearestAtHand(app, wish.slot_id);
  return nearest === null ? null : { principal, refused, nearest };
}

function answer(
  door: Door,
  { route }: Address,
  started_ms: number,
  { principal, refused, nearest }: Loser,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const request_id = requestId(request);
  const { outcome, ends_at_ms } = refused;
  const headers = [...safe_header_list, 'x-request-id', request_id];
  headers.push('content-type', problem_media_type);
  let facts: { nearest: Loser['nearest']; retry_after_ms?: number } = { nearest };
  if (ends_at_ms !== null) {
    const retry_after_ms = Math.max(1, Math.round(ends_at_ms - performance.now()));
    facts = { nearest, retry_after_ms };
    headers.push('retry-after', String(Math.max(1, Math.ceil(retry_after_ms / 1000))));
  }
  const text = problemText({ code: outcome, detail: refusalDetail(outcome), facts }, request_id);
  headers.push('content-length', String(Buffer.byteLength(text)));
  response.writeHead(status, headers).end(text);
  const ms = performance.now() - started_ms;
  door.note({
    request_id,
    trace_id: traceId(request),
    method: 'POST',
    route,
    status,
    code: outcome,
    ms,
    actor: principal,
    source: sourceOf(request),
  });
}

export function createQuickRefusals(): QuickRefusals {
  let door: Door | null = null;

  const step = (
    handler: Handler,
    address: Address,
    started_ms: number,
    request: IncomingMessage,
    response: ServerResponse,
  ) => {
    const length = request.readableLength;
    const is_whole = request.complete && length > 0 && length <= body_bytes_max;
    const body: unknown = door !== null && is_whole ? request.read() : null;
    if (door === null || !Buffer.isBuffer(body)) return handler(request, response);
    const loser = loserOf(door, address, request, body);
    if (loser !== null && (door.limit === null || door.limit.takes(loser.principal.id))) {
      return answer(door, address, started_ms, loser, request, response);
    }
    // As if nobody had looked: the framework reads it once more.
    request.unshift(body);
    handler(request, response);
  };

  return {
    before: (handler) => (request, response) => {
      if (door === null || request.method !== 'POST' || !door.refusals.isHot()) {
        return handler(request, response);
      }
      const address = addresses.get(request.url ?? '');
      if (address === undefined) return handler(request, response);
      // By then the parser is done with the piece that the head came in, and mostly it is the whole request.
      setImmediate(step, handler, address, performance.now(), request, response);
    },
    open: (parts) => {
      const refusals = refusalsOf(parts.app.locks);
      door = refusals && { ...parts, refusals };
    },
    close: () => {
      door = null;
    },
  };
}
