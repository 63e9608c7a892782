import { beforeAll, describe, expect, it } from 'vitest';
import type { FeedFrame } from '../../src/domain/events.ts';
import { initialState } from '../../src/tui/state.ts';
import { update } from '../../src/tui/update.ts';
import { view } from '../../src/tui/view.ts';
import { cli } from '../cli/harness.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, type World } from '../http/world.ts';
import { badWidths, session, textOf } from '../tui/driver.ts';
import { clinic_id, NOW } from '../tui/fixture.ts';
import { feedServer } from './bench.ts';
import { type FeedClient, followFeed } from './client.ts';

const harness = await startHarness();
const { daemon } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const board = (base: string, token: string, as = 'board') =>
  followFeed(base, `?presence=${as}&clinic_id=${world.clinic.id}`, token);

/** What a client was told last. */
function lastCount(client: FeedClient) {
  const frame = client.frames.findLast((one) => one.type === 'presence');
  return frame?.type === 'presence' ? frame : null;
}

async function told(client: FeedClient, roles: Readonly<Record<string, number>>): Promise<void> {
  const text = JSON.stringify(roles);
  await eventually(`the count ${text}`, () => JSON.stringify(lastCount(client)?.roles) === text);
}

describe('presence', () => {
  it('counts consoles by role on every daemon, without names', async () => {
    const [one, other] = [await feedServer(daemon), await feedServer(daemon)];
    const desk = board(one.base, world.tokens.desk);
    await told(desk, { desk: 1 });
    const manager = board(other.base, world.tokens.manager);
    await told(desk, { desk: 1, manager: 1 });
    await told(manager, { desk: 1, manager: 1 });
    expect(lastCount(desk)).toEqual({
      type: 'presence',
      clinic_id: world.clinic.id,
      total: 2,
      roles: { desk: 1, manager: 1 },
    });
    // A daemon that begins later asks the others.
    const third = await feedServer(daemon);
    const watcher = board(third.base, world.tokens.viewer, 'watch');
    await told(watcher, { desk: 1, manager: 1 });
    manager.close();
    await told(desk, { desk: 1 });
    await told(watcher, { desk: 1 });
    for (const client of [desk, watcher]) client.close();
  });

  it('does not count who only watches, who follows events, and who has moved on', async () => {
    const { base } = await feedServer(daemon);
    const watcher = board(base, world.tokens.viewer, 'watch');
    const plain = followFeed(base, `?clinic_id=${world.clinic.id}`, world.tokens.desk);
    const desk = board(base, world.tokens.desk);
    await plain.first('hello');
    await told(watcher, { desk: 1 });
    desk.send({ type: 'subscribe', presence: 'board', clinic_id: world.other_clinic.id });
    await told(watcher, {});
    await told(desk, { desk: 1 });
    expect(lastCount(desk)?.clinic_id).toBe(world.other_clinic.id);
    expect(plain.frames.some(({ type }) => type === 'presence')).toBe(false);
    for (const client of [watcher, plain, desk]) client.close();
  });

  it('forgets the clients of a daemon that stops', async () => {
    const [stays, stops] = [await feedServer(daemon), await feedServer(daemon)];
    const watcher = board(stays.base, world.tokens.viewer, 'watch');
    const desk = board(stops.base, world.tokens.desk);
    await told(watcher, { desk: 1 });
    await stops.server.close();
    await told(watcher, {});
    desk.close();
    watcher.close();
  });

  it('needs a clinic', async () => {
    const { base } = await feedServer(daemon);
    const client = followFeed(base, '?presence=board', world.tokens.admin);
    expect(await client.closed).toEqual({ code: 1008, reason: 'invalid_input' });
  });
});

describe('petpro events presence', () => {
  const run = (words: readonly string[], token: string) =>
    cli(['events', 'presence', ...words], {
      env: { PETPRO_URL: daemon.url, PETPRO_TOKEN: token, PETPRO_CLINIC: world.clinic.id },
    });

  it('says how many of each role look at the board, and is not one of them', async () => {
    const nobody = await run([], world.tokens.viewer);
    expect({ out: nobody.out, code: nobody.code }).toEqual({ out: '', code: 0 });
    expect(nobody.err).toContain('Nobody looks at the board of');
    const [a, b] = [board(daemon.url, world.tokens.desk), board(daemon.url, world.tokens.sre)];
    await told(a, { desk: 1, sre: 1 });
    const { out, code } = await run(['-o', 'jsonl'], world.tokens.viewer);
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { clinic_id: world.clinic.id, role: 'desk', count: 1 },
      { clinic_id: world.clinic.id, role: 'sre', count: 1 },
    ]);
    for (const client of [a, b]) client.close();
  });

  it('tells a wrong token from a feed that is away', async () => {
    expect((await run([], 'ppk_00000000_wrong')).code).toBe(4);
  });
});

describe('the console', () => {
  const frame = (roles: Readonly<Record<string, number>>): FeedFrame => {
    const total = Object.values(roles).reduce((sum, count) => sum + count, 0);
    return { type: 'presence', clinic_id, total, roles };
  };
  const shown = (columns: number, ...frames: readonly FeedFrame[]) => {
    const start = initialState(session(), { columns, rows: 24 }, NOW);
    const state = frames.reduce(
      (before, one) => update(before, { type: 'frame', frame: one, at_ms: NOW }).state,
      start,
    );
    return { state, text: textOf(view(state)), wrong: badWidths(view(state), columns) };
  };

  it('says who else is here, by role where there is room', () => {
    expect(shown(80, frame({ desk: 2, manager: 1 })).text).toContain('3 here\n');
    const wide = shown(120, frame({ desk: 2, manager: 1 }));
    expect(wide.text).toContain('3 here: desk 2, manager 1\n');
    expect(wide.wrong).toEqual([]);
  });

  it('says nothing while it is alone, or when the line is down', () => {
    expect(shown(120, frame({ desk: 1 })).text).not.toMatch(/\d here/);
    const { state } = shown(120, frame({ desk: 2 }));
    const link = { type: 'link', status: 'offline', retry_at_ms: null, at_ms: NOW } as const;
    expect(textOf(view(update(state, link).state))).not.toMatch(/\d here/);
  });

  it('says why it is told nothing any more', () => {
    expect(shown(80, { type: 'bye', reason: 'too_many' }).text).toContain('too many consoles open');
    expect(shown(80, { type: 'bye', reason: 'shutting_down' }).text).not.toContain('live updates');
  });
});
