// Everything that the sandbox knows, in memory; a snapshot of it is what `state_file` holds.

import { randomBytes } from 'node:crypto';
import { wireError } from './stripe-form.ts';
import type {
  Charge,
  CheckoutSession,
  Customer,
  Delivery,
  Dispute,
  Job,
  PaymentIntent,
  PaymentMethod,
  Refund,
  SessionExtra,
  StripeEvent,
} from './stripe-types.ts';

/**
 * Objects kept per kind; beyond it the oldest finished one goes. About 2 kB each, so 20 MB at the
 * worst.
 */
const MAX_OBJECTS = 10_000;
/**
 * How many of the oldest objects are looked at for a finished one before the very oldest is
 * dropped.
 */
const EVICTION_SCAN = 200;

type IdempotentAnswer = {
  fingerprint: string;
  path: string;
  status: number;
  body: string;
  request_id: string;
  stored_at_ms: number;
};

export type State = {
  sessions: Map<string, CheckoutSession>;
  extras: Map<string, SessionExtra>;
  intents: Map<string, PaymentIntent>;
  charges: Map<string, Charge>;
  refunds: Map<string, Refund>;
  customers: Map<string, Customer>;
  methods: Map<string, PaymentMethod>;
  disputes: Map<string, Dispute>;
  events: Map<string, StripeEvent>;
  deliveries: Map<string, Delivery>;
  jobs: Map<string, Job>;
  answers: Map<string, IdempotentAnswer>;
};

export function emptyState(): State {
  return {
    sessions: new Map(),
    extras: new Map(),
    intents: new Map(),
    charges: new Map(),
    refunds: new Map(),
    customers: new Map(),
    methods: new Map(),
    disputes: new Map(),
    events: new Map(),
    deliveries: new Map(),
    jobs: new Map(),
    answers: new Map(),
  };
}

/** Seconds since the epoch: the unit of every timestamp on Stripe's wire. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** An id of Stripe's look: a prefix and base-62-like random characters. */
export function newId(prefix: string, bytes = 12): string {
  return `${prefix}${randomBytes(bytes).toString('base64url').replace(/[-_]/g, 'x')}`;
}

const finished: { [K in keyof State]: (state: State, id: string) => boolean } = {
  sessions: (state, id) => state.sessions.get(id)?.status !== 'open',
  extras: (state, id) => state.sessions.get(id)?.status !== 'open',
  intents: (state, id) => ['succeeded', 'canceled'].includes(state.intents.get(id)?.status ?? ''),
  charges: () => true,
  refunds: (state, id) => state.refunds.get(id)?.status !== 'pending',
  customers: () => true,
  methods: () => true,
  disputes: () => true,
  events: () => true,
  deliveries: (state, id) => state.deliveries.get(id)?.status !== 'scheduled',
  jobs: () => false,
  answers: () => true,
};

type Kept<K extends keyof State> = State[K] extends Map<string, infer V> ? V : never;

/** Stores an object under its id and keeps the kind within its bound. */
export function put<K extends keyof State>(
  state: State,
  kind: K,
  id: string,
  value: Kept<K>,
): void {
  const map: Map<string, unknown> = state[kind];
  map.set(id, value);
  if (map.size > MAX_OBJECTS) evictOldest(state, kind);
}

function evictOldest(state: State, kind: keyof State): void {
  const map: Map<string, unknown> = state[kind];
  let first: string | undefined;
  let looked = 0;
  for (const id of map.keys()) {
    first ??= id;
    looked += 1;
    if (finished[kind](state, id)) {
      map.delete(id);
      return;
    }
    if (looked >= EVICTION_SCAN) break;
  }
  if (first !== undefined) map.delete(first);
}

/**
 * The object, or Stripe's answer when there is none: 404 for the address itself, 400 for a
 * parameter that
 * names another object.
 */
export function mustFind<V>(map: Map<string, V>, id: string, resource: string, param?: string): V {
  const value = map.get(id);
  if (value !== undefined) return value;
  throw wireError({
    status: param === undefined ? 404 : 400,
    code: 'resource_missing',
    param: param ?? 'id',
    message: `No such ${resource}: '${id}'`,
  });
}
