import { describe, expect, it } from 'vitest';
import type { Event, State } from '../../src/tui/model.ts';
import { foldText, makeBoard } from '../../src/tui/rows.ts';
import { selectedRow, visibleRows, wakeAt } from '../../src/tui/selectors.ts';
import { initialState } from '../../src/tui/state.ts';
import { update } from '../../src/tui/update.ts';
import { session } from './driver.ts';
import { bookingOf, figureDay, largeDay, NOW } from './fixture.ts';

/** The reducer alone: no timers, no promises. */

type Bare = Event extends infer E ? (E extends Event ? Omit<E, 'at_ms'> : never) : never;

class Play {
  state: State;
  now = NOW;
  effects: string[] = [];
  constructor(day = figureDay()) {
    this.state = initialState(session(), { columns: 80, rows: 24 }, NOW);
    this.send({ type: 'start' });
    this.day(day);
  }
  send(event: Bare): void {
    const step = update(this.state, { ...event, at_ms: this.now } as Event);
    this.state = step.state;
    this.effects.push(...step.effects.map((effect) => effect.type));
  }
  day(day = figureDay()): void {
    this.send({ type: 'day', seq: this.state.reload.seq, day, took_ms: 4 });
  }
  keys(...keys: string[]): void {
    for (const key of keys) this.send({ type: 'key', key });
  }
  pass(ms: number): void {
    this.now += ms;
    this.send({ type: 'tick' });
  }
}

/** The day with one row changed, as another desk would leave it. */
function changed(reference_code: string, change: object) {
  const day = figureDay();
  const items = day.items.map((row) =>
    row.reference_code === reference_code
      ? { ...row, version: (row.version ?? 0) + 1, ...change }
      : row,
  );
  return { ...day, items };
}

describe('the board', () => {
  it('starts at the first visit that is not over', () => {
    expect(selectedRow(new Play().state)?.row.reference_code).toBe('BP10000127');
  });

  it('gives each row its letter', () => {
    const letters = new Play().state.board.map((row) => row.letter).join('');
    expect(letters).toBe('CCNI!!-H- - x');
  });

  it('numbers bookings and holds only, and groups free times', () => {
    const { board } = new Play().state;
    expect(board.map((row) => row.number).filter((n) => n !== null)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(board.find((row) => row.id === 'o:11:15')?.group).toHaveLength(2);
  });

  it('hides free times that have begun', () => {
    const rows = makeBoard(figureDay().items, NOW + 3_600_000, true);
    expect(rows.filter((row) => row.kind === 'open').map((row) => row.row.time)).toEqual(['11:45']);
  });

  it('keeps the identity of rows that did not change', () => {
    const play = new Play();
    const before = play.state.board;
    play.pass(3_000);
    play.send({ type: 'key', key: 'ctrl-r' });
    play.day(changed('BP10000128', { arrived_at: '2026-11-20T03:42:00Z' }));
    const same = play.state.board.filter((row, index) => row === before[index]);
    expect(same).toHaveLength(before.length - 1);
  });

  it('marks what others changed for five seconds, and not what we changed', () => {
    const play = new Play();
    play.pass(3_000);
    play.send({ type: 'key', key: 'ctrl-r' });
    play.day(changed('BP10000128', { arrived_at: '2026-11-20T03:42:00Z' }));
    const id = play.state.board.find((row) => row.row.reference_code === 'BP10000128')!.id;
    expect([...play.state.marks.keys()]).toEqual([id]);
    play.pass(4_999);
    expect(play.state.marks.size).toBe(1);
    play.pass(1);
    expect(play.state.marks.size).toBe(0);

    const mine = new Play();
    const row = mine.state.day!.items.find((one) => one.reference_code === 'BP10000128')!;
    const booking = { ...bookingOf({ ...row, arrived_at: row.starts_at, version: 2 }) };
    mine.send({ type: 'moved', was: 'booked', booking });
    expect(mine.state.board.find((one) => one.id === id)?.letter).toBe('A');
    mine.pass(300);
    mine.day(changed('BP10000128', { arrived_at: row.starts_at }));
    expect(mine.state.marks.size).toBe(0);
  });

  it('does not move rows for two seconds after a key, but shows new facts at once', () => {
    const play = new Play();
    play.pass(5_000);
    play.keys('j');
    const before = play.state.board.map((row) => row.id);
    const day = changed('BP10000128', { arrived_at: '2026-11-20T03:42:00Z' });
    const fewer = { ...day, items: day.items.slice(1) };
    play.send({ type: 'frame', frame: { type: 'gap', sequence: 5 } });
    play.day(fewer);
    expect(play.state.board.map((row) => row.id)).toEqual(before);
    const sora = () => play.state.board.find((row) => row.row.reference_code === 'BP10000128');
    expect(sora()?.letter).toBe('A');
    expect(wakeAt(play.state)).toBeLessThanOrEqual(play.now + 2_000);
    play.pass(2_000);
    expect(play.state.board.map((row) => row.id)).toEqual(before.slice(1));
    expect(sora()?.letter).toBe('A');
  });

  it('keeps the cursor on its row while rows come and go above it', () => {
    const play = new Play();
    const id = play.state.cursor_id;
    play.pass(5_000);
    play.send({ type: 'frame', frame: { type: 'gap', sequence: 5 } });
    play.day({ ...figureDay(), items: figureDay().items.slice(3) });
    expect(play.state.cursor_id).toBe(id);
    expect(selectedRow(play.state)?.number).toBe(3);
  });

  it('puts the cursor on what took the slot when its row is gone', () => {
    const play = new Play();
    play.keys('G', 'k');
    expect(play.state.cursor_id).toBe('o:11:45');
    const items = figureDay().items.map((row) =>
      row.time === '11:45'
        ? { ...figureDay().items[6]!, slot_id: row.slot_id, time: '11:45', booking_id: row.slot_id }
        : row,
    );
    play.pass(5_000);
    play.send({ type: 'frame', frame: { type: 'gap', sequence: 5 } });
    play.day({ ...figureDay(), items });
    expect(selectedRow(play.state)).toMatchObject({ kind: 'booking', row: { time: '11:45' } });
  });

  it('coalesces many events into one request, and asks again after it', () => {
    const play = new Play();
    play.pass(5_000);
    play.effects = [];
    for (let sequence = 1; sequence <= 50; sequence += 1) {
      play.send({ type: 'frame', frame: { type: 'gap', sequence } });
    }
    expect(play.effects).toEqual(['load_day']);
    play.day();
    expect(play.effects).toEqual(['load_day']);
    play.pass(200);
    expect(play.effects).toEqual(['load_day', 'load_day']);
  });

  it('drops answers to older requests', () => {
    const play = new Play();
    play.keys(']');
    const { date } = play.state;
    expect(date).toBe('2026-11-21');
    play.send({ type: 'day', seq: play.state.reload.seq - 1, day: figureDay(), took_ms: 4 });
    expect(play.state.board).toEqual([]);
    play.day({ ...figureDay(), date: '2026-11-21', items: [] });
    expect(play.state.day?.date).toBe('2026-11-21');
    play.keys('t');
    expect(play.state.date).toBeNull();
  });

  it('shows only a window of a long day, and follows the cursor', () => {
    const play = new Play(largeDay(2_000));
    play.keys('G');
    expect(play.state.top).toBe(2_000 - 12);
    play.keys('k', 'k', 'g');
    expect(play.state.top).toBe(0);
    expect(selectedRow(play.state)?.number).toBe(1);
    play.keys('pgdn');
    expect(selectedRow(play.state)?.number).toBe(12);
  });

  it('filters by any word of the row, whatever its width, case or kana', () => {
    const play = new Play();
    play.keys('/', ...'むぎ', 'enter');
    expect(visibleRows(play.state).map((row) => row.row.pet_name)).toEqual(['ムギ']);
    play.keys('esc');
    expect(visibleRows(play.state)).toHaveLength(13);
    play.keys('/', ...'rahma che', 'enter');
    expect(visibleRows(play.state).map((row) => row.row.pet_name)).toEqual(['Mochi']);
    expect(foldText('ＡＢＣ é ぎ')).toBe(foldText('abc e ギ'));
  });

  it('wakes by the minute when nothing counts, by the second when a hold does', () => {
    const play = new Play();
    expect(wakeAt(play.state) - play.now).toBeLessThanOrEqual(1_000);
    const idle = new Play({
      ...figureDay(),
      items: figureDay().items.filter((row) => row.kind !== 'hold'),
    });
    expect(wakeAt(idle.state) - idle.now).toBeGreaterThan(1_000);
    expect(wakeAt(idle.state) - idle.now).toBeLessThanOrEqual(60_000);
  });
});

describe('the link', () => {
  it('asks for a fresh day when the line is back', () => {
    const play = new Play();
    play.send({ type: 'link', status: 'live', retry_at_ms: null });
    play.pass(5_000);
    play.effects = [];
    play.send({ type: 'link', status: 'offline', retry_at_ms: play.now + 4_000 });
    expect(play.effects).toEqual([]);
    play.keys('a');
    expect(play.state.message?.text).toContain('Offline since 10:42:12');
    expect(play.effects).toEqual([]);
    play.send({ type: 'link', status: 'live', retry_at_ms: null });
    expect(play.effects).toEqual(['load_day']);
  });

  it('knows by the heartbeat that what is shown is still true', () => {
    const play = new Play();
    play.send({ type: 'link', status: 'live', retry_at_ms: null });
    play.pass(50_000);
    expect(play.state.link.data_ms).toBe(NOW);
    const frame = { type: 'heartbeat', sequence: 1, at: '2026-11-20T03:43:00Z' } as const;
    play.send({ type: 'frame', frame });
    expect(play.state.link.data_ms).toBe(NOW + 50_000);
  });

  it('retries a failed snapshot after 1, 2, 4 .. 30 s and shows OFFLINE meanwhile', () => {
    const play = new Play();
    play.keys('ctrl-r');
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const effect = { type: 'load_day', seq: play.state.reload.seq, date: null } as const;
      const problem = { code: 'unavailable', detail: 'gone', facts: {} } as const;
      play.send({ type: 'failed', effect, problem });
      expect(play.state.link.status).toBe('offline');
      waits.push(play.state.reload.not_before_ms - play.now);
      play.pass(play.state.reload.not_before_ms - play.now);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    play.send({ type: 'link', status: 'live', retry_at_ms: null });
    expect(play.state.link.status).toBe('offline');
    play.day();
    expect(play.state.link.status).toBe('live');
  });
});
