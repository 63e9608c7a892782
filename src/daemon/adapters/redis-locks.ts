import { randomBytes, randomInt } from 'node:crypto';
import { Redis } from 'ioredis';
import { lockKey } from '../../domain/lock.ts';
import type { LockRequest, LockResult, LockStore } from '../../domain/ports.ts';
import type { Log } from '../../log.ts';
import { createBreaker } from './breaker.ts';
import { loadScript, runScript } from './lua.ts';
import { openLockBoard } from './redis-lock-board.ts';

/**
 * Redis outlives the hold by this much, so that PostgreSQL's expiry always comes first. hot-path
 * §7.
 */
export const LOCK_GRACE_MS = 5_000;

const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT_MAX_MS = 2_000;
/** Seats that one script call looks at, and calls per hold; beyond that PostgreSQL looks itself. */
const SCAN_SEATS = 128;
const SCAN_CALLS = 8;
/** Gone when somebody flushed or replaced the server: then the locks are gone too. */
const EPOCH_KEY = 'petpro:locks_epoch';

const breaker_options = {
  failures: 5,
  window_ms: 10_000,
  open_ms: 500,
  open_max_ms: 4_000,
  probe_ms: 1_000,
};

const ownerOf = (lock_id: string) => lock_id.slice(0, lock_id.indexOf('.') + 1);

/** All seats, from a random one on: contenders do not fight over seat 1 first. */
function seatOrder(capacity: number): readonly number[] {
  const start = randomInt(capacity);
  const looked_at = Math.min(capacity, SCAN_SEATS * SCAN_CALLS);
  return Array.from({ length: looked_at }, (_, step) => ((start + step) % capacity) + 1);
}

function lost(pttl_ms: number, is_own: boolean): LockResult {
  if (is_own) return { outcome: 'bypass', reason: 'own' };
  // No end (not our doing), already gone, or living on its grace: only PostgreSQL knows.
  if (pttl_ms <= LOCK_GRACE_MS) return { outcome: 'bypass', reason: 'overdue' };
  return { outcome: 'locked', retry_after_ms: pttl_ms - LOCK_GRACE_MS };
}

function numbers(reply: unknown): readonly number[] {
  if (!Array.isArray(reply)) throw new Error('acquire.lua answered no list');
  return reply.map(Number);
}

function connect(url: string, timeout_ms: number, log: Log): Redis {
  const redis = new Redis(url, {
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: timeout_ms,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), RECONNECT_MAX_MS),
    connectionName: 'petpro-locks',
  });
  // Without a listener ioredis prints to the console; the breaker reports what matters.
  redis.on('error', (error: Error) => log.debug('locks.connection_error', { err: error }));
  return redis;
}

/**
 * The doorman on Redis 6.2 or Valkey. A loser costs one or two plain commands and never reaches
 * PostgreSQL. No method throws: when Redis is slow or away, `acquire` says `bypass` and PostgreSQL
 * decides alone.
 */
export function openRedisLocks(options: {
  readonly url: string;
  /** A slower doorman is no help: PostgreSQL answers a loser in about a millisecond. */
  readonly timeout_ms: number;
  readonly log: Log;
}): LockStore {
  const { log } = options;
  const redis = connect(options.url, options.timeout_ms, log);
  const breaker = createBreaker(breaker_options);
  const scripts = {
    acquire: loadScript('acquire'),
    release: loadScript('release'),
    extend: loadScript('extend'),
  };
  let was = breaker.state();

  const note = () => {
    const state = breaker.state();
    if (state !== was) log.warn('locks.breaker', { from: was, to: state });
    was = state;
  };

  /** Runs one piece of work under the breaker; `fallback` when it may not or does not succeed. */
  const guarded = async <T>(work: () => Promise<T>, fallback: T): Promise<T> => {
    if (!breaker.allows()) return fallback;
    try {
      const result = await work();
      breaker.succeeded();
      if (was !== 'closed') note();
      return result;
    } catch (error) {
      breaker.failed();
      note();
      log.debug('locks.failed', { err: error });
      return fallback;
    }
  };

  const acquireOne = async (request: LockRequest): Promise<LockResult> => {
    const key = lockKey(request.slot_id, 1);
    const life_ms = request.ttl_ms + LOCK_GRACE_MS;
    const taken = await redis.set(key, request.lock_id, 'PX', life_ms, 'NX');
    if (taken === 'OK') return { outcome: 'acquired', seats: [1] };
    const [pttl_ms, holder] = await Promise.all([redis.pttl(key), redis.get(key)]);
    return lost(pttl_ms, ownerOf(holder ?? '') === ownerOf(request.lock_id));
  };

  const acquireSome = async (request: LockRequest): Promise<LockResult> => {
    const order = seatOrder(request.capacity);
    let free = 0;
    let least_pttl_ms = Number.POSITIVE_INFINITY;
    let is_own = false;
    for (let from = 0; from < order.length; from += SCAN_SEATS) {
      const seats = order.slice(from, from + SCAN_SEATS);
      const reply = numbers(
        await runScript(
          redis,
          scripts.acquire,
          seats.map((seat) => lockKey(request.slot_id, seat)),
          [request.lock_id, request.quantity, request.ttl_ms + LOCK_GRACE_MS],
        ),
      );
      const [taken, ...rest] = reply;
      if (taken === 1) {
        const acquired = rest.flatMap((position) => seats[position - 1] ?? []);
        return { outcome: 'acquired', seats: acquired };
      }
      free += rest[0] ?? 0;
      if (rest[1] !== undefined && rest[1] !== -2) {
        least_pttl_ms = Math.min(least_pttl_ms, rest[1]);
      }
      is_own ||= rest[2] === 1;
    }
    // Enough seats are free, only not within one script call; or there are more than we look at.
    if (free >= request.quantity || order.length < request.capacity) {
      return { outcome: 'bypass', reason: 'unsure' };
    }
    return lost(Number.isFinite(least_pttl_ms) ? least_pttl_ms : 0, is_own);
  };

  const readEpoch = async (): Promise<string> => {
    const fresh = randomBytes(8).toString('hex');
    await redis.set(EPOCH_KEY, fresh, 'NX');
    return (await redis.get(EPOCH_KEY)) ?? fresh;
  };

  return {
    acquire: (request) =>
      guarded(() => (request.capacity === 1 ? acquireOne(request) : acquireSome(request)), {
        outcome: 'bypass',
        reason: 'down',
      }),
    assign: async (slot_id, seats, lock_id, ttl_ms) => {
      const life_ms = Math.max(ttl_ms, 0) + LOCK_GRACE_MS;
      await guarded(async () => {
        await Promise.all(
          seats.map((seat) => redis.set(lockKey(slot_id, seat), lock_id, 'PX', life_ms)),
        );
        return true;
      }, false);
    },
    extend: (slot_id, seats, lock_id, ttl_ms) => {
      const keys = seats.map((seat) => lockKey(slot_id, seat));
      const life_ms = Math.max(ttl_ms, 0) + LOCK_GRACE_MS;
      const run = () => runScript(redis, scripts.extend, keys, [lock_id, life_ms]);
      return guarded(async () => Number(await run()) === 1, false);
    },
    release: (slot_id, seats, lock_id) => {
      const keys = seats.map((seat) => lockKey(slot_id, seat));
      const run = () => runScript(redis, scripts.release, keys, [lock_id]);
      return guarded(async () => Number(await run()) > 0, false);
    },
    ...openLockBoard(redis, guarded),
    health: async () => {
      const started = performance.now();
      const epoch = await guarded(readEpoch, null);
      return {
        state: epoch === null ? 'down' : 'up',
        breaker: breaker.state(),
        latency_ms: epoch === null ? null : performance.now() - started,
        // Read after the probe: this very call may have closed the breaker.
        epoch: epoch === null ? null : `${epoch}:${breaker.recoveries()}`,
      };
    },
    close: async () => {
      redis.disconnect();
    },
  };
}
