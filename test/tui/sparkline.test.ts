import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/domain/width.ts';
import { trend } from '../../src/tui/sparkline.ts';

describe('a series as a line of signs', () => {
  it('rises from nothing to the largest, the newest on the right', () => {
    expect(trend([0, 1, 2, 3, 4, 5, 6], 7, 'ascii')).toBe('.:-=+*#');
    expect(trend([0, 0, 0], 5, 'ascii')).toBe('...');
    expect(trend([0, 1, 2, 3], 2, 'utf')).toBe('\u28e0\u28fe');
    expect(trend([5], 4, 'utf')).toBe('\u28b8');
  });

  it('tells what is not known from what is nothing', () => {
    expect(trend([null, 0, null, 6], 4, 'ascii')).toBe(' . #');
    expect(trend([null, null], 1, 'utf')).toBe(' ');
    expect(trend([], 10, 'utf')).toBe('');
    expect(trend([1, 2], 0, 'ascii')).toBe('');
  });

  it('keeps the largest where several share a sign', () => {
    expect(trend([0, 0, 9, 0, 0, 0], 2, 'ascii')).toBe('#.');
  });

  it('never takes more columns than it was given, in either set', () => {
    const series = fc.array(fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 60 }), (values, width) => {
        expect(displayWidth(trend(values, width, 'ascii'))).toBeLessThanOrEqual(width);
        expect(displayWidth(trend(values, width, 'utf'))).toBeLessThanOrEqual(width);
      }),
    );
  });
});
