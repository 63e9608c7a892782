import { once } from 'node:events';
import { Cluster, type Redis } from 'ioredis';
import { parseRedisUrl, type RedisPlace } from '../config-redis.ts';
import { mastersOf, openRedisClient, type RedisClient } from '../daemon/adapters/redis-client.ts';

/** All servers behind one address of Redis, for looking at each of them. */

/** One command, and one connection. */
const TIMEOUT_MS = 2_500;

export type RedisLook = {
  readonly place: RedisPlace;
  /** As the daemon uses it: writes go where they must. */
  readonly client: RedisClient;
  readonly masters: readonly Redis[];
  /** Masters and replicas, as `host:port`. */
  readonly nodes: ReadonlyMap<string, Redis>;
};

const nameOf = ({ options }: Redis) => `${options.host}:${options.port}`;

/** The replicas that a master tells of; a promoted one serves the holds of tomorrow. */
async function replicasOf(master: Redis, opened: Redis[]): Promise<readonly [string, Redis][]> {
  const info = await master.info('replication');
  return [...info.matchAll(/^slave\d+:ip=([^,]+),port=(\d+)/gm)].map(([, host = '', port]) => {
    const override = { host, port: Number(port), sentinels: undefined, enableOfflineQueue: true };
    const replica = master.duplicate({ ...override, readOnly: true, retryStrategy: () => null });
    replica.on('error', () => {});
    opened.push(replica);
    return [`${host}:${port}`, replica];
  });
}

/** Opens everything behind the address, works with it and closes it. */
export async function lookAtRedis<T>(
  url: string,
  work: (look: RedisLook) => Promise<T>,
): Promise<T> {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const client = openRedisClient({
    url,
    name: 'petpro-doctor',
    timeout_ms: TIMEOUT_MS,
    on_error: (error) => failed.reject(error),
  });
  const opened: Redis[] = [];
  try {
    const ready = once(client, 'ready', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await Promise.race([ready, failed.promise]);
    const masters = mastersOf(client);
    const nodes = new Map<string, Redis>();
    if (client instanceof Cluster) {
      for (const node of client.nodes('all')) nodes.set(nameOf(node), node);
    } else {
      const { remoteAddress, remotePort } = addressOf(client);
      nodes.set(`${remoteAddress}:${remotePort}`, client);
      for (const [name, replica] of await replicasOf(client, opened)) nodes.set(name, replica);
    }
    return await work({ place: parseRedisUrl(url), client, masters, nodes });
  } finally {
    for (const redis of opened) redis.disconnect();
    client.disconnect();
  }
}

/** Where the connection really leads: Sentinels decide that, not the options. */
function addressOf(client: Redis): { remoteAddress: string; remotePort: number } {
  const { remoteAddress = '', remotePort = 0 } = client.stream as {
    readonly remoteAddress?: string;
    readonly remotePort?: number;
  };
  return { remoteAddress, remotePort };
}

/** Asks every server; those that do not answer are named apart. */
export async function askEach<T>(
  nodes: ReadonlyMap<string, Redis>,
  ask: (node: Redis) => Promise<T>,
): Promise<{ readonly answers: ReadonlyMap<string, T>; readonly silent: readonly string[] }> {
  const answers = new Map<string, T>();
  const silent: string[] = [];
  await Promise.all(
    [...nodes].map(async ([name, node]) => {
      try {
        answers.set(name, await ask(node));
      } catch {
        silent.push(name);
      }
    }),
  );
  return { answers, silent };
}

/** One figure or word of an INFO answer. */
export function infoField(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}
