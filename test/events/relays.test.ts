import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { sequenceEvents } from '../../src/daemon/store/outbox.ts';
import { createFeed } from '../../src/daemon/workers/feed.ts';
import { startLoop } from '../../src/daemon/workers/loop.ts';
import { createRelay } from '../../src/daemon/workers/relay.ts';
import { STREAM_KEY } from '../../src/daemon/workers/stream.ts';
import { openCrashBench, patiently } from '../crash/bench.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { openOpsBench } from '../ops/bench.ts';
import { publishAll, writeStories } from './bench.ts';

// Several daemons on two cores take their time.
vi.setConfig({ testTimeout: 120_000 });

test('four relays, two of them killed mid-batch: each event once, each story in order', async () => {
  const bench = await openCrashBench(await createTestDatabase({ max: 6 }));
  const { sql, start, raw } = bench;
  const early = await writeStories(sql, { stories: 20, chapters: 50 });
  const dying = await Promise.all([
    start({ PETPRO_ONLY: 'relay', PETPRO_FAILPOINT: 'after-sequence' }),
    start({ PETPRO_ONLY: 'relay', PETPRO_FAILPOINT: 'after-fan-out' }),
  ]);
  // The lock lets one work at a time: the second has its turn when the first is dead.
  const relays = [start({ PETPRO_ONLY: 'relay' }), start({ PETPRO_ONLY: 'relay' })];
  const late = await writeStories(sql, { stories: 20, chapters: 50 });
  await Promise.all(relays);
  expect(await Promise.race(dying.map(({ ended }) => ended))).toBe('SIGKILL');
  await patiently('all is out', async () => {
    const [row] = await sql<{ left: number }[]>`
      select count(*) as left from booking_events_outbox where not published`;
    return row?.left === 0;
  });
  const rows = await sql<{ aggregate_id: string; chapter: number; attempts: number }[]>`
    select aggregate_id, (payload ->> 'chapter')::int as chapter, attempts
    from booking_events_outbox order by sequence`;
  expect(rows).toHaveLength(early + late);
  expect(new Set(rows.map(({ attempts }) => attempts))).toEqual(new Set([1]));
  const heard = new Map<string, number>();
  for (const { aggregate_id, chapter } of rows) {
    expect(chapter).toBe((heard.get(aggregate_id) ?? 0) + 1);
    heard.set(aggregate_id, chapter);
  }
  const entries = await patiently('the stream is whole', async () => {
    const found = await raw.xrange(STREAM_KEY, '-', '+');
    return found.length >= rows.length ? found : null;
  });
  expect(entries.map(([id]) => id)).toEqual(rows.map((_, index) => `${index + 1}-0`));
});

test('control: without the lock, relays that work at one time count events twice', async () => {
  const { sql } = await createTestDatabase({ max: 8 });
  const race = async () => {
    const count = await writeStories(sql, { stories: 100, chapters: 10 });
    await Promise.all(Array.from({ length: 8 }, () => sequenceEvents(sql, 500)));
    while ((await sequenceEvents(sql, 500)) > 0);
    const [row] = await sql<{ events: number; last_sequence: number }[]>`
      select count(*) as events, (select last_sequence from outbox_state)
      from booking_events_outbox`;
    return { ...row, count };
  };
  expect(await race()).toEqual({ events: 1_000, last_sequence: 1_000, count: 1_000 });
  const [safe] = await sql<{ text: string }[]>`
    select pg_get_functiondef('sequence_events'::regproc) as text`;
  const unsafe = safe?.text.replace(/if not pg_try_advisory_xact_lock\(.*\) then/, 'if false then');
  expect(unsafe).not.toBe(safe?.text);
  await sql.unsafe(unsafe ?? '');
  // Numbers that belong to nothing, or two that want the same one: either shows.
  const collided = await race().then(
    ({ last_sequence = 0 }) => last_sequence > 2_000,
    (error: unknown) => String(error).includes('outbox_sequence'),
  );
  expect(collided).toBe(true);
});

describe('a wake-up that gets lost', () => {
  /** A quarter of a second for the relay, half of one for a feed; the rest is for a busy machine. */
  const LATE_MS = 2_500;

  test('costs the relay its interval', async () => {
    const { app, sql } = await openOpsBench();
    const feed = createFeed(app);
    const relay = startLoop(app, createRelay({ feed, stream: null }));
    await eventually('the relay is idle', () => relay.status().ticks > 0);
    const written = performance.now();
    // By somebody who wakes nobody: psql, a daemon that dies.
    const count = await writeStories(sql, { stories: 1, chapters: 3 });
    await eventually('it is out', () => relay.status().units >= count * 2, 10_000);
    expect(performance.now() - written).toBeLessThan(LATE_MS);
    await relay.stop();
    await feed.stop();
  });

  test('costs a feed of another daemon its look at the clock', async () => {
    const { app, sql } = await openOpsBench();
    const feed = createFeed(app);
    afterAll(() => feed.stop());
    await writeStories(sql, { stories: 1, chapters: 3 });
    // Numbered and published, and nobody calls NOTIFY.
    const out = await publishAll(sql);
    const published = performance.now();
    const last = out.at(-1)?.sequence ?? 0;
    await eventually('the feed has it', () => feed.head() === last, 10_000);
    expect(performance.now() - published).toBeLessThan(LATE_MS);
  });
});

test('after a long stop the relay catches up in bites, and keeps none of it', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const heapMb = () => {
    collect();
    return process.memoryUsage().heapUsed / 1_048_576;
  };
  const { app, sql } = await openOpsBench();
  const feed = createFeed(app);
  const relay = createRelay({ feed, stream: null });
  const signal = new AbortController().signal;
  await relay.tick(app, signal);
  // 40 MB of events.
  const count = await writeStories(sql, { stories: 1_000, chapters: 20, filling_bytes: 2_000 });
  const before = heapMb();
  let done = 0;
  for (;;) {
    const units = await relay.tick(app, signal);
    if (units === 0) break;
    // Numbered and published, five hundred of each at most.
    expect(units).toBeLessThanOrEqual(1_000);
    done += units;
  }
  expect(done).toBe(count * 2);
  await eventually('the feed has read all', async () => {
    const [row] = await sql<{ last_sequence: number }[]>`select last_sequence from outbox_state`;
    return feed.head() === row?.last_sequence;
  });
  // The feed's tail of 2000 events is a tenth of it.
  expect(heapMb() - before).toBeLessThan(16);
  await feed.stop();
});
