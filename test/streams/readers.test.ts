import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openApp } from '../../src/daemon/app.ts';
import { createFeed } from '../../src/daemon/workers/feed.ts';
import { createRelay } from '../../src/daemon/workers/relay.ts';
import { openEventStream, STREAM_KEY } from '../../src/daemon/workers/stream.ts';
import { openLog } from '../../src/log.ts';
import { freePort } from '../../src/sandbox/process.ts';
import { startRedis } from '../../src/sandbox/redis.ts';
import { addClinic, createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';

/** Another service: a consumer group on `petpro:events`, as docs/integrations.md tells it to read. */

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-stream-'));
const port = await freePort();
const start = async () => {
  const server = await startRedis({ dir, port, password: 'of-the-first-start' });
  if (!server) throw new Error('no Redis starts here');
  return server;
};
let server = await start();
const database = await createTestDatabase({ max: 4 });
const { sql } = database;
const env = { DATABASE_URL: database.url, REDIS_URL: server.url };
const log = openLog({ level: 'silent' });
const app = await openApp(loadConfig({ env }), log);
const feed = createFeed(app);
const stream = openEventStream({ url: server.url, log });
const relay = createRelay({ feed, stream });
const reader = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
reader.on('error', () => {});
afterAll(async () => {
  reader.disconnect();
  await stream.close();
  await feed.stop();
  await app[Symbol.asyncDispose]();
  await server.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const clinic = await addClinic(sql);
const emit = async (count: number) => {
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    select 'booking', gen_random_uuid(), 'booking.confirmed', ${clinic.id}, 'c' || n, '{}'
    from generate_series(1, ${count}) as n`;
};
const never = new AbortController().signal;
const publish = async (): Promise<number> => {
  await relay.tick(app, never);
  return feed.head();
};

/** What the service has done, by sequence: the ids are ours, so that a repeat is seen. */
const done = new Map<number, number>();
let position = '0';

/** Reads what is new and acknowledges it; a lost group is made anew where the reader stood. */
async function follow(): Promise<number> {
  try {
    const replies = (await reader.xreadgroup(
      'GROUP',
      'crm',
      'crm-1',
      'COUNT',
      50,
      'STREAMS',
      STREAM_KEY,
      '>',
    )) as [string, [string, string[]][]][] | null;
    const entries = replies?.[0]?.[1] ?? [];
    for (const [id, fields] of entries) {
      const event = JSON.parse(fields[fields.indexOf('event') + 1] ?? '{}');
      expect(id).toBe(`${event.sequence}-0`);
      done.set(event.sequence, (done.get(event.sequence) ?? 0) + 1);
      position = id;
      await reader.xack(STREAM_KEY, 'crm', id);
    }
    return entries.length;
  } catch (error) {
    if (!String(error).includes('NOGROUP')) throw error;
    await reader.xgroup('CREATE', STREAM_KEY, 'crm', position, 'MKSTREAM').catch(() => {});
    return 0;
  }
}

async function caughtUp(upto: number): Promise<void> {
  await eventually(`all up to ${upto} is read`, async () => {
    await publish();
    await follow().catch(() => 0);
    return done.has(upto);
  });
}

test('a consumer group has every event once, across a Redis that forgot everything', async () => {
  await emit(120);
  await eventually('they are numbered', async () => (await publish()) >= 120);
  await caughtUp(120);
  // Memory only, as we run it: the stream, the group and its position are gone with the process.
  await server.stop();
  await emit(30);
  for (let tick = 0; tick < 5; tick += 1) await publish();
  server = await start();
  // Without a new event: those that were not read yet must not wait for one.
  await caughtUp(150);
  await emit(10);
  await caughtUp(160);
  expect([...done.keys()].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 160 }, (_, at) => at + 1),
  );
  expect([...done.values()].every((times) => times === 1)).toBe(true);
  const pending = await reader.xpending(STREAM_KEY, 'crm');
  expect(pending[0]).toBe(0);
});

test('the stream is trimmed, and says itself where it begins', async () => {
  const [first] = await reader.xrange(STREAM_KEY, '-', '+', 'COUNT', 1);
  expect(first?.[0]).toBe('1-0');
  await reader.xtrim(STREAM_KEY, 'MAXLEN', 5);
  const [kept] = await reader.xrange(STREAM_KEY, '-', '+', 'COUNT', 1);
  expect(kept?.[0]).toBe('156-0');
  await emit(1);
  await caughtUp(161);
  // Trimming is not undone: only an empty or older stream is filled again.
  expect(await reader.xlen(STREAM_KEY)).toBe(6);
});
