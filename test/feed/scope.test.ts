import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { event_types } from '../../src/domain/events.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';
import { feedServer, newestSequence, publishEvents } from './bench.ts';
import { type FeedClient, followFeed } from './client.ts';

/** Whatever is asked for and however often: a key of one clinic is told of that clinic only. */

const harness = await startHarness();
const { sql, daemon } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

/** Events of both clinics, one by one in turns. */
async function publishBoth(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { id } of [world.clinic, world.other_clinic]) {
      await publishEvents(sql, { clinic_id: id, count: 1 });
    }
  }
}

const clinicsTold = (client: FeedClient) =>
  new Set(client.frames.flatMap((frame) => ('clinic_id' in frame && frame.clinic_id) || []));

async function told(client: FeedClient, sequence: number): Promise<void> {
  await eventually('everything is told', () =>
    client.frames.some((frame) => frame.type === 'heartbeat' && frame.sequence >= sequence),
  );
}

describe('the clinic of a key', () => {
  it('bounds every filter, in the address and in messages', async () => {
    const { base } = await feedServer(daemon, { clients_max: 100 });
    const start = await newestSequence(sql);
    await publishBoth(5);
    const mine = world.other_clinic.id;
    const query = fc.record({
      types: fc.option(fc.constantFrom('*', 'reservation.*', '*.extended', 'booking.*')),
      clinic_id: fc.option(fc.constantFrom(mine, world.clinic.id)),
      presence: fc.option(fc.constantFrom('watch', 'board')),
    });
    const wishes = fc.sample(fc.array(query, { minLength: 1, maxLength: 4 }), 20);
    const clients = wishes.map(([first, ...later]) => {
      const params = new URLSearchParams({ after: String(start) });
      for (const [name, value] of Object.entries(first ?? {})) {
        if (value !== null) params.set(name, value);
      }
      return { client: followFeed(base, `?${params}`, world.other_desk), first, later };
    });
    for (const { client, first, later } of clients) {
      if (first?.clinic_id === world.clinic.id) {
        expect(await client.closed).toEqual({ code: 1008, reason: 'forbidden' });
        expect(client.frames).toEqual([]);
        continue;
      }
      await client.first('hello');
      for (const wish of later) {
        const entries = Object.entries(wish).filter(([, value]) => value !== null);
        client.send({ type: 'subscribe', after: start, ...Object.fromEntries(entries) });
      }
    }
    await publishBoth(5);
    const newest = await newestSequence(sql);
    for (const { client, first } of clients) {
      if (first?.clinic_id === world.clinic.id) continue;
      await told(client, newest);
      expect([...clinicsTold(client)].filter((id) => id !== mine)).toEqual([]);
      client.close();
    }
  });

  it('bounds what was missed, too', async () => {
    const start = await newestSequence(sql);
    await publishBoth(10);
    const newest = await newestSequence(sql);
    // A fresh server reads all of it from the outbox.
    const { base } = await feedServer(daemon);
    const theirs = followFeed(base, `?after=${start}`, world.other_desk);
    const all = followFeed(base, `?after=${start}`, world.tokens.admin);
    await told(theirs, newest);
    await told(all, newest);
    expect(clinicsTold(theirs)).toEqual(new Set([world.other_clinic.id]));
    expect(theirs.events()).toHaveLength(10);
    expect(all.events()).toHaveLength(newest - start);
    theirs.close();
    all.close();
  });

  it('never leaves through presence', async () => {
    const { base } = await feedServer(daemon);
    const theirs = followFeed(base, '?presence=board', world.other_desk);
    const ours = followFeed(
      base,
      `?presence=board&clinic_id=${world.clinic.id}`,
      world.tokens.manager,
    );
    await theirs.first('presence');
    await ours.first('presence');
    const spy = JSON.stringify({
      type: 'subscribe',
      presence: 'watch',
      clinic_id: world.clinic.id,
    });
    theirs.send(spy);
    expect(await theirs.first('error')).toMatchObject({ code: 'forbidden' });
    expect(clinicsTold(theirs)).toEqual(new Set([world.other_clinic.id]));
    theirs.close();
    ours.close();
  });
});

describe('a key that changes while it follows', () => {
  it('is told without names as soon as it may not see them', async () => {
    const { base } = await feedServer(daemon);
    const key = await harness.addKey('desk');
    const client = followFeed(base, '', key);
    await client.first('hello');
    const named = async () => {
      const count = client.events().length;
      await publishEvents(sql, { clinic_id: world.clinic.id, count: 1, field: 'owner_name' });
      await eventually('one more', () => client.events().length > count);
      return client.events().at(-1)?.payload['owner_name'];
    };
    expect(await named()).toBe('x'.repeat(10));
    await sql`update api_keys set role = 'sre' where prefix = ${key.split('_')[1] ?? ''}`;
    // A known key is believed for five seconds, and then looked up with the next heartbeat.
    await eventually('the name is gone', async () => (await named()) === '***', 15_000);
    client.close();
  });
});

describe('every kind of event', () => {
  it('can be asked for by its name', async () => {
    const { base } = await feedServer(daemon);
    for (const types of [event_types.slice(0, 20).join(','), event_types.slice(20).join(',')]) {
      const client = followFeed(base, `?types=${types}`, world.tokens.viewer);
      await client.first('hello');
      client.close();
    }
  });
});
