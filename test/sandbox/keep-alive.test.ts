import { expect, test } from 'vitest';
import { openLog } from '../../src/log.ts';
import { keepAlive, MAX_RESTARTS_PER_WINDOW, restartDelay } from '../../src/sandbox/keep-alive.ts';

test('waits longer each time, and a whole minute after ten restarts in one', () => {
  expect(restartDelay([], 1_000_000)).toBe(100);
  expect(restartDelay([999_000], 1_000_000)).toBe(200);
  expect(restartDelay([999_000, 999_100, 999_200], 1_000_000)).toBe(800);
  // Long ago counts no more.
  expect(restartDelay([1, 2, 3, 4], 1_000_000)).toBe(100);
  const ten = Array.from({ length: MAX_RESTARTS_PER_WINDOW }, (_, i) => 990_000 + i);
  expect(restartDelay(ten, 1_000_000)).toBe(50_000);
  const nine = ten.slice(1);
  expect(restartDelay(nine, 1_000_000)).toBe(5_000);
});

test('starts an ended part again, also when a start fails, until it is told to stop', async () => {
  const stop = new AbortController();
  const log = openLog({ level: 'silent' });
  let starts = 0;
  const ended = { gone: Promise.resolve() };
  await keepAlive(
    'part',
    ended,
    async () => {
      starts += 1;
      if (starts === 1) throw new Error('not yet');
      stop.abort();
      return { gone: new Promise<void>(() => {}) };
    },
    stop.signal,
    log,
  );
  expect(starts).toBe(2);
});
