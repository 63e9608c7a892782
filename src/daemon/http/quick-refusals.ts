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
import { quickWish, type Wish } from './quick-wish.ts';
import { idempotency_key_pattern, requestId, sourceOf, traceId } from './request-info.ts';
import { type RequestLine, safe_header_list } from './request-log.ts';

/**
 * The door before the framework, for one kind of request only: a well-formed wish for a slot that a crowd wants and of
 * which this process has just told one of them that it is taken (recent-refusals.ts). Everything else, and everything
 * odd, goes on to the framework untouched. The answer is the framework's own but for its id.
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
/** After that a request goes its own way. */
const waits_max = 2;

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

/** For whom, as `ownerOf` judges; null where it would refuse. */
function ownerOfWish(principal: Principal, { user_id }: Wish): string | null {
  if (principal.role !== 'customer') return user_id;
  return user_id === null || user_id === principal.user_id ? principal.user_id : null;
}

type Caller = {
  readonly principal: Principal;
  readonly wish: Wish;
  /** As in lock_ids. */
  readonly owner: string;
};

/** Who wants what, if it is for this door; everybody else has to do with the framework. */
function callerOf(
  { authenticator }: Door,
  { access, is_booking }: Address,
  { headers }: IncomingMessage,
  body: Buffer,
): Caller | null {
  if (!media_types.has(headers['content-type'] ?? '')) return null;
  const key = headers['idempotency-key'];
  if (key !== undefined && !(typeof key === 'string' && idempotency_key_pattern.test(key))) {
    return null;
  }
  // Every byte that is not ASCII fails the patterns.
  const wish = quickWish(body.toString('latin1'), is_booking);
  const token = wish === null ? null : bearerToken(headers.authorization);
  const principal = token === null ? null : authenticator.known(token);
  if (wish === null || principal === null || !mayAccess(principal.role, access)) return null;
  const owner = ownerOfWish(principal, wish);
  return owner === null ? null : { principal, wish, owner: lockOwner(owner) };
}

/** Whether what many were told is for this caller too. */
function isLoser({ principal, wish, owner }: Caller, refused: Refused): boolean {
  if (refused.service_id !== wish.service_id) return false;
  if (principal.clinic_id !== null && principal.clinic_id !== refused.clinic_id) return false;
  // Their own hold or booking: PostgreSQL knows what to say.
  return owner !== refused.holder;
}

type Visit = {
  readonly address: Address;
  readonly started_ms: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};

/** The refusal, written as the framework's handler would write it; false when it is not for this caller. */
function refuse(door: Door, visit: Visit, caller: Caller, refused: Refused): boolean {
  const { request, response, address, started_ms } = visit;
  const { principal, wish } = caller;
  if (!isLoser(caller, refused)) return false;
  const nearest = nearestAtHand(door.app, wish.slot_id);
  if (nearest === null) return false;
  if (door.limit !== null && !door.limit.takes(principal.id)) return false;
  const request_id = requestId(request);
  const { outcome, ends_at_ms } = refused;
  const headers = [...safe_header_list, 'x-request-id', request_id];
  headers.push('content-type', problem_media_type);
  let facts: { nearest: typeof nearest; retry_after_ms?: number } = { nearest };
  if (ends_at_ms !== null) {
    const retry_after_ms = Math.max(1, Math.round(ends_at_ms - performance.now()));
    facts = { nearest, retry_after_ms };
    headers.push('retry-after', String(Math.max(1, Math.ceil(retry_after_ms / 1000))));
  }
  const text = problemText({ code: outcome, detail: refusalDetail(outcome), facts }, request_id);
  headers.push('content-length', String(Buffer.byteLength(text)));
  // To its end, so that the connection is ready for the next request.
  request.read();
  response.writeHead(status, headers).end(text);
  door.note({
    request_id,
    trace_id: traceId(request),
    method: 'POST',
    route: address.route,
    status,
    code: outcome,
    ms: performance.now() - started_ms,
    actor: principal,
    source: sourceOf(request),
  });
  return true;
}

/**
 * Has a request wait while another of its crowd asks, then answers it or gives it on. It waits `waits_max` times for
 * `WAIT_MS` at most.
 */
function waitFor(door: Door, visit: Visit, caller: Caller, giveOn: () => void, waits = 1): void {
  const { slot_id } = caller.wish;
  door.refusals.wait(slot_id, (refused) => {
    const look = waits < waits_max && refused === null ? door.refusals.look(slot_id, false) : 'ask';
    const found = refused ?? look;
    if (found === 'wait') waitFor(door, visit, caller, giveOn, waits + 1);
    else if (found === 'ask' || !refuse(door, visit, caller, found)) giveOn();
  });
}

export function createQuickRefusals(): QuickRefusals {
  let door: Door | null = null;

  const step = (handler: Handler, visit: Visit) => {
    const { request, response, address } = visit;
    const length = request.readableLength;
    const is_whole = request.complete && length > 0 && length <= body_bytes_max;
    const body: unknown = door !== null && is_whole ? request.read() : null;
    if (door === null || !Buffer.isBuffer(body)) return handler(request, response);
    const caller = callerOf(door, address, request, body);
    const found = caller === null ? 'ask' : door.refusals.look(caller.wish.slot_id, true);
    const is_told = caller !== null && typeof found === 'object';
    if (is_told && refuse(door, visit, caller, found)) return;
    // As if nobody had looked; now, because after its end nothing can be put back.
    request.unshift(body);
    if (caller === null || found !== 'wait') return handler(request, response);
    waitFor(door, visit, caller, () => {
      // Its sender may be gone by then.
      if (request.destroyed) response.destroy();
      else handler(request, response);
    });
  };

  return {
    before: (handler) => (request, response) => {
      if (door === null || request.method !== 'POST') return handler(request, response);
      const address = addresses.get(request.url ?? '');
      if (address === undefined) return handler(request, response);
      // By then the parser is done with the piece that the head came in, and mostly it is the whole request.
      const visit = { address, started_ms: performance.now(), request, response };
      setImmediate(step, handler, visit);
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
