import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBreaker } from './breaker.ts';

const options = {
  failures: 3,
  window_ms: 1_000,
  open_ms: 100,
  open_max_ms: 300,
  probe_ms: 50,
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const fail = (breaker: ReturnType<typeof createBreaker>, times: number) => {
  for (let time = 0; time < times; time += 1) breaker.failed();
};

test('opens after enough failures within the window, not by old ones', () => {
  const breaker = createBreaker(options);
  fail(breaker, 2);
  vi.advanceTimersByTime(1_001);
  fail(breaker, 2);
  expect(breaker.state()).toBe('closed');
  breaker.failed();
  expect(breaker.state()).toBe('open');
  expect(breaker.allows()).toBe(false);
});

test('a success in between forgives what failed before', () => {
  const breaker = createBreaker(options);
  fail(breaker, 2);
  breaker.succeeded();
  fail(breaker, 2);
  expect(breaker.state()).toBe('closed');
  expect(breaker.recoveries()).toBe(0);
});

test('lets one probe through at a time, and another when that one never came back', () => {
  const breaker = createBreaker(options);
  fail(breaker, 3);
  vi.advanceTimersByTime(100);
  expect(breaker.state()).toBe('half_open');
  expect([breaker.allows(), breaker.allows()]).toEqual([true, false]);
  vi.advanceTimersByTime(50);
  expect(breaker.allows()).toBe(true);
});

test('a failed probe doubles the pause up to the ceiling; a good one closes and counts', () => {
  const breaker = createBreaker(options);
  fail(breaker, 3);
  const pauses: number[] = [];
  let pause_ms = 0;
  while (pauses.length < 4) {
    vi.advanceTimersByTime(10);
    pause_ms += 10;
    if (!breaker.allows()) continue;
    breaker.failed();
    pauses.push(pause_ms);
    pause_ms = 0;
  }
  expect(pauses).toEqual([100, 200, 300, 300]);
  vi.advanceTimersByTime(300);
  expect(breaker.allows()).toBe(true);
  breaker.succeeded();
  expect(breaker.state()).toBe('closed');
  expect(breaker.recoveries()).toBe(1);
});
