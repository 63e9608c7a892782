import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FeedLimits } from '../../src/daemon/http/feed.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';
import { feedServer, newestSequence, publishEvents } from './bench.ts';
import { clientFrame, followFeed, rawClient } from './client.ts';

/** What a client may do on an open connection, and what ends it. */

const harness = await startHarness();
const { sql, daemon } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const start = (limits: Partial<FeedLimits> = {}) => feedServer(daemon, limits);
const publish = (event_type: string, aggregate_id?: string) =>
  publishEvents(sql, {
    clinic_id: world.clinic.id,
    count: 1,
    event_type,
    ...(aggregate_id === undefined ? {} : { aggregate_id }),
  });

describe('a new filter', () => {
  it('holds from the next event on, without a new connection', async () => {
    const { base } = await start();
    const client = followFeed(base, '?types=reservation.created', world.tokens.desk);
    await client.first('hello');
    await publish('reservation.created');
    await eventually('the first', () => client.events().length === 1);
    client.send({ type: 'subscribe', types: '*.expired' });
    const subscribed = await client.first('subscribed');
    expect(subscribed).toMatchObject({ types: ['*.expired'], clinic_id: null });
    await publish('reservation.created');
    await publish('reservation.expired');
    await eventually('the second', () => client.events().length === 2);
    expect(client.events().map(({ event_type }) => event_type)).toEqual([
      'reservation.created',
      'reservation.expired',
    ]);
    client.close();
  });

  it('goes back to where it is told, and follows one booking', async () => {
    const { base } = await start();
    const [one, other] = [randomUUID(), randomUUID()];
    const before = await newestSequence(sql);
    for (const id of [one, other, one]) await publish('reservation.extended', id);
    const client = followFeed(base, '?types=booking.*', world.tokens.desk);
    await client.first('hello');
    client.send({ type: 'subscribe', after: before, aggregate_id: one });
    await eventually('both of that one', () => client.events().length === 2);
    await client.first('heartbeat');
    expect(client.events().map(({ aggregate_id }) => aggregate_id)).toEqual([one, one]);
    client.close();
  });

  it('is refused with a reason when it is none, and the old one stays', async () => {
    const { base } = await start();
    const client = followFeed(base, '?types=reservation.expired', world.tokens.desk);
    await client.first('hello');
    const bad = [
      'no json',
      '{"type":"dance"}',
      { type: 'subscribe', types: 'bokking.*' },
      { type: 'subscribe', clinic_id: 'x' },
      { type: 'subscribe', after: -1 },
      { type: 'subscribe', presence: 'board' },
      { type: 'auth', token: 'again' },
    ];
    for (const message of bad) client.send(message);
    const errors = () => client.frames.filter((frame) => frame.type === 'error');
    await eventually('all refused', () => errors().length === bad.length);
    for (const { code } of errors()) expect(code).toBe('invalid_input');
    expect(errors()[2]?.detail).toContain('"bokking.*"');
    expect(errors()[5]?.detail).toContain('clinic_id');
    await publish('reservation.expired');
    await client.first('event');
    client.close();
  });

  it('of the address is refused the same way', async () => {
    const { base } = await start();
    const answer = await fetch(`${base}/events?types=bokking.*`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'invalid_input' });
  });
});

describe('a place', () => {
  it('of a heartbeat is where all was told or not asked for', async () => {
    const { base } = await start();
    const client = followFeed(base, '?types=review.submitted', world.tokens.desk);
    const hello = await client.first('hello');
    for (let round = 0; round < 3; round += 1) await publish('reservation.extended');
    const newest = await newestSequence(sql);
    await eventually('a heartbeat beyond', () =>
      client.frames.some((frame) => frame.type === 'heartbeat' && frame.sequence >= newest),
    );
    expect(newest).toBeGreaterThan(hello.sequence);
    expect(client.events()).toEqual([]);
    client.close();
  });

  it('of a heartbeat never runs ahead of what was told, however much waits', async () => {
    const { base } = await start({ heartbeat_ms: 5, page_events: 5, messages_max: 1e6 });
    const before = await newestSequence(sql);
    const count = 2_000;
    await publishEvents(sql, { clinic_id: world.clinic.id, count, payload_bytes: 500 });
    const client = followFeed(base, `?after=${before}`, world.tokens.desk);
    await eventually('all told', () => client.events().length === count);
    let last = before;
    let amid = 0;
    for (const frame of client.frames) {
      if (frame.type === 'event') last = frame.sequence;
      if (frame.type !== 'heartbeat') continue;
      expect(frame.sequence).toBe(last);
      if (last < before + count) amid += 1;
    }
    expect(amid).toBeGreaterThan(0);
    client.close();
  });

  it('that does not exist yet is a gap: the client knew another database', async () => {
    const { base } = await start();
    const newest = await newestSequence(sql);
    const client = followFeed(base, `?after=${newest + 1_000}`, world.tokens.desk);
    expect((await client.first('gap')).sequence).toBe(newest);
    await publish('reservation.extended');
    expect((await client.first('event')).sequence).toBe(newest + 1);
    client.close();
  });
});

describe('a connection ends', () => {
  it('when its token does, to the moment', async () => {
    const { base } = await start({ heartbeat_ms: 5_000 });
    const key = await harness.addKey('desk');
    await sql`
      update api_keys set expires_at = now() + interval '1500 milliseconds'
      where prefix = ${key.split('_')[1] ?? ''}`;
    const client = followFeed(base, '', key);
    await client.first('hello');
    const opened = performance.now();
    expect((await client.first('bye')).reason).toBe('expired');
    expect(await client.closed).toEqual({ code: 1008, reason: 'expired' });
    // Long before a heartbeat would have looked.
    expect(performance.now() - opened).toBeLessThan(4_000);
    expect(await followFeed(base, '', key).closed).toMatchObject({ code: 1008 });
  });

  it('when its token has too many', async () => {
    const { base } = await start({ clients_per_token_max: 2 });
    const figure = async (name: string) => {
      const text = await (await fetch(`${base}/metrics`)).text();
      return text.split('\n').find((line) => line.startsWith(name));
    };
    const two = [1, 2].map(() => followFeed(base, '', world.tokens.desk));
    for (const client of two) await client.first('hello');
    const third = followFeed(base, '', world.tokens.desk);
    expect(await third.closed).toEqual({ code: 1013, reason: 'too_many' });
    expect(third.frames).toEqual([{ type: 'bye', reason: 'too_many' }]);
    const byes = 'petpro_feed_byes_total{reason="too_many"}';
    expect(await figure(byes)).toBe(`${byes} 1`);
    await eventually('two are left', async () => {
      return (await figure('petpro_feed_clients')) === 'petpro_feed_clients 2';
    });
    await followFeed(base, '', world.tokens.manager).first('hello');
    two[0]?.close();
    await two[0]?.closed;
    const again = async () => {
      const client = followFeed(base, '', world.tokens.desk);
      await Promise.race([client.first('hello').catch(() => null), client.closed]);
      return client.frames[0]?.type === 'hello';
    };
    await eventually('there is room again', again);
  });

  it('never for those with a token because of those without', async () => {
    const { base } = await start({ clients_max: 6, auth_ms: 60_000 });
    const strangers = [1, 2, 3, 4].map(() => followFeed(base, '', null));
    const refused = await Promise.any(strangers.map(({ closed }) => closed));
    expect(refused).toEqual({ code: 1013, reason: 'full' });
    // The console shows its token in the header.
    const known = await rawClient(base, '', world.tokens.desk);
    const [chunk] = await once(known, 'data');
    expect(String(chunk)).toMatch(/"type":"(?:hello|heartbeat)"/);
    known.destroy();
    for (const client of strangers) client.close();
  });

  it('when a message is too long', async () => {
    const { base } = await start();
    const client = followFeed(base, '', world.tokens.desk);
    await client.first('hello');
    client.send('x'.repeat(20_000));
    expect((await client.closed).code).toBe(1009);
  });

  it('when it sends too much', async () => {
    const { base } = await start({ messages_max: 10, heartbeat_ms: 60_000 });
    const client = followFeed(base, '', world.tokens.desk);
    await client.first('hello');
    for (let count = 0; count < 30; count += 1) client.send({ type: 'subscribe' });
    expect(await client.closed).toEqual({ code: 1008, reason: 'too_chatty' });
  });

  it('when it pings and never reads the answers', async () => {
    const { base, server } = await start({ messages_max: 1e9, heartbeat_ms: 60_000 });
    const socket = await rawClient(base, '', world.tokens.desk);
    socket.pause();
    const ping = clientFrame(9, Buffer.alloc(125, 'p'));
    const flood = Buffer.concat(Array.from({ length: 500 }, () => ping));
    // Until the answers fill the buffers of two kernels and then ours.
    const is_gone = () => {
      if (!socket.destroyed) socket.write(flood);
      return server.websocketServer.clients.size === 0;
    };
    await eventually('it is let go', is_gone, 20_000);
    socket.destroy();
  });

  it('when the peer is dead: its pings are not answered', async () => {
    const { base, server } = await start();
    const socket = await rawClient(base, '', world.tokens.desk);
    // It reads everything, so nothing stalls, and says nothing.
    socket.resume();
    await eventually('there', () => server.websocketServer.clients.size === 1);
    await eventually('gone', () => server.websocketServer.clients.size === 0);
    await eventually('cut off', () => socket.destroyed || socket.readableEnded);
  });
});
