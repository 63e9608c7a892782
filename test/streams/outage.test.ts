import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openApp } from '../../src/daemon/app.ts';
import { INPUT_GROUP, INPUT_KEY, openConsumer } from '../../src/daemon/workers/consume.ts';
import { createWebhookSender } from '../../src/daemon/workers/webhooks.ts';
import { openLog } from '../../src/log.ts';
import { openBench } from '../actions/bench.ts';
import { addClinic } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { startProxy } from '../helpers/proxy.ts';
import { startReceiver } from '../webhooks/receiver.ts';

/** PostgreSQL goes away in the middle: nothing is lost, nothing counts as a failure of others. */

const { sql, database_url, redis } = await openBench();
const { port } = new URL(database_url);
const proxy = await startProxy(Number(port));
const far = new URL(database_url);
far.port = String(proxy.port);
const log = openLog({ level: 'silent' });
const env = { DATABASE_URL: far.href, PETPRO_WEBHOOK_ALLOW: '127.0.0.1' };
const app = await openApp(loadConfig({ env }), log);
const raw = new Redis(redis.url);
const stop = new AbortController();
const sender = createWebhookSender();
const consumer = openConsumer({ url: redis.url, log, claim_after_ms: 0 });
afterAll(async () => {
  stop.abort();
  await sender.settled();
  await consumer.close();
  raw.disconnect();
  await app[Symbol.asyncDispose]();
});

const tick = async (worker: typeof sender.worker) =>
  await worker.tick(app, stop.signal).catch(() => 0);

test('events wait in the stream and are taken once when it is back', async () => {
  const user_ids = Array.from({ length: 10 }, () => randomUUID());
  const write = async (user_id: string) => {
    const event = {
      event_id: user_id,
      event_type: 'user.updated',
      user_id,
      email: null,
      full_name: 'Ayu',
      phone_number: null,
      updated_at: '2026-11-20T08:00:00Z',
    };
    await raw.xadd(INPUT_KEY, '*', 'event', JSON.stringify(event));
  };
  const takenOf = async () =>
    await sql`select status, attempts from consumed_events
      where event_id = any (${user_ids}::text[])`;
  for (const user_id of user_ids.slice(0, 5)) await write(user_id);
  await eventually('the first are taken', async () => {
    await tick(consumer.worker);
    return (await takenOf()).length === 5;
  });
  proxy.set('cut');
  for (const user_id of user_ids.slice(5)) await write(user_id);
  // The driver waits for its server: so does the tick, with the entries in hand.
  const waiting = tick(consumer.worker);
  await eventually('they are read', async () => {
    return Number((await raw.xpending(INPUT_KEY, INPUT_GROUP))[0]) === 5;
  });
  expect(await takenOf()).toHaveLength(5);
  proxy.set('pass');
  await waiting;
  await eventually('all are taken', async () => {
    await tick(consumer.worker);
    return (await takenOf()).length === 10;
  });
  const rows = await takenOf();
  expect(rows.every((row) => row['status'] === 'applied' && row['attempts'] === 1)).toBe(true);
  await eventually('and acknowledged', async () => {
    await tick(consumer.worker);
    return Number((await raw.xpending(INPUT_KEY, INPUT_GROUP))[0]) === 0;
  });
});

test('a webhook that arrived while the database was away is delivered under one id', async () => {
  const clinic = await addClinic(sql);
  const receiver = await startReceiver();
  await sql`
    insert into webhook_endpoints (clinic_id, url, event_types, secret, listens_after)
    values (${clinic.id}, ${receiver.url}, '{*}', 'whsec_dGVzdA==', 0)`;
  receiver.answer((response) => {
    // The answer comes while the database is away.
    proxy.set('cut');
    response.writeHead(200).end();
  });
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    values ('booking', ${clinic.id}, 'booking.confirmed', ${clinic.id}, 'c', '{}')`;
  await sql`select sequence_events(500)`;
  await eventually('it was sent', async () => {
    await tick(sender.worker);
    return receiver.received.length === 1;
  });
  receiver.answer((response) => response.writeHead(200).end());
  proxy.set('pass');
  await sender.settled();
  // Whether the note was lost or only late: a lease that is over is given again.
  await sql`
    update webhook_deliveries set leased_until = now(), next_attempt_at = now()
    where clinic_id = ${clinic.id} and status = 'sending'`;
  const statusOf = async () =>
    (await sql`select status from webhook_deliveries where clinic_id = ${clinic.id}`)[0];
  await eventually('it is marked', async () => {
    await tick(sender.worker);
    return (await statusOf())?.['status'] === 'delivered';
  });
  expect(receiver.received.length).toBeLessThanOrEqual(2);
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
});
