import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { foldEmail, foldText, parseSearch, phoneKey } from '../../src/domain/search.ts';
import { createTestDatabase } from '../helpers/database.ts';

/** The database keeps what the program looks for: both fold alike, whatever is written. */

const { sql } = await createTestDatabase();

type Folded = {
  readonly text: string;
  readonly email: string;
  readonly phone: string | null;
  readonly words: readonly string[];
};

async function byDatabase(texts: readonly string[]): Promise<readonly Folded[]> {
  return await sql<Folded[]>`
    select fold_text(t) as text, fold_email(t) as email, phone_key(t) as phone,
      fold_words(t) as words
    from unnest(${texts}::text[]) with ordinality as x (t, n)
    order by n`;
}

// U+A7F1 came with Unicode 17, which not every server knows yet.
const newer = /[\0\ua7f1]/g;
const anything = fc.string({ unit: 'binary', maxLength: 40 });
const names = fc
  .array(
    fc.constantFrom(
      ..."aZé ÜßøÅıŁ'’-・ハﾊｶﾞがツッー々山田太郎ЁйΣς شَم שָׁ ｓＩ９ 🐶\u200d\u200b_%\\|&:*()",
      '한',
      'é',
      'か\u3099',
    ),
    { maxLength: 20 },
  )
  .map((signs) => signs.join(''));
const numbers = fc
  .array(fc.constantFrom(...'00628149+(). -０１٣/x'), { maxLength: 24 })
  .map((signs) => signs.join(''));

describe('the database folds as the program does', () => {
  it.each([
    ['anything', anything],
    ['names', names],
    ['numbers', numbers],
  ])('%s', async (_name, texts) => {
    const lists = fc.array(texts, { minLength: 50, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(lists, async (list) => {
        const plain = list.map((text) => text.replace(newer, '').toWellFormed());
        const folded = await byDatabase(plain);
        expect(folded.map(({ text }) => text)).toEqual(plain.map(foldText));
        expect(folded.map(({ email }) => email)).toEqual(plain.map(foldEmail));
        expect(folded.map(({ phone }) => phone)).toEqual(plain.map(phoneKey));
      }),
      { numRuns: 20 },
    );
  });

  it('and again what is folded already', () => {
    fc.assert(
      fc.property(names, (text) => {
        expect(foldText(foldText(text))).toBe(foldText(text));
      }),
    );
  });

  it('and keeps words that no search can get wrong', async () => {
    const [long, many, none] = await byDatabase(['x'.repeat(300), 'ab '.repeat(80), ' - ']);
    expect(long?.words).toEqual(['x'.repeat(60)]);
    expect(many?.words).toEqual(['ab']);
    expect(none?.words).toEqual([]);
  });
});

test('names are folded as people would', () => {
  const pairs = [
    ['Müller', 'MULLER'],
    ['Straße', 'strasse'],
    ['ﾊﾅｺ', 'はなこ'],
    ['ガッツ', 'がっつ'],
    ['Ｓｉｔｉ', 'siti'],
    ['O’Brien', "o'brien"],
    ['山田・太郎', '山田 太郎'],
    ['Ёлка', 'елка'],
    ['شَركة', 'شركة'],
  ] as const;
  for (const [written, said] of pairs) expect(foldText(written)).toBe(foldText(said));
  expect(foldText('ハナ')).not.toBe(foldText('バナ'));
});

test('a number has one key, however it is written', () => {
  const indonesian = ['+62 812-3456-7890', '0062 812 3456 7890', '+62 (0)812 3456 7890'];
  for (const text of indonesian) expect(phoneKey(text)).toBe('0987654321826');
  expect(phoneKey('0812-3456-7890')).toBe('09876543218');
  expect(phoneKey('＋８１ ０９０ １２３４ ５６７８')).toBe(phoneKey('+81-90-1234-5678'));
  expect(phoneKey('+49 (0)151 1234567')).toBe(phoneKey('+491511234567'));
  expect(phoneKey('ask Siti')).toBeNull();
});

test('what is typed is taken apart', () => {
  const nothing = { words: [], email: null, phones: [], reference: null };
  expect(parseSearch('bp1000-0127')).toEqual({ ...nothing, reference: 'BP10000127' });
  expect(parseSearch('4321')).toEqual({ ...nothing, phones: ['1234'] });
  // A tail is what it is, also when it begins with 0.
  expect(parseSearch('0123')).toEqual({ ...nothing, phones: ['3210'] });
  const abroad = { ...nothing, phones: ['0987654321826', '09876543218'] };
  expect(parseSearch('+62 812 3456 7890')).toEqual(abroad);
  expect(parseSearch('62812 3456 7890')).toEqual(abroad);
  expect(parseSearch('0812 3456 7890')).toEqual({ ...nothing, phones: ['09876543218'] });
  expect(parseSearch('siti 4321')).toEqual({ ...nothing, words: ['siti'], phones: ['1234'] });
  expect(parseSearch('Siti@Example.com')).toEqual({ ...nothing, email: 'siti@example.com' });
  expect(parseSearch('Müller').words).toEqual(['muller|mueller']);
  for (const text of ['%', '_ \\ *', "''", '(|&!)', '...'])
    expect(parseSearch(text)).toEqual(nothing);
  expect(parseSearch('a b c d e f g h').words).toHaveLength(6);
});
