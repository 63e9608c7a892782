import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayWidth, padEndWidth, padStartWidth, plainLine, truncateWidth } from './width.ts';

describe('width', () => {
  test('counts columns, not characters', () => {
    expect(displayWidth('Mochi')).toBe(5);
    expect(displayWidth('ムギ')).toBe(4);
    expect(displayWidth('山田 太郎')).toBe(9);
  });

  test('cuts with a mark and never through a wide character', () => {
    expect(truncateWidth('Rahmawati', 6)).toBe('Rahma~');
    expect(truncateWidth('ムギムギ', 6)).toBe('ムギ~');
    expect(truncateWidth('Rina', 4)).toBe('Rina');
    expect(padEndWidth('ムギムギ', 6)).toBe('ムギ~ ');
    expect(padStartWidth('30', 4)).toBe('  30');
  });

  test('padding gives exactly the asked width, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 0, max: 40 }),
        (raw, columns) => {
          const text = plainLine(raw);
          expect(displayWidth(padEndWidth(text, columns))).toBe(columns);
          expect(displayWidth(padStartWidth(text, columns))).toBe(columns);
          expect(displayWidth(truncateWidth(text, columns))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  test('takes the power from control characters', () => {
    expect(plainLine('Mo\u001b[2Jchi\nfake\u202erow')).toBe('Mo?[2Jchi fake?row');
  });
});
