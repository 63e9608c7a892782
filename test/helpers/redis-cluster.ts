import { randomBytes } from 'node:crypto';
import { Cluster } from 'ioredis';
import { afterAll } from 'vitest';
import { freePort } from '../../src/sandbox/process.ts';
import { eventually } from './poll.ts';
import { type RedisNode, startNode } from './redis-server.ts';

/** Three masters with a replica each. */
export type RedisCluster = {
  readonly url: string;
  readonly nodes: readonly RedisNode[];
  /** A client of the tests' own. */
  readonly raw: Cluster;
  /** The master that serves a hash slot now; `not_asked` may be frozen or out of date. */
  readonly ownerOf: (slot: number, not_asked?: RedisNode) => Promise<RedisNode>;
  /** One command about one key, answered by whoever owns the key; for when a node is frozen. */
  readonly ask: (not_asked: RedisNode | null, command: string, key: string) => Promise<unknown>;
  readonly idOf: (node: RedisNode) => Promise<string>;
  /** Waits until every node sees all slots served and each master with a replica in step. */
  readonly settled: () => Promise<void>;
};

const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 1_500;
const SETTLE_MS = 40_000;

async function startMember(password: string): Promise<RedisNode> {
  const bus_port = await freePort();
  return await startNode({
    password,
    config: () => [
      'cluster-enabled yes',
      'cluster-config-file nodes.conf',
      `cluster-port ${bus_port}`,
      `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
      'cluster-require-full-coverage no',
      'repl-diskless-sync-delay 0',
      `requirepass ${password}`,
      `masterauth ${password}`,
    ],
  });
}

/** The port that other nodes talk to; it is not the default one (port + 10000), which may be taken. */
async function busPort(node: RedisNode): Promise<string> {
  const [mine = ''] = String(await node.raw.cluster('NODES')).split('\n');
  return /@(\d+)/.exec(mine)?.[1] ?? '';
}

const idOf = async (node: RedisNode) => String(await node.raw.call('CLUSTER', 'MYID'));

async function isWhole(node: RedisNode): Promise<boolean> {
  const info = String(await node.raw.call('CLUSTER', 'INFO').catch(() => ''));
  const replication = await node.raw.info('replication').catch(() => '');
  return (
    /cluster_state:ok/.test(info) &&
    /cluster_slots_ok:16384/.test(info) &&
    /cluster_known_nodes:6/.test(info) &&
    (/role:master/.test(replication)
      ? /slave0:.*state=online/.test(replication)
      : /master_link_status:up/.test(replication))
  );
}

/** Starts six servers and makes them a Cluster; they are gone when the test file ends. */
export async function startCluster(): Promise<RedisCluster> {
  const password = randomBytes(12).toString('hex');
  const nodes = await Promise.all(Array.from({ length: 6 }, () => startMember(password)));
  const [first, ...others] = nodes;
  if (!first) throw new Error('no node');
  for (const other of others) {
    const bus_port = await busPort(other);
    await first.raw.call('CLUSTER', 'MEET', '127.0.0.1', String(other.port), bus_port);
  }
  const masters = nodes.slice(0, 3);
  const share = Math.ceil(SLOTS / masters.length);
  for (const [index, master] of masters.entries()) {
    const from = index * share;
    const length = Math.min(share, SLOTS - from);
    const slots = Array.from({ length }, (_, at) => String(from + at));
    await master.raw.call('CLUSTER', 'ADDSLOTS', ...slots);
  }
  await eventually(
    'every node knows every other',
    async () => {
      const seen = await Promise.all(nodes.map(({ raw }) => raw.call('CLUSTER', 'INFO')));
      return seen.every((info) => /cluster_known_nodes:6/.test(String(info)));
    },
    SETTLE_MS,
  );
  for (const [index, replica] of nodes.slice(3).entries()) {
    const id = await idOf(masters[index] ?? first);
    await eventually('the replica is taken', () =>
      replica.raw.call('CLUSTER', 'REPLICATE', id).catch(() => null),
    );
  }
  const settled = async () => {
    await eventually(
      'all slots are served and each master has a replica',
      async () => (await Promise.all(nodes.map(isWhole))).every(Boolean),
      SETTLE_MS,
    );
  };
  await settled();
  const raw = new Cluster(
    nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { redisOptions: { password, commandTimeout: 5_000 } },
  );
  raw.on('error', () => {});
  afterAll(() => raw.disconnect());
  await eventually('the tests are connected', () => raw.status === 'ready');
  const hosts = nodes.map(({ address }) => address).join(',');
  return {
    url: `redis+cluster://:${password}@${hosts}`,
    nodes,
    raw,
    // All but the owner answer MOVED.
    ask: (not_asked, command, key) =>
      Promise.any(
        nodes.filter((node) => node !== not_asked).map(({ raw: one }) => one.call(command, key)),
      ),
    idOf,
    ownerOf: async (slot, not_asked) => {
      const asked = nodes.filter((node) => node !== not_asked);
      const healthy = await Promise.any(asked.map(({ raw: one }) => one.call('CLUSTER', 'SLOTS')));
      const range = (healthy as [number, number, [string, number]][]).find(
        ([from, to]) => from <= slot && slot <= to,
      );
      const node = nodes.find(({ port }) => port === range?.[2][1]);
      if (!node) throw new Error(`nobody serves ${slot}`);
      return node;
    },
    settled,
  };
}
