import { randomBytes, randomInt } from 'node:crypto';
import { Cluster } from 'ioredis';
import { lockKey } from '../../domain/lock.ts';
import type { LockRequest, LockResult, LockStore } from '../../domain/ports.ts';
import type { Log } from '../../log.ts';
import { loadScript, runScript } from './lua.ts';
import { openRedisClient } from './redis-client.ts';
import { openLockBoard } from './redis-lock-board.ts';
import { createBreakers, type Shard, shardOf, shardsOf } from './redis-shards.ts';

/**
 * Redis outlives the hold by this much, so that PostgreSQL's expiry always comes first. hot-path
 * §7.
 */
export const LOCK_GRACE_MS = 5_000;

/** Seats that one script call looks at, and calls per hold; beyond that PostgreSQL looks itself. */
const SCAN_SEATS = 128;
const SCAN_CALLS = 8;
/** After a failure a Cluster is asked who has which keys; not for each of a thousand holds. */
const REFRESH_EVERY_MS = 500;

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

/**
 * Refusals of a server that is well: a Cluster moves keys, or somebody else's key of another type stands in a
 * lock's place. One such key must not open the breaker for all slots.
 */
const isWell = (error: unknown) =>
  error instanceof Error && /TRYAGAIN|Too many Cluster redirections|WRONGTYPE/.test(error.message);

/**
 * The doorman on Redis 6.2 or Valkey: one server, behind Sentinels, or a Cluster. A loser costs one
 * or two plain commands and never reaches PostgreSQL. No method throws: when Redis is slow or away,
 * `acquire` says `bypass` and PostgreSQL decides alone.
 */
export function openRedisLocks(options: {
  readonly url: string;
  /** A slower doorman is no help: PostgreSQL answers a loser in about a millisecond. */
  readonly timeout_ms: number;
  readonly log: Log;
}): LockStore {
  const { log } = options;
  const redis = openRedisClient({
    url: options.url,
    name: 'petpro-locks',
    timeout_ms: options.timeout_ms,
    batch: true,
    // The breaker reports what matters.
    on_error: (error) => log.debug('locks.connection_error', { err: error }),
  });
  const breakers = createBreakers(breaker_options);
  const scripts = {
    acquire: loadScript('acquire'),
    release: loadScript('release'),
    extend: loadScript('extend'),
  };
  let was = breakers.state();
  // A new connection may lead to another server: a promoted replica has not seen the last locks.
  let connections = 0;
  const countConnection = () => {
    connections += 1;
  };
  redis.on('ready', countConnection);
  if (redis instanceof Cluster) redis.on('+node', countConnection);

  const note = () => {
    const state = breakers.state();
    if (state !== was) log.warn('locks.breaker', { from: was, to: state });
    was = state;
  };

  let refreshed_at = 0;
  const refreshCluster = () => {
    const now = performance.now();
    if (!(redis instanceof Cluster) || now - refreshed_at < REFRESH_EVERY_MS) return;
    refreshed_at = now;
    redis.refreshSlotsCache();
  };

  /**
   * Runs one piece of work under the breaker of its server; `fallback` when it may not or does not
   * succeed.
   */
  const guardedAt = async <T>(shard: string, work: () => Promise<T>, fallback: T): Promise<T> => {
    const breaker = breakers.of(shard);
    if (!breaker.allows()) {
      // Its server may long have been replaced.
      refreshCluster();
      return fallback;
    }
    try {
      const result = await work();
      breaker.succeeded();
      if (was !== 'closed') note();
      return result;
    } catch (error) {
      if (isWell(error)) breaker.succeeded();
      else breaker.failed();
      note();
      log.debug('locks.failed', { err: error });
      refreshCluster();
      return fallback;
    }
  };
  const guarded = <T>(work: () => Promise<T>, fallback: T) => guardedAt('', work, fallback);
  /** All seats of a slot are on one server. */
  const guardedFor = <T>(slot_id: string, work: () => Promise<T>, fallback: T) =>
    guardedAt(shardOf(redis, lockKey(slot_id, 1)), work, fallback);

  const acquireOne = async (request: LockRequest, asked: number[]): Promise<LockResult> => {
    asked.push(1);
    const key = lockKey(request.slot_id, 1);
    const life_ms = request.ttl_ms + LOCK_GRACE_MS;
    const taken = await redis.set(key, request.lock_id, 'PX', life_ms, 'NX');
    if (taken === 'OK') return { outcome: 'acquired', seats: [1] };
    const asked_at_ms = performance.now();
    const [pttl_ms, lock_id] = await Promise.all([redis.pttl(key), redis.get(key)]);
    const holder = ownerOf(lock_id ?? '');
    const result = lost(pttl_ms, holder === ownerOf(request.lock_id));
    return result.outcome === 'locked'
      ? { ...result, holder: holder.slice(0, -1), asked_at_ms }
      : result;
  };

  const acquireSome = async (request: LockRequest, asked: number[]): Promise<LockResult> => {
    const order = seatOrder(request.capacity);
    let free = 0;
    let least_pttl_ms = Number.POSITIVE_INFINITY;
    let is_own = false;
    for (let from = 0; from < order.length; from += SCAN_SEATS) {
      const seats = order.slice(from, from + SCAN_SEATS);
      asked.splice(0, asked.length, ...seats);
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

  const readEpoch = async ({ name, epoch_key }: Shard): Promise<string> => {
    const fresh = randomBytes(8).toString('hex');
    await redis.set(epoch_key, fresh, 'NX');
    return `${name}=${(await redis.get(epoch_key)) ?? fresh}`;
  };

  return {
    acquire: async (request) => {
      const asked: number[] = [];
      const result = await guardedFor<LockResult>(
        request.slot_id,
        () => (request.capacity === 1 ? acquireOne(request, asked) : acquireSome(request, asked)),
        { outcome: 'bypass', reason: 'down' },
      );
      const is_lost = result.outcome === 'bypass' && result.reason === 'down' && asked.length > 0;
      return is_lost ? { ...result, doubtful: asked } : result;
    },
    assign: async (slot_id, seats, lock_id, ttl_ms) => {
      const life_ms = Math.max(ttl_ms, 0) + LOCK_GRACE_MS;
      const assignAll = async () => {
        await Promise.all(
          seats.map((seat) => redis.set(lockKey(slot_id, seat), lock_id, 'PX', life_ms)),
        );
        return true;
      };
      await guardedFor(slot_id, assignAll, false);
    },
    extend: (slot_id, seats, lock_id, ttl_ms) => {
      const keys = seats.map((seat) => lockKey(slot_id, seat));
      const life_ms = Math.max(ttl_ms, 0) + LOCK_GRACE_MS;
      const run = () => runScript(redis, scripts.extend, keys, [lock_id, life_ms]);
      return guardedFor(slot_id, async () => Number(await run()) === 1, false);
    },
    release: (slot_id, seats, lock_id) => {
      const keys = seats.map((seat) => lockKey(slot_id, seat));
      const run = () => runScript(redis, scripts.release, keys, [lock_id]);
      return guardedFor(slot_id, async () => Number(await run()) > 0, false);
    },
    ...openLockBoard(redis, guarded),
    health: async () => {
      const started = performance.now();
      const shards = shardsOf(redis);
      breakers.keep(shards);
      const epochs = await Promise.all(
        shards.map((shard) => guardedAt(shard.name, () => readEpoch(shard), null)),
      );
      const is_up = epochs.every((epoch) => epoch !== null);
      return {
        state: is_up ? 'up' : 'down',
        breaker: breakers.state(),
        latency_ms: is_up ? performance.now() - started : null,
        // Counted after the probe: this very call may have closed a breaker.
        epoch: is_up ? `${epochs.join(',')}:${connections}:${breakers.recoveries()}` : null,
      };
    },
    close: async () => {
      redis.disconnect();
    },
  };
}
