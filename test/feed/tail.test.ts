import { beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../cli/harness.ts';
import { eventually } from '../helpers/poll.ts';
import { startProxy } from '../helpers/proxy.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';
import { feedServer, newestSequence, publishEvents } from './bench.ts';

/** `petpro events tail` as people and scripts use it. */

const harness = await startHarness();
const { sql, daemon } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

type Line = { readonly type: string; readonly sequence: number };

function tail(url: string, words: readonly string[], token = world.tokens.desk) {
  const stop = new AbortController();
  const lines: string[] = [];
  const remarks: string[] = [];
  const done = cli(['events', 'tail', ...words], {
    env: { PETPRO_URL: url, PETPRO_TOKEN: token, PETPRO_CLINIC: world.clinic.id },
    signal: stop.signal,
    on_out: (text) => lines.push(...text.split(/(?<=\n)/)),
    on_err: (text) => remarks.push(text),
  });
  const records = (): readonly Line[] => lines.map((line) => JSON.parse(line));
  return { done, stop: () => stop.abort(130), lines, remarks, records };
}

const publish = (count: number, event_type?: string) =>
  publishEvents(sql, {
    clinic_id: world.clinic.id,
    count,
    ...(event_type === undefined ? {} : { event_type }),
  });

describe('events tail', () => {
  it('goes on by itself where a lost connection stopped, and records heartbeats', async () => {
    const { base } = await feedServer(daemon);
    const way = await startProxy(Number(new URL(base).port));
    const start = await newestSequence(sql);
    const one = tail(`http://127.0.0.1:${way.port}`, ['--after', String(start), '-o', 'jsonl']);
    const told = () => one.records().filter(({ type }) => type === 'event');
    await publish(5);
    await eventually('five', () => told().length === 5);
    way.set('cut');
    await publish(5);
    await eventually('it notices', () => one.remarks.some((text) => text.includes('Feed lost')));
    way.set('pass');
    await eventually('ten', () => told().length === 10);
    expect(told().map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 10 }, (_, index) => start + 1 + index),
    );
    const newest = start + 10;
    await eventually('a heartbeat', () =>
      one.records().some(({ type, sequence }) => type === 'heartbeat' && sequence === newest),
    );
    one.stop();
    expect((await one.done).code).toBe(130);
  });

  it('records a gap', async () => {
    await publish(10);
    const newest = await newestSequence(sql);
    await sql`delete from booking_events_outbox where sequence <= ${newest - 3}`;
    const { base } = await feedServer(daemon);
    const words = ['--after', '0', '--limit', '3', '-o', 'jsonl'];
    const { done, records } = tail(base, words);
    expect((await done).code).toBe(0);
    expect(records().map(({ type, sequence }) => [type, sequence])).toEqual([
      ['gap', newest - 3],
      ...[2, 1, 0].map((back) => ['event', newest - back]),
    ]);
  });

  it('gives up with exit 11 and the command that goes on', async () => {
    const { base } = await feedServer(daemon);
    const way = await startProxy(Number(new URL(base).port));
    const words = ['--type', 'reservation.*', '--max-disconnect', '1s', '-o', 'jsonl'];
    const one = tail(`http://127.0.0.1:${way.port}`, words);
    await eventually('it follows', async () => {
      await publish(1);
      return one.lines.length > 0;
    });
    const after = await newestSequence(sql);
    await eventually('told', () => one.records().some(({ sequence }) => sequence === after));
    way.set('cut');
    const { code, err } = await one.done;
    expect(code).toBe(11);
    expect(err).toContain(`petpro events tail --after ${after} --type 'reservation.*'`);
  });

  it('prints aligned lines for people', async () => {
    const { base } = await feedServer(daemon);
    const start = await newestSequence(sql);
    await publish(1, 'reservation.created');
    await publish(1, 'reservation.approval_asked');
    const { done, lines } = tail(base, ['--after', String(start), '--limit', '2']);
    expect((await done).code).toBe(0);
    const shape = /^\d\d:\d\d:\d\d {2} *\d+ {2}reservation\.\w+ +[0-9a-f-]{36}\n$/;
    for (const line of lines) expect(line).toMatch(shape);
    const [first, second] = lines.map((line) => line.search(/[0-9a-f]{8}-/));
    expect(first).toBe(second);
  });

  it('refuses a slip of the pen with the names that exist', async () => {
    const typo = await tail(daemon.url, ['--type', 'bokking.*']).done;
    expect(typo.code).toBe(2);
    expect(typo.err).toContain('"bokking.*": no event is called so');
    expect((await tail(daemon.url, ['--about', 'BP10000127']).done).code).toBe(2);
  });

  it('says why it is not let in, and keeps trying only for so long', async () => {
    const { base } = await feedServer(daemon, { clients_max: 0 });
    const { code, err } = await tail(base, ['--max-disconnect', '1s']).done;
    expect(code).toBe(11);
    expect(err).toContain('The feed has as many followers as it takes.');
  });
});
