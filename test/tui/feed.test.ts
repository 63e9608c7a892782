import websocket, { type WebSocket } from '@fastify/websocket';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { FeedFrame } from '../../src/domain/events.ts';
import { type Feed, linkAfter, openFeed, retryDelay } from '../../src/tui/feed.ts';
import type { LinkStatus } from '../../src/tui/model.ts';
import { eventually } from '../helpers/poll.ts';
import { clinic_id, uuid } from './fixture.ts';

/** The feed's client against a real socket. */

type Visit = {
  readonly socket: WebSocket;
  readonly url: string;
  readonly token: string | undefined;
  readonly say: (frame: FeedFrame) => void;
};

async function startServer() {
  const server = fastify();
  await server.register(websocket);
  const visits: Visit[] = [];
  server.get('/events', { websocket: true }, (socket, request) => {
    const { url, headers } = request;
    const say = (frame: FeedFrame) => socket.send(JSON.stringify(frame));
    visits.push({ socket, url, token: headers.authorization, say });
    say({ type: 'hello', sequence: 10, heartbeat_ms: 10_000, version: 'test' });
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, visits, url: `${address.replace('http', 'ws')}/events` };
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function startFeed(url: string, after = 5) {
  const frames: FeedFrame[] = [];
  const links: { readonly status: LinkStatus; readonly retry_at_ms: number | null }[] = [];
  const feed: Feed = openFeed({
    url,
    token: 'secret-token',
    clinic_id,
    after,
    on_frame: (frame) => frames.push(frame),
    on_link: (status, retry_at_ms) => links.push({ status, retry_at_ms }),
    now: () => Temporal.Now.instant().epochMilliseconds,
    random: () => 0,
  });
  closers.push(feed.close);
  return { feed, frames, links };
}

const event = (sequence: number): FeedFrame => ({
  type: 'event',
  event_id: uuid(9, sequence),
  sequence,
  event_type: 'booking.arrived',
  aggregate_type: 'booking',
  aggregate_id: uuid(5, 6),
  clinic_id,
  correlation_id: null,
  occurred_at: '2026-11-20T03:42:00Z',
  payload: {},
});

describe('the feed', () => {
  it('shows its token in the header and says where to go on', async () => {
    const { server, visits, url } = await startServer();
    closers.push(() => server.close());
    const { frames, links } = await startFeed(url, 5);
    await eventually('hello', () => frames.length === 1);
    expect(visits[0]?.token).toBe('Bearer secret-token');
    expect(visits[0]?.url).toBe(`/events?after=5&clinic_id=${clinic_id}&presence=board`);
    expect(visits[0]?.url).not.toContain('secret');
    expect(links.at(-1)).toEqual({ status: 'live', retry_at_ms: null });
  });

  it('comes back by itself, after the last event that it heard', async () => {
    const { server, visits, url } = await startServer();
    closers.push(() => server.close());
    const { frames, links, feed } = await startFeed(url, 5);
    await eventually('hello', () => visits.length === 1 && frames.length === 1);
    visits[0]?.say(event(11));
    visits[0]?.say({ type: 'gap', sequence: 40 });
    await eventually('the gap', () => frames.length === 3);
    visits[0]?.socket.terminate();
    await eventually('offline', () => links.at(-1)?.status === 'offline');
    expect(links.at(-1)?.retry_at_ms).toBeGreaterThan(0);
    feed.retry();
    await eventually('a second visit', () => visits.length === 2);
    expect(visits[1]?.url).toContain('after=40');
    await eventually('live', () => links.at(-1)?.status === 'live');
  });

  it('waits after bye, and survives what is no frame', async () => {
    const { server, visits, url } = await startServer();
    closers.push(() => server.close());
    const { frames, links } = await startFeed(url);
    await eventually('hello', () => frames.length === 1);
    visits[0]?.socket.send('not json');
    visits[0]?.socket.send('{"no":"type"}');
    visits[0]?.say({ type: 'bye', reason: 'shutting_down' });
    await eventually('offline', () => links.at(-1)?.status === 'offline');
    expect(frames.map((frame) => frame.type)).toEqual(['hello', 'bye']);
  });

  it('says offline when nobody listens, and nothing more once it is closed', async () => {
    const { server, url } = await startServer();
    await server.close();
    const { links, feed } = await startFeed(url);
    await eventually('offline', () => links.length === 1);
    feed.close();
    feed.retry();
    expect(links).toHaveLength(1);
    expect(links[0]?.status).toBe('offline');
  });
});

describe('waiting', () => {
  it('doubles from 1 s to 30 s, and jitter takes at most half of it', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((failures) => retryDelay(failures, 0))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000,
    ]);
    expect(retryDelay(1, 0.999)).toBe(1_000);
    expect(retryDelay(60, 0.999)).toBeLessThanOrEqual(30_000);
  });

  it('calls a late heartbeat SLOW after 2 s, STALE after 10, lost after 30', () => {
    const heartbeat = 10_000;
    expect([9_000, 12_000, 12_001, 20_001, 40_001].map((ms) => linkAfter(ms, heartbeat))).toEqual([
      'live',
      'live',
      'slow',
      'stale',
      'offline',
    ]);
  });
});
