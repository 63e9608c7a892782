import { randomUUID } from 'node:crypto';
import {
  type Check,
  type Finding,
  fail,
  type Mend,
  pass,
  sentenceOf,
  skip,
  type Tools,
  warn,
} from './checks.ts';
import { askEach, infoField, lookAtRedis, type RedisLook } from './redis-nodes.ts';

/** Checks of Redis: every server behind the address, replicas included. */

const OLDEST = [6, 2] as const;
/** Only PostgreSQL's clock decides; waiting times told to losers come from Redis. */
const SKEW_WARN_MS = 1_000;
const HASH_SLOTS = 16_384;

/** One check: skipped without an address. That nobody answers is told once, by `redis.ping`. */
function check(
  id: string,
  about: string,
  look: (at: RedisLook, tools: Tools) => Promise<Finding>,
): Check {
  return {
    id,
    about,
    look: async (tools) => {
      const { redis_url } = tools;
      if (redis_url === null) return skip('REDIS_URL is not set: PostgreSQL alone decides');
      let is_reached = false;
      try {
        return await lookAtRedis(redis_url, async (at) => {
          is_reached = true;
          return await look(at, tools);
        });
      } catch (error) {
        if (is_reached) throw error;
        if (id !== 'redis.ping') return skip('Redis does not answer');
        const said = `${sentenceOf(error)} at ${new URL(redis_url).host}: PostgreSQL alone decides`;
        return fail(said, 'start Redis, or set REDIS_URL');
      }
    },
  };
}

const unreachable = (silent: readonly string[]) =>
  warn(
    `${silent.join(', ')}: no answer`,
    'the daemon needs every server that can become a master: is it reachable from here?',
  );

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

const ping = check(
  'redis.ping',
  'every server answers, and is new enough',
  async ({ place, nodes }) => {
    const { answers, silent } = await askEach(nodes, async (node) => {
      const started = performance.now();
      await node.ping();
      const ms = performance.now() - started;
      return { ms, version: infoField(await node.info('server'), 'redis_version') ?? '0' };
    });
    const old = [...answers].filter(([, { version }]) => isTooOld(version));
    if (old.length > 0) {
      const said = old.map(([name, { version }]) => `${name} is Redis ${version}`).join(', ');
      return fail(said, `use Redis ${OLDEST.join('.')} or Valkey`);
    }
    if (silent.length > 0) return unreachable(silent);
    const versions = new Set([...answers.values()].map(({ version }) => version));
    const slowest = Math.max(...[...answers.values()].map(({ ms }) => ms)).toFixed(1);
    const servers = nodes.size === 1 ? '' : `, ${nodes.size} servers (${place.kind})`;
    return pass(`Redis ${[...versions].join(' and ')}, ${slowest} ms${servers}`);
  },
);

/** Until its next start; its own file, if it has one, is the administrator's. */
function keepLocks(redis_url: string, wrong: readonly (readonly [string, unknown])[]): Mend {
  const names = wrong.map(([name]) => name);
  return {
    plan: `CONFIG SET maxmemory-policy noeviction on ${names.join(', ')}`,
    run: async () =>
      await lookAtRedis(redis_url, async ({ nodes }) => {
        for (const name of names)
          await nodes.get(name)?.config('SET', 'maxmemory-policy', 'noeviction');
        return 'set; put it into redis.conf too, or the next start forgets it';
      }),
  };
}

const policy = check(
  'redis.policy',
  'no lock can be evicted (noeviction)',
  async ({ nodes }, { redis_url }) => {
    const { answers, silent } = await askEach(nodes, async (node) =>
      infoField(await node.info('memory'), 'maxmemory_policy'),
    );
    const wrong = [...answers].filter(([, found]) => found !== 'noeviction');
    if (wrong.length > 0) {
      const said = wrong.map(([name, found]) => `${name}: maxmemory-policy ${found ?? 'unknown'}`);
      const found = fail(
        `${said.join(', ')}: locks can be evicted`,
        'CONFIG SET maxmemory-policy noeviction, on every server',
      );
      return { ...found, mend: keepLocks(redis_url ?? '', wrong) };
    }
    if (silent.length > 0) return unreachable(silent);
    return pass(`maxmemory-policy noeviction${nodes.size > 1 ? ' on all servers' : ''}`);
  },
);

async function clusterState({ masters }: RedisLook): Promise<Finding> {
  const [first] = masters;
  if (!first) return fail('no master is known', 'redis-cli --cluster check HOST:PORT');
  const info = String(await first.cluster('INFO'));
  const served = Number(infoField(info, 'cluster_slots_ok') ?? 0);
  if (served < HASH_SLOTS) {
    const said = `${HASH_SLOTS - served} of ${HASH_SLOTS} slots are served by nobody`;
    return fail(`${said}: PostgreSQL alone decides there`, 'redis-cli --cluster fix HOST:PORT');
  }
  const followed = await Promise.all(
    masters.map(async (one) =>
      Number(infoField(await one.info('replication'), 'connected_slaves') ?? 0),
    ),
  );
  const lonely = followed.filter((count) => count === 0).length;
  return lonely > 0
    ? warn(`${lonely} of ${masters.length} masters have no replica`, 'add replicas')
    : pass(`Cluster of ${masters.length} masters, each with a replica`);
}

const topology = check(
  'redis.topology',
  'replicas, Sentinels, Cluster: somebody can take over',
  async (look) => {
    const { place, client, nodes } = look;
    if (place.kind === 'cluster') return await clusterState(look);
    const info = await client.info('replication');
    if (infoField(info, 'role') !== 'master') {
      return fail('this server is a replica: it takes no locks', 'set REDIS_URL to the master');
    }
    const replicas = nodes.size - 1;
    if (place.kind === 'single') return pass(`one master, ${replicas} replicas`);
    return replicas > 0
      ? pass(`master of "${place.master}" with ${replicas} replicas`)
      : warn(`master of "${place.master}" without replicas`, 'add a replica: nobody can take over');
  },
);

const clock = check(
  'redis.clock',
  'its clock against that of PostgreSQL',
  async ({ nodes }, tools) => {
    const sql = await tools.sql();
    if (sql === null) return skip('DATABASE_URL is not set and no demo runs');
    const { answers, silent } = await askEach(nodes, async (node) => {
      // PostgreSQL is asked before and after, so that the way to Redis does not count as skew.
      const read = async () => {
        const [row] = await sql<{ now_ms: string }[]>`
        select extract(epoch from clock_timestamp()) * 1000 as now_ms`;
        return Number(row?.now_ms);
      };
      const before_ms = await read();
      const [seconds, micros] = await node.time();
      const after_ms = await read();
      const theirs_ms = Number(seconds) * 1_000 + Number(micros) / 1_000;
      return Math.round(Math.max(before_ms - theirs_ms, theirs_ms - after_ms, 0));
    });
    const worst = [...answers].toSorted(([, a], [, b]) => b - a)[0];
    if (worst === undefined) return unreachable(silent);
    const [name, skew_ms] = worst;
    if (skew_ms <= SKEW_WARN_MS) return pass(`at most ${skew_ms} ms away from PostgreSQL`);
    return warn(
      `${name} is ${skew_ms} ms away from PostgreSQL`,
      'turn on time synchronisation (NTP) on both',
    );
  },
);

const persistence = check(
  'redis.persistence',
  'a full disk does not stop it from taking locks',
  async ({ nodes }) => {
    const { answers, silent } = await askEach(nodes, (node) => node.info('persistence'));
    const broken = [...answers].filter(
      ([, info]) =>
        infoField(info, 'rdb_last_bgsave_status') === 'err' ||
        infoField(info, 'aof_last_write_status') === 'err',
    );
    if (broken.length > 0) {
      return fail(
        `${broken.map(([name]) => name).join(', ')} cannot save, and so refuses writes (MISCONF)`,
        'free its disk, or CONFIG SET save "" : locks need no saving',
      );
    }
    if (silent.length > 0) return unreachable(silent);
    const saving = [...answers.values()].filter((info) => infoField(info, 'aof_enabled') === '1');
    return pass(
      saving.length > 0
        ? 'append-only file on: not needed for locks, docs/redis.md'
        : 'append-only file off: after a restart locks are rebuilt from PostgreSQL',
    );
  },
);

/** Milliseconds that the key of this check lives, should we die in between. */
const PROBE_MS = 5_000;

/** Takes and gives back a lock of its own with the very scripts of the daemon: a stranger's token must not free it. */
const script = check(
  'redis.script',
  'a lock is freed by its own token only (Lua)',
  async ({ client }) => {
    const { loadScript, runScript } = await import('../daemon/adapters/lua.ts');
    const key = `petpro-doctor:{${randomUUID()}}`;
    const release = loadScript('release');
    try {
      await client.set(key, 'ours', 'PX', PROBE_MS, 'NX');
      const by_stranger = Number(await runScript(client, release, [key], ['theirs']));
      const by_us = Number(await runScript(client, release, [key], ['ours']));
      return by_stranger === 0 && by_us === 1
        ? pass('a stranger frees nothing, the holder does')
        : fail(
            `a stranger freed ${by_stranger}, the holder ${by_us}`,
            'use Redis or Valkey itself',
          );
    } catch (error) {
      const said = `scripts are refused: ${sentenceOf(error)}`;
      return fail(
        `${said}; locks would stay until their time is over`,
        'allow EVAL and EVALSHA (ACL)',
      );
    } finally {
      await client.del(key).catch(() => {});
    }
  },
);

export const checks_redis: readonly Check[] = [ping, policy, topology, clock, persistence, script];
