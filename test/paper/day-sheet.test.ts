import { expect, test } from 'vitest';
import { daySheet, type SheetAsk } from '../../src/domain/day-sheet.ts';
import { romajiOf, romajiPaper } from '../../src/domain/romaji.ts';
import { displayWidth } from '../../src/domain/width.ts';
import { DATE, figureDay, largeDay, NOW } from '../tui/fixture.ts';

const ask = (change: Partial<SheetAsk> = {}): SheetAsk => ({
  day: figureDay(),
  lang: 'en',
  width: 80,
  staff_id: null,
  per_vet: false,
  printed_at: Temporal.Instant.fromEpochMilliseconds(NOW),
  is_saved: false,
  ...change,
});
const linesOf = (change: Partial<SheetAsk>) =>
  daySheet(ask(change)).pages.flatMap((page) => page.split('\n'));
const vets = new Map(figureDay().items.map((row) => [row.staff_name, row.staff_id]));

test.each(['en', 'ja', 'id'] as const)('in %s no line is wider than the paper', (lang) => {
  for (const width of [80, 42] as const) {
    const lines = linesOf({ lang, width });
    expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
    expect(lines.some((line) => displayWidth(line) === width)).toBe(true);
  }
});

test('Japanese names stand in the same columns as others, and numbers and references are whole', () => {
  const rows = figureDay().items.filter(({ kind }) => kind === 'booking' || kind === 'hold');
  const shown = rows.filter(({ status }) => status !== 'cancelled');
  const lines = linesOf({ lang: 'ja' }).filter((line) => /^\d\d:\d\d /.test(line));
  expect(lines).toHaveLength(shown.length);
  for (const row of shown) {
    const line = lines.find((one) => one.includes(row.reference_code ?? '?')) ?? '';
    expect(line).toContain(row.owner_phone?.replace(/[\s-]/g, '') ?? '');
  }
  const at = lines.map((line) => displayWidth(line.slice(0, line.lastIndexOf('BP'))));
  expect(new Set(at).size).toBe(1);
});

test('free and cancelled times are not on it, and the foot counts what is', () => {
  const text = linesOf({}).join('\n');
  expect(text).not.toContain('open');
  const cancelled = figureDay().items.filter(({ status }) => status === 'cancelled').length;
  expect(text.includes('cancelled (not listed)')).toBe(cancelled > 0);
  expect(text).toMatch(/^\d+ visits, 1 held, \d+ to pay/m);
});

test('one vet, or a page for each', () => {
  const one = daySheet(ask({ staff_id: vets.get('Sari') ?? null }));
  expect(one.pages).toHaveLength(1);
  expect(one.pages[0]).toContain('DAY SHEET: Sari');
  expect(one.pages[0]).not.toContain('Andi');
  const each = daySheet(ask({ per_vet: true }));
  expect(each.pages.map((page) => /DAY SHEET: (\S+)/.exec(page)?.[1])).toEqual(
    [...new Set(each.pages.map((page) => /DAY SHEET: (\S+)/.exec(page)?.[1]))].toSorted(),
  );
  expect(each.pages.length).toBeGreaterThan(1);
});

test('a long day breaks at pages that paper holds, with the head on each', () => {
  const { pages } = daySheet(ask({ day: largeDay(150) }));
  expect(pages.length).toBeGreaterThan(2);
  for (const [index, page] of pages.entries()) {
    expect(page.split('\n').length - 1).toBeLessThanOrEqual(58);
    expect(page).toContain(`page ${index + 1}/${pages.length}`);
    expect(page).toContain('TIME');
  }
});

test('a day of the cache says so; an empty one, too', () => {
  expect(linesOf({ is_saved: true })[3]).toMatch(/^AS OF \d\d:\d\d: no connection since$/);
  const empty = { ...figureDay(), items: [] };
  expect(linesOf({ day: empty })).toContain('Nothing is booked.');
  expect(linesOf({ day: empty, per_vet: true })).toContain('Nothing is booked.');
});

test('names cannot bend the page', () => {
  const [first] = figureDay().items;
  if (first === undefined) throw new Error('The day is empty.');
  const day = { ...figureDay(), items: [{ ...first, pet_name: 'a\n\u001b[2Jb\u202ec' }] };
  expect(linesOf({ day }).filter((line) => line.includes('a ?[2Jb?c'))).toHaveLength(1);
});

test.each([
  ['ソラ', 'Sora'],
  ['むぎちゃん', 'Mugichan'],
  ['キャット', 'Kyatto'],
  ['マッチ', 'Matchi'],
  ['シェリー', 'Sheri'],
  ['ﾊﾅｺ', 'Hanako'],
  ['領収書', 'RYOSHUSHO'],
  ['Mochi 5', 'Mochi 5'],
])('%s is %s in Latin letters', (kana, latin) => {
  expect(romajiOf(kana)).toBe(latin);
});

test('a printer without kanji: words in Latin letters, measured so; names in kanji are all that is left', () => {
  const lines = linesOf({ lang: 'ja', spell: romajiOf, width: 42 });
  expect(lines.filter((line) => displayWidth(line) > 42)).toEqual([]);
  const left = new Set(lines.join('').match(/[\u3040-\u30ff\u3400-\u9fff]/g));
  const names = figureDay()
    .items.map((row) => `${row.owner_name}${row.pet_name}`)
    .join('');
  expect([...left].filter((sign) => !names.includes(sign) && sign !== '金')).toEqual([]);
  expect(daySheet(ask({ lang: 'ja', spell: romajiOf })).pages[0]).toContain(
    DATE.replaceAll('-', '/'),
  );
});

test('a receipt is set anew around its Latin letters', () => {
  const text = ['       領収書', '料金          ￥3,500', 'ペット            ソラ'].join('\n');
  expect(romajiPaper(text, 21).split('\n')).toEqual([
    '      RYOSHUSHO',
    'Ryokin         ¥3,500',
    'Petto            Sora',
  ]);
});
