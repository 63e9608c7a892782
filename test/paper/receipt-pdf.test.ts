import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawPaper } from '../../src/daemon/paper/draw.ts';
import { printPdf } from '../../src/daemon/paper/print.ts';
import { type Block, type Paper, receiptPaper } from '../../src/domain/paper.ts';
import { receiptParts, receiptText } from '../../src/domain/receipt.ts';
import { packed, readPdf } from './pdf.ts';
import { indonesian, japanese } from './receipt-facts.ts';

/** One receipt; ten times what it takes. */
const BYTES_MAX = 200_000;

/** Everything that a form of this receipt must say. */
function saidBy(facts: typeof japanese): readonly string[] {
  const { place, title, about, sums, thanks } = receiptParts(facts);
  return [...place, title, ...about.flat(), ...sums.flat(), thanks];
}

const cases = (['a4', '80mm'] as const).flatMap((format) => [
  { format, facts: japanese, lang: 'ja' as const },
  { format, facts: indonesian, lang: 'id' as const },
  { format, facts: indonesian, lang: 'en' as const },
  { format, facts: indonesian, lang: 'ja' as const },
]);

test.each(cases)('a PDF of $format in $lang says what the text says, and is small', async (one) => {
  const facts = { ...one.facts, lang: one.lang };
  const pdf = await printPdf(receiptPaper(facts, one.format));
  expect(pdf.length).toBeLessThan(BYTES_MAX);
  const { pages, sizes, title } = await readPdf(pdf);
  expect(pages.length).toBe(1);
  expect(sizes[0]?.[0]).toBe(one.format === 'a4' ? 595 : 227);
  expect(title).toContain('BP10000127-1');
  const found = packed(pages.join(''));
  for (const words of saidBy(facts)) expect(found).toContain(packed(words));
  const text = packed(receiptText(facts, 80).replace(/^-+$/gm, ''));
  expect([...found].toSorted().join('')).toBe([...text].toSorted().join(''));
});

test('rare signs of names are shown, and what no font has becomes a visible mark', async () => {
  const owner_name = '髙﨑 鷗外 Žižek Шевченко ① ㈱ ﾊﾟ 葛\u{e0100}飾 😀 👨‍👩‍👧';
  const pdf = await printPdf(receiptPaper({ ...japanese, owner_name }, 'a4'));
  const { pages } = await readPdf(pdf);
  const found = packed(pages.join(''));
  for (const word of ['髙﨑', '鷗外', 'Žižek', 'Шевченко', '①', '㈱', 'パ', '葛飾']) {
    expect(found).toContain(word);
  }
  // Two signs as people see them, so two marks.
  expect(found.match(/〓/g)).toHaveLength(2);
});

test('a long name is wrapped, whole, whatever it is made of', async () => {
  const name = fc.string({
    unit: fc.constantFrom('山', 'ン', 'a', 'Ж', ' ', '。', 'é', '-', '１'),
    minLength: 1,
    maxLength: 200,
  });
  await fc.assert(
    fc.asyncProperty(name, fc.constantFrom('a4', '80mm'), async (service_name, format) => {
      const facts = { ...japanese, service_name };
      const { pages } = await readPdf(await printPdf(receiptPaper(facts, format)));
      const said = receiptParts(facts).about.find(([label]) => label === '内容')?.[1] ?? '';
      expect(packed(pages.join(''))).toContain(packed(said).normalize('NFC'));
    }),
    { numRuns: 40 },
  );
});

const row = (number: number): Block => ({
  kind: 'row',
  label: `Line ${number}`,
  value: `${number}.00`,
});
const many = (count: number, format: Paper['format']): Paper => ({
  format,
  lang: 'en',
  title: 'Many lines',
  author: 'Test',
  blocks: Array.from({ length: count }, (_, index) => row(index + 1)),
});

test('many lines go on on further pages, none lost; a roll is one long page', async () => {
  const { pages } = await readPdf(await printPdf(many(120, 'a4')));
  expect(pages.length).toBe(3);
  const lines = pages.join('\n').match(/Line \d+/g);
  expect(lines).toEqual(Array.from({ length: 120 }, (_, index) => `Line ${index + 1}`));
  const roll = await readPdf(await printPdf(many(120, '80mm')));
  expect(roll.pages.length).toBe(1);
  expect(roll.sizes[0]?.[1]).toBeGreaterThan(1_500);
});

test('a document without end is refused, and the next one is drawn', async () => {
  await expect(printPdf(many(6_000, 'a4'))).rejects.toThrow('more than 60 pages');
  expect((await printPdf(many(1, 'a4'))).subarray(0, 5).toString()).toBe('%PDF-');
});

test('more than can wait are refused with when to come back; those that wait are drawn', async () => {
  const answers = await Promise.allSettled(
    Array.from({ length: 40 }, () => printPdf(receiptPaper(indonesian, '80mm'))),
  );
  const drawn = answers.filter(({ status }) => status === 'fulfilled');
  expect(drawn.length).toBe(32);
  const refused = answers.filter((answer) => answer.status === 'rejected');
  for (const { reason } of refused) {
    expect(reason).toMatchObject({ code: 'unavailable', facts: { retry_after_ms: 2_000 } });
  }
});

test('every font of a document is embedded, cut down to what is used', async () => {
  const pdf = (await drawPaper(receiptPaper(japanese, 'a4'))).toString('latin1');
  const fonts = pdf.match(/\/Type \/Font\n/g) ?? [];
  expect(fonts.length).toBeGreaterThan(0);
  expect(pdf.match(/\/FontFile2/g)?.length).toBe(pdf.match(/\/Type \/FontDescriptor/g)?.length);
  expect(pdf).not.toContain('/BaseFont /Helvetica');
  // Subset names carry a tag: ABCDEF+Name (ISO 32000-1, 9.6.4).
  for (const [, name] of pdf.matchAll(/\/FontName \/(\S+)/g)) expect(name).toMatch(/^[A-Z]{6}\+/);
});
