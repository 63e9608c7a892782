import { expect, test } from 'vitest';
import { alert_names, alert_rules, type Standing, stepAlert } from './alerts.ts';

const calm: Standing = { state: 'ok', over_since_ms: null, well_since_ms: null };
const rule = { compare: 'above', threshold: 5, clears_at: 4, for_s: 60, clear_for_s: 120 } as const;

/** States after each value, ten seconds apart. */
function walk(values: readonly (number | null)[], of: Parameters<typeof stepAlert>[0] = rule) {
  let standing = calm;
  return values.map((value, index) => {
    standing = stepAlert(of, standing, value, index * 10_000);
    return standing.state;
  });
}

test('it fires after a minute over the threshold, not before', () => {
  expect(walk([9, 9, 9, 9, 9, 9, 9])).toEqual([...Array(6).fill('pending'), 'firing']);
  expect(walk([9, 9, 5, 9])).toEqual(['pending', 'pending', 'ok', 'pending']);
});

test('between threshold and clearing value nothing changes', () => {
  const fired: Standing = { state: 'firing', over_since_ms: 0, well_since_ms: null };
  expect(stepAlert(rule, fired, 4.5, 1_000)).toEqual(fired);
  expect(stepAlert(rule, calm, 4.5, 1_000)).toEqual(calm);
});

test('it clears when it was well for two minutes, and one bad look begins them anew', () => {
  let standing: Standing = { state: 'firing', over_since_ms: 0, well_since_ms: null };
  for (const [second, value] of [
    [0, 1],
    [60, 1],
    [110, 9],
    [120, 1],
    [230, 1],
  ] as const) {
    standing = stepAlert(rule, standing, value, second * 1_000);
    expect(standing.state).toBe('firing');
  }
  expect(stepAlert(rule, standing, 1, 240_000)).toEqual(calm);
});

test('a fault does not end because nobody could look', () => {
  const fired: Standing = { state: 'firing', over_since_ms: 0, well_since_ms: null };
  expect(stepAlert(rule, fired, null, 999_000)).toBe(fired);
  expect(walk([null, null])).toEqual(['ok', 'ok']);
});

test('what must not fall below a value fires below it', () => {
  expect(walk([15, 13.9, 14], alert_rules.certificate)).toEqual(['ok', 'firing', 'ok']);
  expect(walk([Infinity], alert_rules.backup_age)).toEqual(['firing']);
});

test('every alert says what it means and which command comes next', () => {
  for (const name of alert_names) {
    const { runbook, next, title, compare, threshold, clears_at, for_s } = alert_rules[name];
    expect(runbook.endsWith('.'), name).toBe(true);
    expect(runbook.length, name).toBeGreaterThan(40);
    expect(next, name).toMatch(/^petpro /);
    expect(title, name).not.toMatch(/\.$/);
    // Hysteresis never lets it clear where it would fire again at once.
    if (compare === 'above') expect(clears_at, name).toBeLessThanOrEqual(threshold);
    else expect(clears_at, name).toBeGreaterThanOrEqual(threshold);
    expect(for_s, name).toBeLessThanOrEqual(300);
  }
});
