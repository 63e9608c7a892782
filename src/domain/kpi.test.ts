import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addCounts,
  classKey,
  kpi_names,
  kpis,
  latency_bounds_ms,
  latencyClass,
  mainCurrency,
  percentile95,
} from './kpi.ts';
import { figureText, trendText } from './kpi-words.ts';

const timesOf = (all: readonly number[]) =>
  addCounts(all.map((ms) => ({ [classKey('request', latencyClass(ms))]: 1 })));

test('no figure is made of nothing, and none is NaN', () => {
  for (const name of kpi_names) {
    const value = kpis[name].value({ counts: {}, seconds: 60, currency: null });
    expect([null, 0], name).toContain(value);
    const busy = { bookings: 3, requests: 0, holds_won: 0 };
    expect(kpis[name].value({ counts: busy, seconds: 60, currency: 'IDR' }), name).not.toBeNaN();
  }
});

test('the 95th of a hundred lies in the class where the naive one lies', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 15_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      (times) => {
        const naive = times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? 0;
        const found = percentile95(timesOf(times), 'request') ?? -1;
        const index = latencyClass(naive);
        expect(found).toBeGreaterThanOrEqual(latency_bounds_ms[index - 1] ?? 0);
        expect(found).toBeLessThanOrEqual(latency_bounds_ms[index] ?? Infinity);
      },
    ),
  );
});

test('what is slower than the last bound counts as that bound', () => {
  expect(percentile95(timesOf([60_000, 60_000]), 'request')).toBe(15_000);
  expect(percentile95({}, 'request')).toBeNull();
});

test('counts of two daemons give the figure of both', () => {
  const one = { requests: 90, errors: 0, request_ms: 900 };
  const other = { requests: 10, errors: 5, request_ms: 9_100 };
  const both = { counts: addCounts([one, other]), seconds: 10, currency: null };
  expect(kpis.error_rate.value(both)).toBe(5);
  expect(kpis.latency_average.value(both)).toBe(100);
  expect(kpis.throughput.value(both)).toBe(10);
});

test('every hold that ended is a booking, a cancellation or expired', () => {
  const counts = { bookings: 6, holds_expired: 3, holds_cancelled: 1, holds: 99 };
  const window = { counts, seconds: 3_600, currency: null };
  expect(kpis.conversion_rate.value(window)).toBe(60);
  expect(kpis.expired_rate.value(window)).toBe(30);
});

test('revenue is told in the currency that most payments have', () => {
  const counts = { payments_in_IDR: 5, payments_in_JPY: 7, revenue_IDR: 100, revenue_JPY: 900 };
  expect(mainCurrency(counts)).toBe('JPY');
  expect(mainCurrency({})).toBeNull();
  const window = { counts, seconds: 1_800, currency: 'JPY' };
  expect(kpis.revenue_per_hour.value(window)).toBe(1_800);
});

test('an inventory that nobody looked at is not accurate, it is not known', () => {
  const value = (counts: Readonly<Record<string, number>>) =>
    kpis.inventory_accuracy.value({ counts, seconds: 60, currency: null });
  expect(value({ inventory_seats: 10 })).toBeNull();
  expect(value({ inventory_looks: 1 })).toBe(100);
  expect(value({ inventory_looks: 1, inventory_seats: 200, inventory_wrong: 1 })).toBe(99.5);
  expect(value({ inventory_looks: 1, inventory_wrong: 1 })).toBe(0);
});

test('figures and trends fit a narrow column', () => {
  expect(figureText(null, 'percent')).toBe('-');
  expect(figureText(71.84, 'percent')).toBe('71.8');
  expect(figureText(1_240_000, 'money_per_hour')).toBe('1,240,000');
  expect(figureText(2.44, 'ms')).toBe('2.4');
  expect(trendText([0, null, 5, 10], 10)).toBe('. =#');
  expect(trendText([...Array(60).keys()], 20)).toHaveLength(20);
  expect(trendText([null, null], 10)).toBe('  ');
});
