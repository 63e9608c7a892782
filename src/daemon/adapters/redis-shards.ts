import { Cluster } from 'ioredis';
import { type Breaker, type BreakerOptions, createBreaker } from './breaker.ts';
import type { RedisClient } from './redis-client.ts';

/** Which server of a Cluster a lock is on, so that the loss of one does not shut the door of all. */

/** Redis Cluster specification: keys fall into this many slots by CRC16 (XMODEM). */
const HASH_SLOTS = 16_384;
/** Gone when somebody flushed or replaced the server: then its locks are gone too. */
const EPOCH_KEY = 'petpro:locks_epoch';
/** Enough different slots that each of a hundred masters has one. */
const EPOCH_TAGS = 1_024;

/** One server that holds locks; a single Redis has the empty name. */
export type Shard = { readonly name: string; readonly epoch_key: string };

/** The hash slot of a key; only what stands in the first braces counts, when something does. */
export function hashSlot(key: string): number {
  const open = key.indexOf('{');
  const close = key.indexOf('}', open + 1);
  const hashed = open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
    }
  }
  return crc % HASH_SLOTS;
}

const epoch_keys = Array.from({ length: EPOCH_TAGS }, (_, tag) => `${EPOCH_KEY}:{${tag}}`);

/** The server that a key's slot belongs to, as far as this process knows. */
export function shardOf(client: RedisClient, key: string): string {
  return client instanceof Cluster ? (client.slots[hashSlot(key)]?.[0] ?? '') : '';
}

/** All servers that hold locks; one nameless one for a single Redis and while a Cluster is unknown. */
export function shardsOf(client: RedisClient): readonly Shard[] {
  if (!(client instanceof Cluster)) return [{ name: '', epoch_key: EPOCH_KEY }];
  const masters = new Set(client.slots.flatMap(([master]) => master ?? []));
  const shards = new Map<string, Shard>();
  for (const epoch_key of epoch_keys) {
    const name = shardOf(client, epoch_key);
    if (name !== '' && !shards.has(name)) shards.set(name, { name, epoch_key });
    if (shards.size === masters.size) break;
  }
  if (shards.size === 0) return [{ name: '', epoch_key: `${EPOCH_KEY}:{0}` }];
  return [...shards.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** One breaker per server. */
export type Breakers = {
  readonly of: (shard: string) => Breaker;
  /** The worst of all. */
  readonly state: () => ReturnType<Breaker['state']>;
  readonly recoveries: () => number;
  /** Forgets servers that hold no locks any more. */
  readonly keep: (shards: readonly Shard[]) => void;
};

/** Makes breakers as servers turn up. */
export function createBreakers(options: BreakerOptions): Breakers {
  const known = new Map<string, Breaker>();
  let forgotten = 0;
  return {
    of: (shard) => {
      const found = known.get(shard) ?? createBreaker(options);
      known.set(shard, found);
      return found;
    },
    state: () => {
      const states = [...known.values()].map((breaker) => breaker.state());
      return states.find((s) => s === 'open') ?? states.find((s) => s === 'half_open') ?? 'closed';
    },
    recoveries: () =>
      [...known.values()].reduce((sum, breaker) => sum + breaker.recoveries(), forgotten),
    keep: (shards) => {
      for (const [name, breaker] of known) {
        if (name === '' || shards.some((shard) => shard.name === name)) continue;
        // Counted on: a count that falls back could look like an earlier state.
        forgotten += breaker.recoveries() + 1;
        known.delete(name);
      }
    },
  };
}
