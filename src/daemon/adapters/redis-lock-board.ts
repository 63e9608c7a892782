import type { Redis } from 'ioredis';
import { LOCK_PREFIX } from '../../domain/lock.ts';
import type { LockEntry, LockStore } from '../../domain/ports.ts';
import { loadScript, runScript } from './lua.ts';
import { mastersOf, type RedisClient } from './redis-client.ts';

/** What operators do with locks: look at all of them, at one, and delete one by its content. */

/** Keys that one SCAN looks at, and calls at most: a shared Redis may hold millions of others. */
const SCAN_COUNT = 1_000;
const SCANS_MAX = 1_000;
/** Far above the holds that a region has at once. */
const ENTRIES_MAX = 20_000;
/** Keys read in one turn, so that holds in between wait for a millisecond only. */
const READ_BATCH = 250;

type Guarded = <T>(work: () => Promise<T>, fallback: T) => Promise<T>;

/** A script's reply about one key. */
function entryOf(key: string, reply: unknown): LockEntry | 'none' {
  if (!Array.isArray(reply) || reply.length === 0) return 'none';
  const [head, length, token, pttl_ms] = reply;
  const is_short_text = length >= 0 && length <= 200;
  return {
    key,
    value: is_short_text ? String(head) : null,
    token: String(token),
    ttl_ms: Number(pttl_ms) < 0 ? null : Number(pttl_ms),
  };
}

type Scan = { readonly keys: readonly Buffer[]; readonly complete: boolean };

/** Keys of every master; one that is moving may be seen twice, and SCAN may give a key twice, too. */
async function scanKeys(client: RedisClient): Promise<Scan> {
  const masters = mastersOf(client);
  if (masters.length === 0) throw new Error('No master of the Cluster is known');
  const found = new Map<string, Buffer>();
  let complete = true;
  for (const redis of masters) {
    complete = (await scanServer(redis, found)) && complete;
  }
  return { keys: [...found.values()].slice(0, ENTRIES_MAX), complete };
}

async function scanServer(redis: Redis, found: Map<string, Buffer>): Promise<boolean> {
  let cursor = '0';
  for (let scans = 0; scans < SCANS_MAX && found.size < ENTRIES_MAX; scans += 1) {
    const [next, keys] = await redis.scanBuffer(
      cursor,
      'MATCH',
      `${LOCK_PREFIX}*`,
      'COUNT',
      SCAN_COUNT,
    );
    for (const key of keys) found.set(key.toString('latin1'), key);
    cursor = next.toString();
    if (cursor === '0') return true;
  }
  return false;
}

/** The operators' part of the lock store. One key per script call, so that it works on a Cluster's nodes too. */
export function openLockBoard(
  redis: RedisClient,
  guarded: Guarded,
): Pick<LockStore, 'list' | 'inspect' | 'forceRelease'> {
  const scripts = { inspect: loadScript('inspect'), force_release: loadScript('force-release') };
  const read = async (key: Buffer | string) =>
    entryOf(key.toString('utf8'), await runScript(redis, scripts.inspect, [key], []));

  return {
    list: async () => {
      const scanned = await guarded(() => scanKeys(redis), null);
      if (scanned === null) return null;
      const { keys, complete } = scanned;
      const entries: LockEntry[] = [];
      for (let from = 0; from < keys.length; from += READ_BATCH) {
        const batch = keys.slice(from, from + READ_BATCH);
        const found = await guarded(() => Promise.all(batch.map(read)), null);
        if (found === null) return null;
        entries.push(...found.filter((entry) => entry !== 'none'));
      }
      return { entries, complete };
    },
    inspect: (key) => guarded(() => read(key), null),
    forceRelease: (key, token, above_ms) =>
      guarded(async () => {
        const reply = await runScript(redis, scripts.force_release, [key], [token, above_ms]);
        return reply === 1 ? 'released' : reply === 0 ? 'none' : 'changed';
      }, 'down'),
  };
}
