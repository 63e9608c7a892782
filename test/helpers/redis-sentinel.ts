import { randomBytes } from 'node:crypto';
import { eventually } from './poll.ts';
import { type RedisNode, startNode } from './redis-server.ts';

/** A master with two replicas, watched by three Sentinels. */
export type SentinelGroup = {
  readonly url: string;
  readonly nodes: readonly RedisNode[];
  readonly sentinels: readonly RedisNode[];
  /** The one that the Sentinels name now. */
  readonly master: () => Promise<RedisNode>;
  /** Waits until another one than this is the master, and says which. */
  readonly successorOf: (old: RedisNode) => Promise<RedisNode>;
  /** Waits until both others follow the master. */
  readonly settled: () => Promise<void>;
};

const NAME = 'petpro';
/** Short for a test, long for a machine with two cores on which everything runs. */
const DOWN_AFTER_MS = 1_500;
const SETTLE_MS = 30_000;

/** Starts six servers with a password each; they are gone when the test file ends. */
export async function startSentinelGroup(): Promise<SentinelGroup> {
  const password = randomBytes(12).toString('hex');
  const locked = [`requirepass ${password}`];
  const data = [...locked, `masterauth ${password}`, 'repl-diskless-sync-delay 0'];
  const first = await startNode({ password, config: () => data });
  const follow = [...data, `replicaof 127.0.0.1 ${first.port}`];
  const replica = () => startNode({ password, config: () => follow });
  const nodes = [first, ...(await Promise.all([replica(), replica()]))];
  await eventually(
    'both replicas follow',
    async () => /connected_slaves:2/.test(await first.raw.info('replication')),
    SETTLE_MS,
  );
  const watch = [
    ...locked,
    `sentinel monitor ${NAME} 127.0.0.1 ${first.port} 2`,
    `sentinel auth-pass ${NAME} ${password}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} 6000`,
    `sentinel parallel-syncs ${NAME} 2`,
  ];
  const sentinel = () => startNode({ password, is_sentinel: true, config: () => watch });
  const sentinels = await Promise.all([sentinel(), sentinel(), sentinel()]);
  const ask = (one: RedisNode, ...words: readonly string[]) =>
    one.raw.call('SENTINEL', ...words).catch(() => null);

  const factsOf = async (one: RedisNode): Promise<ReadonlyMap<string, string>> => {
    const reply = await ask(one, 'MASTER', NAME);
    const facts = new Map<string, string>();
    if (!Array.isArray(reply)) return facts;
    for (let at = 0; at < reply.length; at += 2)
      facts.set(String(reply[at]), String(reply[at + 1]));
    return facts;
  };
  const agree = async (probe: (facts: ReadonlyMap<string, string>) => boolean) =>
    (await Promise.all(sentinels.map(factsOf))).every(probe);
  const master = async (): Promise<RedisNode> => {
    const ports = await Promise.all(
      sentinels.map(async (one) => (await factsOf(one)).get('port') ?? ''),
    );
    const named = nodes.find((node) => ports.every((port) => port === String(node.port)));
    return named ?? (await eventually('the Sentinels agree', () => null, 0));
  };
  const masterNow = () => master().catch(() => null);
  const settled = async () => {
    await eventually(
      'three Sentinels know each other and two replicas',
      () =>
        agree(
          (facts) =>
            facts.get('num-slaves') === '2' &&
            facts.get('num-other-sentinels') === '2' &&
            facts.get('flags') === 'master',
        ),
      SETTLE_MS,
    );
    await eventually(
      'two replicas are in step with the master',
      async () => {
        const now = await masterNow();
        const said = await now?.raw.info('replication').catch(() => '');
        return /role:master/.test(said ?? '') && (said?.match(/state=online/g)?.length ?? 0) === 2;
      },
      SETTLE_MS,
    );
  };
  await settled();
  const hosts = sentinels.map(({ address }) => address).join(',');
  return {
    url: `redis+sentinel://:${password}@${hosts}/${NAME}?sentinel_auth=same`,
    nodes,
    sentinels,
    master,
    successorOf: (old) =>
      eventually(
        'the Sentinels name another master',
        async () => {
          const now = await masterNow();
          return now !== null && now !== old ? now : null;
        },
        SETTLE_MS,
      ),
    settled,
  };
}
