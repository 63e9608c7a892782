import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  percentText,
  type ReceiptFacts,
  receiptHtml,
  receiptText,
} from '../../src/domain/receipt.ts';
import { displayWidth } from '../../src/domain/width.ts';

const idr = (amount_minor: number) => ({ amount_minor, currency: 'IDR' });

const facts: ReceiptFacts = {
  receipt_number: 'BP10000127-2',
  lang: 'en',
  clinic_name: 'Klinik Hewan BSD',
  clinic_address: 'Jl. Raya Serpong Blok A No. 12, Tangerang Selatan 15310',
  clinic_phone: '+62 21 555 0100',
  owner_name: 'Siti Rahmawati',
  pet_name: 'Mochi',
  service_name: 'Checkup',
  starts_at: Temporal.Instant.from('2026-11-20T04:15:00Z'),
  paid_at: Temporal.Instant.from('2026-11-20T04:40:00Z'),
  time_zone: 'Asia/Jakarta',
  payment_method: 'cash',
  price: idr(25_000_000),
  amount: idr(15_000_000),
  tax: idr(1_486_486),
  tax_bp: 1100,
  rest: idr(0),
  refunded: idr(0),
};

test('the paper of 42 columns says who, what and how much', () => {
  expect(receiptText(facts, 42)).toBe(
    [
      '             Klinik Hewan BSD',
      'Jl. Raya Serpong Blok A No. 12, Tangerang',
      '              Selatan 15310',
      '             +62 21 555 0100',
      '------------------------------------------',
      '                 RECEIPT',
      '',
      'Receipt no.                   BP10000127-2',
      'Paid on                   2026-11-20 11:40',
      'Visit                     2026-11-20 11:15',
      'Service                            Checkup',
      'Pet                                  Mochi',
      'Owner                       Siti Rahmawati',
      '------------------------------------------',
      'Price                          IDR 250,000',
      'Paid (cash)                    IDR 150,000',
      'incl. tax 11 %               IDR 14,864.86',
      '------------------------------------------',
      '                Thank you.',
      '',
    ].join('\n'),
  );
});

test('in Japanese and Indonesian, with what is left and what went back', () => {
  const part = { ...facts, rest: idr(5_000_000), refunded: idr(1_000_000) };
  expect(receiptText({ ...part, lang: 'id' }, 80)).toContain('Sisa bayar');
  expect(receiptText({ ...part, lang: 'id' }, 80)).toContain('Rp 150.000');
  const japanese = receiptText({ ...part, lang: 'ja' }, 42);
  for (const word of ['領収書', '現金', '残額', 'ご返金']) expect(japanese).toContain(word);
});

test('no line is wider than the paper, whatever the names are', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 120 });
  fc.assert(
    fc.property(
      fc.record({ clinic_name: name, owner_name: name, pet_name: name, service_name: name }),
      fc.constantFrom('en', 'ja', 'id'),
      fc.constantFrom(42, 80),
      (names, lang, width) => {
        const lines = receiptText({ ...facts, ...names, lang }, width).split('\n');
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      },
    ),
    { numRuns: 300 },
  );
});

test('the page shows names as text, never as markup', () => {
  const html = receiptHtml({ ...facts, pet_name: '<script>alert(1)</script>', lang: 'ja' });
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).not.toMatch(/<script|https?:/);
  expect(html).toContain('<html lang="ja">');
});

test('tax rates read as people write them', () => {
  expect([0, 1000, 1100, 750, 825, 5].map(percentText)).toEqual([
    '0',
    '10',
    '11',
    '7.5',
    '8.25',
    '0.05',
  ]);
});

test('several prices stand on lines of their own above their sum, on paper and on the page', () => {
  const lines = [
    { tier: 'Adult', units: 2, total: idr(20_000_000) },
    { tier: '子供 <b>', units: 1, total: idr(5_000_000) },
  ];
  const paper = receiptText({ ...facts, lines }, 42).split('\n');
  const at = paper.findIndex((line) => line.startsWith('2 x Adult'));
  expect(paper.slice(at, at + 3)).toEqual([
    '2 x Adult                      IDR 200,000',
    '1 x 子供 <b>                    IDR 50,000',
    'Price                          IDR 250,000',
  ]);
  expect(receiptHtml({ ...facts, lines })).toContain('1 x 子供 &lt;b&gt;');
});
