import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { displayWidth, padEndWidth, padStartWidth, plainLine, truncateWidth } from './width.ts';

describe('width', () => {
  test('counts columns, not characters', () => {
    expect(displayWidth('Mochi')).toBe(5);
    expect(displayWidth('ムギ')).toBe(4);
    expect(displayWidth('山田 太郎')).toBe(9);
  });

  test('the quick way agrees with the Unicode tables on every sign', () => {
    const is_dense = (code: number) =>
      code < 0x300 || (code >= 0x3000 && code < 0x3200) || code >= 0xff00;
    // Every sign where narrow and wide mix, a sample of the large even blocks.
    for (let code = 0x20; code <= 0xffff; code += is_dense(code) ? 1 : 31) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const text = `a${String.fromCodePoint(code)}b`;
      if (stringWidth(text) !== displayWidth(text)) throw new Error(`U+${code.toString(16)}`);
    }
    expect(displayWidth('Café ÇŞ 東京 サーバー ＡＢ')).toBe(
      stringWidth('Café ÇŞ 東京 サーバー ＡＢ'),
    );
    expect(displayWidth('🐶 e\u0301 が')).toBe(stringWidth('🐶 e\u0301 が'));
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
