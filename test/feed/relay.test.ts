import { expect, test, vi } from 'vitest';
import { openCrashBench } from '../crash/bench.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { newestSequence, writeEvents } from './bench.ts';
import { followFeed } from './client.ts';

/** The relay dies at its work; another goes on, and the feed of a third daemon tells all of it. */

const bench = await openCrashBench(await createTestDatabase({ max: 3 }));
const { sql, start, desk } = bench;

// Each test starts three daemons, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const PATIENCE_MS = 30_000;

async function anyClinic(): Promise<string> {
  const [row] = await sql<{ id: string }[]>`select id from clinics limit 1`;
  return row?.id ?? '';
}

test.each(['after-sequence', 'after-fan-out'] as const)(
  'a relay that dies %s costs followers time, not events',
  async (at) => {
    const clinic_id = await anyClinic();
    const api = await start({ PETPRO_ONLY: 'api' });
    const client = followFeed(api.url, '', desk);
    const hello = await client.first('hello');
    const dying = await start({ PETPRO_ONLY: 'relay', PETPRO_FAILPOINT: at });
    await writeEvents(sql, { clinic_id, count: 700 });
    expect(await dying.ended).toBe('SIGKILL');
    await writeEvents(sql, { clinic_id, count: 300 });
    await start({ PETPRO_ONLY: 'relay' });
    await eventually('all is told', () => client.events().length >= 1_000, PATIENCE_MS);
    expect(client.events().map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => hello.sequence + 1 + index),
    );
    // A follower who was away meanwhile is told the same.
    const late = followFeed(api.url, `?after=${hello.sequence}`, desk);
    await eventually('the late one too', () => late.events().length >= 1_000, PATIENCE_MS);
    expect(late.events()).toEqual(client.events());
    for (const one of [client, late]) one.close();
  },
);

test('a daemon killed under its followers: on another they go on where they stopped', async () => {
  const clinic_id = await anyClinic();
  const [first, second] = [await start(), await start()];
  const client = followFeed(first.url, '', desk);
  const hello = await client.first('hello');
  await writeEvents(sql, { clinic_id, count: 20 });
  await eventually('some', () => client.events().length >= 5, PATIENCE_MS);
  await first.kill('SIGKILL');
  expect((await client.closed).code).toBe(1006);
  await writeEvents(sql, { clinic_id, count: 20 });
  const told = client.events().map(({ sequence }) => sequence);
  const again = followFeed(second.url, `?after=${told.at(-1)}`, desk);
  await eventually('the rest', () => told.length + again.events().length >= 40, PATIENCE_MS);
  told.push(...again.events().map(({ sequence }) => sequence));
  expect(told).toEqual(Array.from({ length: 40 }, (_, index) => hello.sequence + 1 + index));
  expect(await newestSequence(sql)).toBe(hello.sequence + 40);
  again.close();
  // The token came in a message: nothing of it may be in a log.
  const secret = desk.split('_').at(-1) ?? desk;
  expect(JSON.stringify([first.lines, second.lines])).not.toContain(secret);
});
