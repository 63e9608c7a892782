import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { listOutbox } from '../../src/daemon/actions/outbox.ts';
import { replayOutbox } from '../../src/daemon/actions/replay-outbox.ts';
import { retryOutbox } from '../../src/daemon/actions/retry-outbox.ts';
import { createFeed } from '../../src/daemon/workers/feed.ts';
import { createRelay } from '../../src/daemon/workers/relay.ts';
import { createReplayer } from '../../src/daemon/workers/replay.ts';
import { openEventStream, STREAM_KEY } from '../../src/daemon/workers/stream.ts';
import { type CliOptions, cli } from '../cli/harness.ts';
import { addScene, mustBook } from '../helpers/booking.ts';
import { eventually } from '../helpers/poll.ts';
import { auditOf, openOpsBench, sre } from '../ops/bench.ts';
import { codeOf, plantPoison } from './bench.ts';

// Operators' commands while no daemon runs; relays are ticked by hand.

const bench = await openOpsBench();
const { app, sql, raw, redis } = bench;
const stream = openEventStream({ url: redis.url, log: app.log });
const feed = createFeed(app);
afterAll(async () => {
  await feed.stop();
  await stream.close();
});
const relay = createRelay({ feed, stream });
const replayer = createReplayer(stream);
const signal = new AbortController().signal;

const env = {
  DATABASE_URL: bench.database_url,
  REDIS_URL: redis.url,
  PETPRO_HOME: bench.home,
};
const run = (words: readonly string[], options: CliOptions = {}) =>
  cli([...words, '--direct'], { ...options, env });

async function json(words: readonly string[], exit = 0) {
  const { out, code, err } = await run([...words, '--json']);
  expect(`${err} exit ${code}`).toMatch(new RegExp(`exit ${exit}$`));
  return JSON.parse(out);
}

async function drain(): Promise<void> {
  while ((await relay.tick(app, signal)) > 0);
}

/** Every try of what is due fails until it is given up. */
async function exhaust(): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    await drain();
    await sql`update booking_events_outbox set next_attempt_at = now() where not published`;
  }
}

beforeEach(async () => {
  await sql`
    update booking_events_outbox
    set published = true, published_at = now(), dead_at = null, next_attempt_at = null
    where not published`;
});

/** `count` dead events of one owner, and how to mend them. */
async function plantDead(count: number) {
  const scene = await addScene(sql);
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await plantPoison(sql, scene)).event_id);
  await exhaust();
  const mend = async (some: readonly string[]) => {
    await sql`
      update booking_events_outbox set payload = payload - 'booking_id'
      where id = any (${[...some]})`;
  };
  return { scene, ids, mend };
}

describe('dead events', () => {
  test('are found by cause, explained, retried from a plan that is carried out once', async () => {
    const { ids, mend } = await plantDead(3);
    const [first = '', second = '', third = ''] = ids;
    const groups = await run(['outbox', 'list', '--dead', '--by-error'], { terminal: 120 });
    expect(groups.out).toMatch(/22P02 +booking\.confirmed +3 +0 +invalid input syntax/);
    expect(groups.err).toContain('Next: petpro outbox retry --dead --error "22P02" --dry-run');
    const shown = await run(['outbox', 'show', first]);
    expect(shown.out).toContain('dead\tbooking.confirmed');
    expect(shown.out).toContain('wrong\tbooking.confirmed booking_id: ');
    expect(shown.out).toContain('22P02: invalid input syntax for type uuid: "of yesterday"');
    const frozen = await run(['outbox', 'retry', '--dead', '--error', '22P02', '--dry-run']);
    const plan_id = /PL\d+/.exec(frozen.err)?.[0] ?? '';
    expect(frozen.err).toContain('3 events');
    // One is mended, one is no longer dead when the plan is carried out, one still fails.
    await mend([first, second]);
    await json(['outbox', 'retry', second, '--reason', 'alone', '--yes']);
    await drain();
    const done = await json(
      ['outbox', 'retry', '--plan', plan_id, '--rate', '20/s', '--reason', 'INC-221', '--yes'],
      14,
    );
    expect(done.items).toMatchObject([
      { event_id: first, outcome: 'retried' },
      { event_id: second, outcome: 'kept' },
      { event_id: third, outcome: 'retried' },
    ]);
    await drain();
    const left = await json(['outbox', 'list']);
    expect(left.items).toMatchObject([{ event_id: third, state: 'retrying', attempts: 1 }]);
    const messages = await sql`select from notifications where event_id = ${first}`;
    expect(messages).toHaveLength(1);
    const again = await run(['outbox', 'retry', '--plan', plan_id, '--reason', 'x', '--yes']);
    expect(again.code).toBe(6);
    expect(again.err).toContain('next: petpro outbox retry --dead --dry-run');
    const audited = await auditOf(sql, plan_id);
    expect(audited.map(({ reason }) => reason)).toContain('INC-221');
  });

  test('come back at the rate that was asked for', async () => {
    const { ids, mend } = await plantDead(5);
    await mend(ids);
    await retryOutbox(app, sre, { ...defaults, per_second: 2, reason: 'slowly', dry_run: false });
    const due = await sql<{ after_s: number }[]>`
      select round(extract(epoch from next_attempt_at - min(next_attempt_at) over ()))::int as after_s
      from booking_events_outbox where id = any (${ids}) order by sequence`;
    expect(due.map(({ after_s }) => after_s)).toEqual([0, 0, 1, 1, 2]);
    await drain();
    expect((await listOutbox(app, sre, { limit: 10 })).items).toHaveLength(3);
  });

  test('of other clinics are not seen by a key of one clinic', async () => {
    const { scene } = await plantDead(1);
    const other = await plantDead(1);
    const actor = { ...sre, clinic_id: scene.clinic.id };
    const seen = await listOutbox(app, actor, { limit: 10 });
    expect(seen).toMatchObject({ items: [{ clinic_id: scene.clinic.id }], dead: 1 });
    const wish = { ...defaults, dry_run: true };
    expect(await retryOutbox(app, actor, wish)).toMatchObject({ planned: 1 });
    expect(await retryOutbox(app, actor, { ...wish, event_id: other.ids[0] })).toMatchObject({
      planned: 0,
    });
    const range = { ...everything, from_sequence: 1, to_sequence: 9 };
    expect(await codeOf(replayOutbox(app, actor, range))).toBe('forbidden');
  });

  test('stand in pages before those that no relay has numbered', async () => {
    const { ids } = await plantDead(3);
    const scene = await addScene(sql);
    for (let n = 0; n < 3; n += 1) ids.push((await plantPoison(sql, scene)).event_id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listOutbox(app, sre, { limit: 2, cursor });
      seen.push(...page.items.map(({ event_id }) => event_id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids);
    const newest = await listOutbox(app, sre, { limit: 2, state: 'published' });
    const older = await listOutbox(app, sre, {
      limit: 2,
      state: 'published',
      cursor: newest.next_cursor ?? '',
    });
    const sequences = [...newest.items, ...older.items].map(({ sequence }) => sequence ?? 0);
    expect(sequences).toEqual(sequences.toSorted((a, b) => b - a));
    expect(await codeOf(listOutbox(app, sre, { limit: 2, cursor: 'bm9uZQ' }))).toBe(
      'invalid_input',
    );
  });

  test('are named wrongly with a way out', async () => {
    for (const [words, exit, said] of [
      [['outbox', 'show', '0198c0de-7a11-7b2c-8d3e-4f5a6b7c8d9e'], 3, 'petpro outbox list'],
      [['outbox', 'retry', '--reason', 'x'], 2, 'petpro outbox retry --dead --dry-run'],
      [['outbox', 'retry', '--plan', 'PL1', '--dead', '--reason', 'x'], 2, '--plan'],
      [['outbox', 'retry', '--dead', '--rate', 'fast', '--dry-run'], 2, '--rate takes 1/s'],
      [['outbox', 'list', '--type', 'booking.eaten'], 2, 'no kind of event'],
      [['outbox', 'list', '--dead', '--state', 'waiting'], 2, '--dead'],
      [['outbox', 'replay', '--from', '3'], 2, 'Say --from and --to, or --id.'],
      [['outbox', 'replay', '--from', '9', '--to', '3', '--dry-run'], 2, 'behind'],
      [['outbox', 'replay', '--from', '900000', '--to', '900001', '--dry-run'], 3, 'is kept'],
      [['outbox', 'stop', 'RP900000', '--yes'], 3, 'petpro outbox replays'],
      [['outbox', 'prune', '--older-than-days', '1', '--dry-run'], 2, 'from 7'],
    ] as const) {
      const { code, err } = await run(words);
      expect(`${words.join(' ')}: ${code}`).toBe(`${words.join(' ')}: ${exit}`);
      expect(err).toContain(said);
    }
  });
});

const defaults = { max: 1_000, per_second: 100, dry_run: false };
const everything = { target: 'all', per_second: 100, dry_run: false, reason: 'test' } as const;

describe('a replay', () => {
  const entries = async () => {
    const found = await raw.xrange(STREAM_KEY, '-', '+');
    return found.map(([id, fields]) => {
      const event = JSON.parse(fields[3] ?? '{}');
      return { id, event_id: event.event_id, sequence: event.sequence, replay: fields[5] ?? null };
    });
  };

  async function bookAndPublish() {
    const scene = await addScene(sql);
    await mustBook(sql, scene.slot_id, scene.owner);
    await eventually('the stream has all', async () => {
      await drain();
      const newest = (await entries()).at(-1);
      const [state] = await sql<
        { last_sequence: number }[]
      >`select last_sequence from outbox_state`;
      return newest?.sequence === state?.last_sequence ? newest : null;
    });
    return scene;
  }

  test('sends the same events again, marked, behind the newest, and the stream goes on', async () => {
    await bookAndPublish();
    const before = await entries();
    const last = before.at(-1)?.sequence ?? 0;
    const mails = async () => (await sql`select from deliveries`).length;
    const mails_before = await mails();
    const words = ['--from', String(last - 3), '--to', String(last), '--rate', '2/s'];
    const planned = await json(['outbox', 'replay', ...words, '--dry-run']);
    expect(planned.items).toMatchObject([{ status: 'planned', events: 4, replay_id: null }]);
    const begun = await json(['outbox', 'replay', ...words, '--reason', 'INC-7', '--yes']);
    const [{ replay_id }] = begun.items;
    expect(await replayer.tick(app, signal)).toBe(2);
    // At its rate: the next step is not due yet.
    expect(await replayer.tick(app, signal)).toBe(0);
    await bookAndPublish();
    await sql`update outbox_replays set next_step_at = now() where status = 'running'`;
    expect(await replayer.tick(app, signal)).toBe(2);
    const after = await entries();
    const again = after.filter(({ replay }) => replay !== null);
    const wanted = before.filter(({ sequence }) => sequence > last - 4);
    expect(again.map(({ event_id }) => event_id)).toEqual(wanted.map(({ event_id }) => event_id));
    expect(new Set(again.map(({ replay }) => replay))).toEqual(new Set([replay_id]));
    // What was published meanwhile stands once, in order, between the two steps.
    const first_time = after.filter(({ replay }) => replay === null);
    expect(first_time.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: first_time.length }, (_, index) => index + 1),
    );
    expect(first_time.length).toBeGreaterThan(before.length);
    expect(await mails()).toBe(mails_before + 1);
    const listed = await json(['outbox', 'replays']);
    expect(listed.items[0]).toMatchObject({ replay_id, status: 'done', sent: 4, reason: 'INC-7' });
    expect(await replayer.tick(app, signal)).toBe(0);
  });

  test('waits for a Redis that is away, and can be stopped', async () => {
    await bookAndPublish();
    const replay = await replayOutbox(app, sre, {
      ...everything,
      target: 'stream',
      from_sequence: 1,
      to_sequence: 4,
    });
    const away = openEventStream({ url: 'redis://127.0.0.1:1', log: app.log });
    await expect(createReplayer(away).tick(app, signal)).rejects.toThrow('Redis does not answer');
    await away.close();
    const [row] = (await json(['outbox', 'replays'])).items;
    expect(row).toMatchObject({ status: 'running', sent: 0, error: 'Redis does not answer.' });
    const words = ['outbox', 'stop', String(replay.replay_id).toLowerCase(), '--yes'];
    expect((await json(words)).items).toMatchObject([{ status: 'stopped', sent: 0 }]);
    await sql`update outbox_replays set next_step_at = now()`;
    expect(await replayer.tick(app, signal)).toBe(0);
    expect((await json(words)).items).toMatchObject([{ status: 'stopped' }]);
  });

  test('whose sender died is taken over when its lease is over: at least once', async () => {
    const { clinic } = await bookAndPublish();
    const [event] = await sql<{ id: string; sequence: number }[]>`
      select id, sequence from booking_events_outbox where clinic_id = ${clinic.id}
      order by sequence limit 1`;
    const words = ['outbox', 'replay', '--id', event?.id ?? '', '--reason', 'x', '--yes'];
    const [{ replay_id }] = (await json(words)).items;
    await sql`select * from claim_replay(30000)`;
    expect(await replayer.tick(app, signal)).toBe(0);
    await sql`update outbox_replays set next_step_at = now() where status = 'running'`;
    const two = await Promise.all([replayer.tick(app, signal), replayer.tick(app, signal)]);
    expect(two.toSorted()).toEqual([0, 1]);
    const sent = (await entries()).filter(({ replay }) => replay === replay_id);
    expect(sent).toMatchObject([{ event_id: event?.id, sequence: event?.sequence }]);
  });

  test('puts the deliveries of webhooks in line again, what is under way left alone', async () => {
    const { clinic } = await bookAndPublish();
    const [endpoint] = await sql<{ id: string }[]>`
      insert into webhook_endpoints (clinic_id, url, event_types, secret, listens_after)
      values (${clinic.id}, 'https://hooks.example.com', '{booking.*}', 'whsec_dGVzdA==', 0)
      returning id`;
    const webhook_id = endpoint?.id ?? '';
    await sql`update webhook_cursor set last_sequence = (select last_sequence from outbox_state)`;
    const [range] = await sql<{ from: number; to: number }[]>`
      select min(sequence) as from, max(sequence) as to from booking_events_outbox
      where clinic_id = ${clinic.id}`;
    const [first, second] = await sql<{ id: string }[]>`
      insert into webhook_deliveries (endpoint_id, clinic_id, event_id, event_type, sequence, status)
      select ${webhook_id}, o.clinic_id, o.id, o.event_type, o.sequence,
        case when o.event_type = 'booking.created' then 'delivered' else 'sending' end
      from booking_events_outbox o
      where o.clinic_id = ${clinic.id} and o.event_type like 'booking.%'
      order by o.sequence
      returning id`;
    const before = (await entries()).length;
    await replayOutbox(app, sre, {
      ...everything,
      target: 'webhooks',
      from_sequence: range?.from ?? 0,
      to_sequence: range?.to ?? 0,
    });
    expect(await replayer.tick(app, signal)).toBe(4);
    const rows = await sql<{ id: string; status: string }[]>`
      select id, status from webhook_deliveries where endpoint_id = ${webhook_id} order by sequence`;
    expect(rows).toEqual([
      { id: first?.id, status: 'pending' },
      { id: second?.id, status: 'sending' },
    ]);
    expect(await entries()).toHaveLength(before);
    await sql`update webhook_endpoints set status = 'disabled', disabled_reason = 'test'`;
  });

  test('has a limit: five at one time', async () => {
    await bookAndPublish();
    const wish = { ...everything, from_sequence: 1, to_sequence: 1 };
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => codeOf(replayOutbox(app, sre, wish))),
    );
    expect(outcomes.filter((code) => code === 'conflict')).toHaveLength(3);
    await sql`update outbox_replays set status = 'stopped', ended_at = now()`;
  });
});

test('old events are forgotten on request, after a rehearsal, and that is audited', async () => {
  await drain();
  await sql`update booking_events_outbox set created_at = now() - interval '20 days'`;
  const rehearsal = await json(['outbox', 'prune', '--older-than-days', '14', '--dry-run']);
  const [{ matching }] = rehearsal.items;
  expect(matching).toBeGreaterThan(3);
  const words = ['outbox', 'prune', '--older-than-days', '14', '--max', '3', '--reason', 'disk'];
  const refused = await run(words);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('--confirm 3');
  const done = await json([...words, '--confirm', '3']);
  expect(done.items).toMatchObject([{ pruned: 3, matching, first_sequence: 4 }]);
  expect(await auditOf(sql, 'older than 14 days')).toMatchObject([{ reason: 'disk' }]);
});
