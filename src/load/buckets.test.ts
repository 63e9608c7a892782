import { expect, test } from 'vitest';
import { bucket_names, percentileOf, since } from './buckets.ts';

const none = bucket_names.map(() => 0);
/** So many answers up to 5 ms, up to 10 ms, ... */
const counts = (...first: readonly number[]) => none.map((_, index) => first[index] ?? 0);

test('a percentile lies inside of its bucket, as if its answers were spread evenly', () => {
  expect(percentileOf(none, 0.99)).toBe(0);
  expect(percentileOf(counts(100), 0.5)).toBe(2.5);
  expect(percentileOf(counts(90, 10), 0.95)).toBe(7.5);
  expect(percentileOf(counts(0, 0, 1), 1)).toBe(20);
});

test('what took longer than every bound is told as the last of them', () => {
  const slow = none.map((_, index) => (index === none.length - 1 ? 7 : 0));
  expect(percentileOf(slow, 0.99)).toBe(5_000);
});

test('the last second is what was counted since', () => {
  expect(since(counts(9, 5), counts(4, 5)).slice(0, 2)).toEqual([5, 0]);
  expect(since(counts(3), [])).toEqual(counts(3));
});
