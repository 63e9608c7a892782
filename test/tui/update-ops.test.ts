import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/domain/roles.ts';
import type { Event, State } from '../../src/tui/model.ts';
import type { LockItem, LockPage } from '../../src/tui/model-ops.ts';
import { wakeAt } from '../../src/tui/selectors.ts';
import { agesOf, ageText, releaseWord, slotName } from '../../src/tui/selectors-ops.ts';
import { initialState } from '../../src/tui/state.ts';
import { update } from '../../src/tui/update.ts';
import { session } from './driver.ts';
import { fakeLocks } from './fake-locks.ts';
import { figureDay, NOW } from './fixture.ts';
import { figureLocks } from './fixture-ops.ts';

/** The operators' part of the reducer alone: no timers, no promises. */

type Bare = Event extends infer E ? (E extends Event ? Omit<E, 'at_ms'> : never) : never;

function pageOf(items: readonly LockItem[]): LockPage {
  const fake = fakeLocks();
  fake.items = [...items];
  return fake.handlers.list_locks({});
}

class Play {
  state: State;
  now = NOW;
  effects: string[] = [];
  constructor(role: Role = 'sre') {
    this.state = initialState(session({ role }), { columns: 80, rows: 24 }, NOW);
    this.send({ type: 'start' });
    this.send({ type: 'day', seq: this.state.reload.seq, day: figureDay(), took_ms: 4 });
    this.effects = [];
  }
  send(event: Bare): void {
    const step = update(this.state, { ...event, at_ms: this.now } as Event);
    this.state = step.state;
    this.effects.push(...step.effects.map((effect) => effect.type));
  }
  locks(items: readonly LockItem[] = figureLocks()): void {
    const { seq } = this.state.locks;
    this.send({ type: 'locks', seq, page: pageOf(items), took_ms: 10 });
  }
  keys(...keys: string[]): void {
    for (const key of keys) this.send({ type: 'key', key });
  }
  pass(ms: number): void {
    this.now += ms;
    this.send({ type: 'tick' });
  }
  order(): string {
    return this.state.locks.rows.map(({ lock }) => lock.token.slice(-1)).join('');
  }
}

const event = (sequence: number) =>
  ({
    type: 'frame',
    frame: {
      type: 'event',
      event_id: `e${sequence}`,
      sequence,
      event_type: 'reservation.created',
      aggregate_type: 'reservation',
      aggregate_id: `a${sequence}`,
      clinic_id: 'c',
      correlation_id: null,
      occurred_at: '2026-11-20T03:42:07Z',
      payload: {},
    },
  }) as const;

describe('the lock board', () => {
  it('makes one request of many events, and waits between two', () => {
    const play = new Play();
    play.locks();
    play.effects = [];
    for (let n = 1; n <= 50; n += 1) play.send(event(n));
    expect(play.effects.filter((type) => type === 'list_locks')).toEqual([]);
    play.pass(1_000);
    for (let n = 51; n <= 100; n += 1) play.send(event(n));
    expect(play.effects.filter((type) => type === 'list_locks')).toEqual(['list_locks']);
  });

  it('does not ask for the day while it is shown, and asks when the board comes back', () => {
    const play = new Play();
    play.locks();
    play.pass(5_000);
    play.effects = [];
    play.send(event(1));
    play.pass(5_000);
    expect(play.effects).not.toContain('load_day');
    play.keys('1');
    expect(play.effects).toContain('load_day');
  });

  it('keeps its order for two seconds after a key, but shows new facts at once', () => {
    const play = new Play();
    play.pass(5_000);
    play.locks();
    expect(play.order()).toBe('123945');
    play.keys('j', 'ctrl-r');
    const [first, second, ...rest] = figureLocks();
    const fresh = { ...second!, class: 'live', cause: 'in_flight' } as const;
    play.locks([...rest, fresh]);
    expect(play.order()).toBe('123945');
    expect(play.state.locks.rows[1]?.lock.class).toBe('live');
    expect(play.state.locks.cursor_id).toContain(second!.key);
    expect(wakeAt(play.state)).toBeLessThanOrEqual(play.now + 2_000);
    play.pass(2_000);
    expect(play.order()).toBe('39452');
    expect(play.state.locks.cursor_id).toContain(second!.key);
    expect(play.state.locks.rows.some(({ lock }) => lock.key === first!.key)).toBe(false);
  });

  it('drops the answer to an older question', () => {
    const play = new Play();
    play.locks();
    const seq = play.state.locks.seq;
    play.keys('l');
    expect(play.state.locks.rows).toEqual([]);
    play.send({ type: 'locks', seq, page: pageOf(figureLocks()), took_ms: 10 });
    expect(play.state.locks.rows).toEqual([]);
    play.locks(figureLocks().slice(0, 2));
    expect(play.order()).toBe('12');
  });

  it('tries again after 1, 2, 4 .. 30 s when it cannot be read', () => {
    const play = new Play();
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const effect = { type: 'list_locks', seq: play.state.locks.seq, leaked_only: false } as const;
      const problem = { code: 'internal', detail: 'broken', facts: {} } as const;
      play.send({ type: 'failed', effect, problem });
      waits.push(play.state.locks.not_before_ms - play.now);
      play.pass(play.state.locks.not_before_ms - play.now);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(play.state.locks.problem).toContain('broken');
    play.locks();
    expect(play.state.locks.problem).toBeNull();
  });

  it('wakes by the second while a lock counts down, and by its own rhythm otherwise', () => {
    const play = new Play();
    play.locks();
    expect(wakeAt(play.state) - play.now).toBeLessThanOrEqual(1_000);
    const still = new Play();
    still.locks(figureLocks().filter((lock) => lock.ttl_ms === null));
    const wait = wakeAt(still.state) - still.now;
    expect(wait).toBeGreaterThan(1_000);
    expect(wait).toBeLessThanOrEqual(3_000);
  });

  it('marks at most fifty', () => {
    const play = new Play();
    const [lock] = figureLocks();
    const many = Array.from({ length: 60 }, (_, n) => ({ ...lock!, key: `${lock!.key}${n}` }));
    play.locks(many);
    play.keys(...Array.from({ length: 55 }, () => ' '));
    expect(play.state.locks.marked.size).toBe(50);
    expect(play.state.message?.text).toContain('At most 50');
    play.keys('u');
    expect(play.state.locks.marked.size).toBe(0);
  });

  it('takes pasted text only where text is typed', () => {
    const play = new Play();
    play.locks();
    play.keys('F');
    play.pass(300);
    play.send({ type: 'paste', text: 'INC-1\n1430' });
    play.keys('tab');
    play.send({ type: 'paste', text: 'INC-1\n1430' });
    const box = play.state.overlay;
    expect(box?.screen === 'release' && box.reason.text).toBe('INC-1 1430');
    expect(box?.screen === 'release' && box.typed.text).toBe('');
  });
});

describe('the words for locks', () => {
  it('name slots by the clinic, and what has none by its key', () => {
    const [lock] = figureLocks();
    expect(slotName(lock!)).toBe('BSD 20/11 14:30 Andi');
    expect(slotName({ ...lock!, seat: 3 })).toBe('BSD 20/11 14:30 Andi #3');
    const foreign = figureLocks().find((one) => one.class === 'foreign');
    expect(slotName(foreign!)).toBe('hold:somebody-else');
    expect(releaseWord(lock!)).toBe('1430');
    expect(releaseWord(foreign!)).toBe('foreign');
  });

  it('tell ages at a glance, and none when rows are missing', () => {
    const spans = [9_000, 125_000, 7_300_000, 200_000_000];
    expect(spans.map(ageText)).toEqual(['9s', '2m', '2h', '2d']);
    const play = new Play();
    expect(agesOf(play.state)).toBeNull();
    play.locks();
    expect(agesOf(play.state)).toEqual({ p50: 560_000, p99: 828_000 });
  });
});
