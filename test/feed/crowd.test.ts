import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';
import { feedServer, newestSequence, writeEvents } from './bench.ts';
import { followFeed, rawClient } from './client.ts';

/** Many followers at once, and one of them does not read. */

const harness = await startHarness();
const { sql, daemon } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const CLIENTS = 100;
const EVENTS = 1_000;
const BYTES = 4_000;

describe('a hundred followers', () => {
  it('get everything in order while a deaf one is let go', async () => {
    const { base, server } = await feedServer(daemon, {
      clients_max: 200,
      heartbeat_ms: 60_000,
      stall_ms: 3_000,
    });
    const start = await newestSequence(sql);
    // Only the places are kept: a hundred copies of the payloads would be what is measured.
    const places = Array.from({ length: CLIENTS }, (): number[] => []);
    const clients = places.map((seen) =>
      followFeed(base, '', world.tokens.desk, (frame) => {
        if (frame.type === 'event') seen.push(frame.sequence);
        return frame.type !== 'event';
      }),
    );
    for (const client of clients) await client.first('hello');
    const deaf = await rawClient(base, '', world.tokens.desk);
    deaf.pause();
    const all = CLIENTS + 1;
    await eventually('all here', () => server.websocketServer.clients.size === all);
    const before_mb = process.memoryUsage().external / 1e6;
    await writeEvents(sql, { clinic_id: world.clinic.id, count: EVENTS, payload_bytes: BYTES });
    const is_told = () => places.every((seen) => seen.length >= EVENTS);
    await eventually('everybody is told', is_told, 60_000);
    const whole = Array.from({ length: EVENTS }, (_, index) => start + 1 + index);
    for (const seen of places) expect(seen).toEqual(whole);
    await writeEvents(sql, { clinic_id: world.clinic.id, count: 3 * EVENTS, payload_bytes: BYTES });
    const is_gone = () => server.websocketServer.clients.size === CLIENTS;
    await eventually('the deaf one is gone', is_gone, 60_000);
    await eventually(
      'and all is told',
      () => places.every((seen) => seen.length === 4 * EVENTS),
      60_000,
    );
    for (const client of clients) {
      expect(client.frames.map(({ type }) => type)).toEqual(['hello']);
      client.close();
    }
    // One copy of the events, not one for each follower: those would be 1 600 MB.
    expect(process.memoryUsage().external / 1e6 - before_mb).toBeLessThan(200);
    deaf.destroy();
  }, 150_000);
});
