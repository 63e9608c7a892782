import { afterAll, expect } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { openApp } from '../../src/daemon/app.ts';
import type { App } from '../../src/daemon/app-types.ts';
import { createFeed } from '../../src/daemon/workers/feed.ts';
import { createLockKeeper } from '../../src/daemon/workers/keep-locks.ts';
import { startLoop } from '../../src/daemon/workers/loop.ts';
import { createRelay } from '../../src/daemon/workers/relay.ts';
import { openEventStream } from '../../src/daemon/workers/stream.ts';
import { AppError } from '../../src/domain/errors.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { openLog } from '../../src/log.ts';
import { makeWorld, rivalOf, type World } from '../actions/world.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';

/** What `petpro serve` has by default: an absent Redis must not be waited for. */
const REDIS_TIMEOUT = '150ms';
/** A hold in trouble: the doorman's time, the judge's, and a busy machine. No hang. */
export const SLOW_MS = 5_000;
/** From a Redis that answers again to locks that say what PostgreSQL says. design §9. */
const REBUILT_MS = 5_000;
const RIVALS = 4;
/** Slots of a round: on a Cluster they are on all masters. */
const SLOTS = 6;

export type Round = { readonly worst_ms: number; readonly held: readonly World[] };

export type FailoverBench = {
  readonly app: App;
  readonly sql: TestDatabase['sql'];
  /** Rivals for new slots: one wins each, the others learn so, and nobody waits. */
  readonly fight: () => Promise<Round>;
  /** Fights until the condition holds, and tells the longest wait of all. */
  readonly fightUntil: (what: string, done: () => Promise<unknown>) => Promise<number>;
  /** Waits until each pending hold has its own lock, read by `get`. Fails after the goal's 5 s. */
  readonly rebuilt: (get: (key: string) => Promise<unknown>) => Promise<void>;
  /** Publishes all events; tells how many stand in the stream and how many there are. */
  readonly publish: (count: () => Promise<unknown>) => Promise<void>;
};

async function tryHold(app: App, who: Pick<World, 'who' | 'wish'>) {
  const started = performance.now();
  try {
    await createReservation(app, who.who, who.wish, { idempotency_key: null });
    return { code: 'won', ms: performance.now() - started };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { code: error.code, ms: performance.now() - started };
  }
}

async function fightOver(app: App): Promise<{ readonly world: World; readonly worst_ms: number }> {
  const world = await makeWorld(app.sql);
  const rivals = [];
  for (let at = 0; at < RIVALS; at += 1) rivals.push(await rivalOf(app.sql, world));
  const tries = await Promise.all([world, ...rivals].map((who) => tryHold(app, who)));
  expect(tries.filter(({ code }) => code === 'won')).toHaveLength(1);
  for (const { code } of tries) expect(['won', 'slot_taken', 'slot_locked']).toContain(code);
  return { world, worst_ms: Math.max(...tries.map(({ ms }) => ms)) };
}

/** The back end of one test file at this Redis, with the worker that keeps locks. */
export async function openFailoverBench(redis_url: string): Promise<FailoverBench> {
  const database = await createTestDatabase({ max: 4 });
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: redis_url,
    PETPRO_REDIS_TIMEOUT_MS: REDIS_TIMEOUT,
  };
  const level = process.env['PETPRO_TEST_LOG'] ? 'debug' : 'silent';
  const app = await openApp(loadConfig({ env }), openLog({ level }));
  afterAll(() => app[Symbol.asyncDispose]());
  const keeper = startLoop(app, createLockKeeper());
  afterAll(() => keeper.stop());
  const feed = createFeed(app);
  afterAll(() => feed.stop());
  const stream = openEventStream({ url: redis_url, log: app.log });
  afterAll(() => stream.close());
  const relay = createRelay({ feed, stream });
  const never = new AbortController().signal;

  const fight = async (): Promise<Round> => {
    const fights = await Promise.all(Array.from({ length: SLOTS }, () => fightOver(app)));
    return {
      worst_ms: Math.max(...fights.map(({ worst_ms }) => worst_ms)),
      held: fights.map(({ world }) => world),
    };
  };
  return {
    app,
    sql: database.sql,
    fight,
    fightUntil: async (what, done) => {
      let worst_ms = 0;
      await eventually(
        what,
        async () => {
          const round = await fight();
          worst_ms = Math.max(worst_ms, round.worst_ms);
          return await done();
        },
        30_000,
      );
      return worst_ms;
    },
    rebuilt: async (get) => {
      const holds = await database.sql<{ slot_id: string; seat: number; lock_id: string }[]>`
        select slot_id, unnest(seats) as seat, lock_id
        from reservations
        where status = 'pending' and expires_at > now()`;
      expect(holds.length).toBeGreaterThanOrEqual(SLOTS);
      await eventually(
        'every hold has its lock',
        async () => {
          const locks = await Promise.all(
            holds.map(async ({ slot_id, seat, lock_id }) => {
              return (await get(lockKey(slot_id, seat)).catch(() => null)) === lock_id;
            }),
          );
          return locks.every(Boolean);
        },
        REBUILT_MS,
      );
    },
    publish: async (count) => {
      await eventually(
        'the stream has every event',
        async () => {
          await relay.tick(app, never);
          const [row] = await database.sql<{ events: number }[]>`
            select count(sequence)::integer as events from booking_events_outbox`;
          return (await count().catch(() => -1)) === row?.events;
        },
        20_000,
      );
    },
  };
}
