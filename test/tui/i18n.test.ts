import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/domain/width.ts';
import { dateText, moneyText, wordsOf, zoneName } from '../../src/tui/i18n/text.ts';
import type { Lang } from '../../src/tui/model.ts';
import { fitsHead, head_budgets } from '../../src/tui/screens/board.ts';

const langs: readonly Lang[] = ['en', 'ja', 'id'];
const columns = 80;

describe.each(langs)('the words in %s', (lang) => {
  const words = wordsOf(lang);

  it('fit their columns', () => {
    for (const name of ['time', 'pet', 'owner', 'service', 'vet', 'pay', 'ref'] as const) {
      expect({ name, fits: fitsHead(name, words.heads[name]) }).toEqual({ name, fits: true });
    }
    const tight: readonly (readonly [number, readonly string[]])[] = [
      [head_budgets.pay, Object.values(words.pay_short)],
      [11, Object.values(words.link)],
      [12, Object.values(words.letters)],
      [12, Object.values(words.hints)],
      [8, Object.values(words.fields)],
      [head_budgets.pet, [words.open_row, words.blocked_row, words.held_row]],
    ];
    const long = tight.flatMap(([budget, texts]) =>
      texts.filter((text) => displayWidth(text) > budget),
    );
    expect(long).toEqual([]);
  });

  it('fit one line where they must', () => {
    const n = { booked: 199, inside: 19, late: 19, unresolved: 199, done: 199, held: 9, open: 99 };
    const lines = [
      ` ${words.board} ${words.counts(n)} `,
      ` ${words.offline_banner('10:41:07', '10:41:05', 30)}`,
      ` ${words.book_keys}`,
      ` ${words.find_keys}`,
      `   ${words.cancel_keep}      ${words.cancel_yes}    ${words.cancel_other}`,
      ` ${words.quit_text}   `,
      `! 10:42:07 ${words.refused_offline('10:41:07')} `,
    ];
    expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
  });

  it('name what the key does, as the keys are ASCII in every language', () => {
    expect(words.cancel_yes.startsWith('y ')).toBe(true);
    expect(words.cancel_other.startsWith('w ')).toBe(true);
    expect(words.quit_yes.startsWith('y ')).toBe(true);
  });
});

describe('dates, zones and money', () => {
  it('are written as people there write them', () => {
    expect(dateText('2026-11-20', 'en')).toBe('Fri 20 Nov 2026');
    expect(dateText('2026-11-20', 'id')).toBe('Jum 20 Nov 2026');
    expect(dateText('2026-11-20', 'ja')).toBe('2026/11/20(金)');
    const instant = Temporal.Instant.from('2026-11-20T03:00:00Z');
    expect(zoneName('Asia/Jakarta', instant)).toBe('WIB');
    expect(zoneName('Asia/Tokyo', instant)).toBe('JST');
    expect(zoneName('America/New_York', instant)).toBe('EST');
    expect(moneyText('250000.00', 'IDR', 'id')).toBe('Rp 250.000');
    expect(moneyText('250000.00', 'IDR', 'en')).toBe('IDR 250,000');
    expect(moneyText('12.50', 'XXX', 'en')).toBe('XXX 12.50');
  });
});
