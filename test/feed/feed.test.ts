import { once } from 'node:events';
import http from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FeedLimits } from '../../src/daemon/http/feed.ts';
import { event_types } from '../../src/domain/events.ts';
import { eventually } from '../helpers/poll.ts';
import { call, codeOf, send, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, freshHold, slotRequest, type World } from '../http/world.ts';
import { feedServer, publishEvents } from './bench.ts';
import { followFeed, rawClient } from './client.ts';

const harness = await startHarness();
const { sql, daemon } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const impatientServer = (limits: Partial<FeedLimits> = {}) => feedServer(daemon, limits);
const publish = (count: number, payload_bytes: number) =>
  publishEvents(sql, { clinic_id: world.clinic.id, count, payload_bytes });

describe('the live feed', () => {
  it('says hello, then tells each event once and in order', async () => {
    const client = followFeed(world.base, '', world.tokens.desk);
    const hello = await client.first('hello');
    expect(hello.heartbeat_ms).toBe(10_000);
    const booking_id = await freshBooking(world);
    const confirmed = await eventually('the confirmation', () =>
      client.events().find(({ event_type }) => event_type === 'booking.confirmed'),
    );
    expect(confirmed.aggregate_id).toBe(booking_id);
    expect(confirmed.clinic_id).toBe(world.clinic.id);
    const sequences = client.events().map(({ sequence }) => sequence);
    expect(sequences[0]).toBe(hello.sequence + 1);
    expect(sequences).toEqual(sequences.map((_, index) => hello.sequence + 1 + index));
    for (const { event_type } of client.events()) expect(event_types).toContain(event_type);
    client.close();
  });

  it('resumes where a client stopped: nothing lost, nothing told twice', async () => {
    const first = followFeed(world.base, '', world.tokens.viewer);
    await first.first('hello');
    await freshHold(world);
    const seen = await first.first('event');
    first.close();
    await first.closed;
    await freshHold(world);
    await freshHold(world);
    const second = followFeed(world.base, `?after=${seen.sequence}`, world.tokens.viewer);
    await eventually('two more holds', () => second.events().length >= 2);
    const resumed = second.events().map(({ sequence }) => sequence);
    expect(resumed.slice(0, 2)).toEqual([seen.sequence + 1, seen.sequence + 2]);
    second.close();
  });

  it('tells those who come back too late that there is a gap', async () => {
    await publish(30, 10);
    const [row] = await sql<{ newest: number }[]>`
      select max(sequence)::int as newest from booking_events_outbox`;
    const newest = row?.newest ?? 0;
    await sql`delete from booking_events_outbox where sequence <= ${newest - 5}`;
    const { base } = await impatientServer();
    const client = followFeed(base, '?after=1', world.tokens.desk);
    const gap = await client.first('gap');
    expect(gap.sequence).toBe(newest - 5);
    await eventually('the rest', () => client.events().length >= 5);
    expect(client.events()[0]?.sequence).toBe(newest - 4);
    client.close();
  });

  it('tells only what was asked for', async () => {
    const client = followFeed(world.base, '?types=booking.*', world.tokens.desk);
    await client.first('hello');
    await freshBooking(world);
    await client.first('event');
    await eventually('the confirmation', () =>
      client.events().some(({ event_type }) => event_type === 'booking.confirmed'),
    );
    for (const { event_type } of client.events()) expect(event_type).toMatch(/^booking\./);
    client.close();
  });

  it('shows a key of one clinic nothing of another', async () => {
    const theirs = followFeed(world.base, '', world.other_desk);
    const ours = followFeed(world.base, '', await harness.addKey('desk', world.clinic.id));
    await Promise.all([theirs.first('hello'), ours.first('hello')]);
    await freshHold(world);
    await ours.first('event');
    expect(theirs.events()).toEqual([]);
    const foreign = followFeed(world.base, `?clinic_id=${world.clinic.id}`, world.other_desk);
    expect(await foreign.closed).toEqual({ code: 1008, reason: 'forbidden' });
    theirs.close();
    ours.close();
  });

  it('hides who it is about from those who run the machines', async () => {
    const desk = followFeed(world.base, '', world.tokens.desk);
    const sre = followFeed(world.base, '', world.tokens.sre);
    await Promise.all([desk.first('hello'), sre.first('hello')]);
    const body = { ...(await slotRequest(world, 'desk')), payment_method: 'cash', notes: 'bites' };
    await call(world.base, 'create_booking', { body }, { token: world.tokens.desk });
    const confirmed = (client: typeof desk) =>
      eventually('the confirmation', () =>
        client.events().find(({ event_type }) => event_type === 'booking.confirmed'),
      );
    const [full, masked] = await Promise.all([confirmed(desk), confirmed(sre)]);
    expect(masked.event_id).toBe(full.event_id);
    const text = JSON.stringify(masked.payload);
    for (const [key, value] of Object.entries(full.payload)) {
      if (/(owner|user|pet)_(name|phone|email)|full_name|notes/.test(key) && value !== null) {
        expect(text).not.toContain(JSON.stringify(value));
      }
    }
    desk.close();
    sre.close();
  });
});

describe('who may follow', () => {
  it('refuses before the upgrade when the header holds a bad token', async () => {
    const status = async (headers: Readonly<Record<string, string>>, query = '') => {
      const request = http.get(`${world.base}/events${query}`, {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          ...headers,
        },
      });
      const [response] = await Promise.race([once(request, 'response'), once(request, 'upgrade')]);
      request.destroy();
      return response.statusCode;
    };
    expect(await status({ authorization: 'Bearer nonsense' })).toBe(401);
    const customer = { authorization: `Bearer ${world.tokens.customer}` };
    expect(await status(customer)).toBe(403);
    expect(await status({}, '?after=-1')).toBe(400);
    expect(await status({}, '?typos=x')).toBe(400);
    expect(await status({ authorization: `Bearer ${world.tokens.viewer}` })).toBe(101);
  });

  it('answers plain HTTP with a problem', async () => {
    const answer = await send(world.base, '/events', { token: world.tokens.viewer });
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({
      status: 400,
      code: 'invalid_input',
    });
  });

  it('closes on customers, on nonsense, and on those who say nothing', async () => {
    const { base } = await impatientServer();
    const customer = followFeed(base, '', world.tokens.customer);
    const nonsense = followFeed(base, '', 'nonsense');
    const silent = followFeed(base, '', null);
    expect(await customer.closed).toEqual({ code: 1008, reason: 'forbidden' });
    expect(await nonsense.closed).toEqual({ code: 1008, reason: 'unauthorized' });
    expect(await silent.closed).toEqual({ code: 1008, reason: 'unauthorized' });
    expect([...customer.frames, ...nonsense.frames, ...silent.frames]).toEqual([]);
  });

  it('has a limit in all', async () => {
    const { base, server } = await impatientServer({ clients_max: 2 });
    const two = [];
    for (const token of [world.tokens.desk, world.tokens.viewer]) {
      const client = followFeed(base, '', token);
      await client.first('hello');
      two.push(client);
    }
    const third = followFeed(base, '', world.tokens.desk);
    expect(await third.closed).toEqual({ code: 1013, reason: 'full' });
    expect(third.frames).toEqual([{ type: 'bye', reason: 'full' }]);
    for (const client of two) client.close();
    await eventually('both gone', () => server.websocketServer.clients.size === 0);
    await followFeed(base, '', world.tokens.desk).first('hello');
  });

  it('says bye when the key is revoked', async () => {
    const { base } = await impatientServer();
    const key = await harness.addKey('desk');
    const client = followFeed(base, '', key);
    await client.first('heartbeat');
    await sql`update api_keys set revoked_at = now() where prefix = ${key.split('_')[1] ?? ''}`;
    // A known key is believed for five seconds.
    expect((await client.first('bye')).reason).toBe('expired');
    expect(await client.closed).toEqual({ code: 1008, reason: 'expired' });
  });
});

describe('a client that does not read', () => {
  it('is let go, and costs the others nothing', async () => {
    // Its pings are not awaited here: what it does not take must be enough to let it go.
    const { base, server } = await impatientServer({ heartbeat_ms: 60_000 });
    const [row] = await sql<{ newest: number }[]>`
      select coalesce(max(sequence), 0)::int as newest from booking_events_outbox`;
    const newest = row?.newest ?? 0;
    const healthy = followFeed(base, '', world.tokens.desk);
    await healthy.first('hello');
    const deaf = await rawClient(base, `?after=${newest}`, world.tokens.desk);
    deaf.pause();
    await eventually('two clients', () => server.websocketServer.clients.size === 2);
    // More than the buffers of two kernels hold.
    await publish(4_000, 8_000);
    await eventually('the deaf one gone', () => server.websocketServer.clients.size === 1, 20_000);
    await eventually('all events', () => healthy.events().length >= 4_000, 20_000);
    expect(healthy.events().at(-1)?.sequence).toBe(newest + 4_000);
    deaf.destroy();
    healthy.close();
  });

  it('is not mistaken for one that reads slowly but steadily', async () => {
    const { base } = await impatientServer();
    const client = followFeed(base, '', world.tokens.desk);
    await client.first('heartbeat');
    const beats = () => client.frames.filter(({ type }) => type === 'heartbeat').length;
    await eventually('more heartbeats', () => beats() > 5);
    expect(client.frames.some(({ type }) => type === 'bye')).toBe(false);
    client.close();
  });
});

describe('shutting down', () => {
  it('says bye to every client and lets the server close', async () => {
    const { base, server } = await impatientServer();
    const clients = [1, 2, 3].map(() => followFeed(base, '', world.tokens.desk));
    for (const client of clients) await client.first('hello');
    await server.close();
    for (const client of clients) {
      expect((await client.first('bye')).reason).toBe('shutting_down');
      expect(await client.closed).toEqual({ code: 1001, reason: 'shutting_down' });
    }
  });
});
