import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/daemon/store/db.ts';
import { createHistory } from '../../src/daemon/workers/feed-history.ts';
import type { FeedFrame } from '../../src/domain/events.ts';
import { openFeed } from '../../src/tui/feed.ts';
import { eventually } from '../helpers/poll.ts';
import { startProxy } from '../helpers/proxy.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';
import { feedServer, newestSequence, publishEvents, writeEvents } from './bench.ts';

/** Every console of a house loses its line at once, and comes back. */

const harness = await startHarness();
const { sql, daemon, env } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const CONSOLES = 150;

describe('a storm of consoles', () => {
  it('comes back spread over time, and each is told all that it missed, once', async () => {
    const { base, server } = await feedServer(daemon, { clients_max: 400, heartbeat_ms: 5_000 });
    const way = await startProxy(Number(new URL(base).port));
    const start = await newestSequence(sql);
    const seen = Array.from({ length: CONSOLES }, (): number[] => []);
    const hellos: number[] = [];
    const feeds = seen.map((sequences) =>
      openFeed({
        url: `ws://127.0.0.1:${way.port}/events`,
        token: world.tokens.desk,
        clinic_id: world.clinic.id,
        after: start,
        on_frame: (frame: FeedFrame) => {
          if (frame.type === 'hello') hellos.push(performance.now());
          if (frame.type === 'event') sequences.push(frame.sequence);
        },
        on_link: () => {},
        now: () => performance.now(),
        random: Math.random,
      }),
    );
    try {
      await eventually('all connected', () => hellos.length === CONSOLES, 30_000);
      await publishEvents(sql, { clinic_id: world.clinic.id, count: 10 });
      await eventually('all told', () => seen.every(({ length }) => length === 10), 30_000);
      way.set('cut');
      await eventually('all cut off', () => server.websocketServer.clients.size === 0);
      await publishEvents(sql, { clinic_id: world.clinic.id, count: 300 });
      hellos.length = 0;
      way.set('pass');
      const whole = Array.from({ length: 310 }, (_, index) => start + 1 + index);
      await eventually('all told again', () => seen.every(({ length }) => length >= 310), 60_000);
      for (const sequences of seen) expect(sequences).toEqual(whole);
      // Half of the first wait is luck: 0.5 to 1 s, later ones more. Not one burst.
      const first = Math.min(...hellos);
      const last = Math.max(...hellos);
      expect(last - first).toBeGreaterThan(200);
      const busiest = Math.max(
        ...hellos.map((at) => hellos.filter((one) => one >= at && one < at + 50).length),
      );
      expect(busiest).toBeLessThan(CONSOLES);
    } finally {
      for (const feed of feeds) feed.close();
    }
  }, 150_000);
});

describe('what a crowd missed', () => {
  it('is read once for all of them, and two pages at a time', async () => {
    await publishEvents(sql, { clinic_id: world.clinic.id, count: 1_000 });
    let reads = 0;
    const counted = openDatabase(env['DATABASE_URL'] ?? '', {
      application_name: `count-${randomUUID().slice(0, 8)}`,
      max: 4,
      statement_timeout_ms: 20_000,
    });
    counted.options.debug = (_connection: number, query: string) => {
      if (query.includes('from booking_events_outbox\n    where sequence >')) reads += 1;
    };
    try {
      const history = createHistory(counted);
      const readers = Array.from({ length: 500 }, (_, index) => index % 800);
      const pages = await Promise.all(readers.map((after) => history.read(after)));
      for (const [index, { events }] of pages.entries()) {
        const after = readers[index] ?? 0;
        const end = after - (after % 200) + 200;
        const expected = Array.from({ length: end - after }, (_, at) => after + 1 + at);
        expect(events.map(({ sequence }) => sequence)).toEqual(expected);
      }
      expect(reads).toBe(3);
      await history.read(5);
      expect(reads).toBe(3);
    } finally {
      await counted.end({ timeout: 5 });
    }
  });

  it('is read to the end while more is written', async () => {
    const from = await newestSequence(sql);
    const history = createHistory(sql);
    await writeEvents(sql, { clinic_id: world.clinic.id, count: 450 });
    let cursor = from;
    const told: number[] = [];
    await eventually('all of it', async () => {
      const { events } = await history.read(cursor);
      told.push(...events.map(({ sequence }) => sequence));
      cursor = told.at(-1) ?? from;
      return told.length >= 450;
    });
    expect(told).toEqual(Array.from({ length: told.length }, (_, index) => from + 1 + index));
  });
});
