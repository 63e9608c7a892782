import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignedTable,
  type Column,
  csvField,
  csvText,
  tabbedTable,
} from '../../src/commands/table.ts';
import { displayWidth } from '../../src/domain/width.ts';

type Row = {
  readonly time: string;
  readonly pet: string;
  readonly price: string;
  readonly ref: string;
};
const columns: readonly Column<Row>[] = [
  { head: 'TIME', text: (row) => row.time, whole: true },
  { head: 'PET', text: (row) => row.pet },
  { head: 'PRICE', text: (row) => row.price, right: true },
  { head: 'REF', text: (row) => row.ref, whole: true },
];
const rows: readonly Row[] = [
  { time: '09:00', pet: 'ムギ', price: '¥3,500', ref: 'BP10000120' },
  { time: '09:30', pet: 'Mochi the Magnificent', price: '¥12,000', ref: 'BP10000121' },
];

describe('tables', () => {
  test('wide characters keep the columns', () => {
    expect(alignedTable(columns, rows, 80).join('\n')).toMatchInlineSnapshot(`
      "TIME   PET                      PRICE  REF
      09:00  ムギ                    ¥3,500  BP10000120
      09:30  Mochi the Magnificent  ¥12,000  BP10000121"
    `);
  });

  test('a narrow terminal cuts names, never references', () => {
    const lines = alignedTable(columns, rows, 40);
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "TIME   PET             PRICE  REF
      09:00  ムギ           ¥3,500  BP10000120
      09:30  Mochi the M~  ¥12,000  BP10000121"
    `);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(40);
  });

  test('a pipe gets tabs and everything', () => {
    expect(tabbedTable(columns, rows)[2]).toBe('09:30\tMochi the Magnificent\t¥12,000\tBP10000121');
  });

  test('a name cannot fake a row or move the cursor', () => {
    const evil = [{ time: '1', pet: 'a\tb\nc\u001b[2J', price: '', ref: '' }];
    expect(tabbedTable(columns, evil)[1]).toBe('1\ta b c?[2J\t\t');
  });
});

describe('csv', () => {
  test.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=1+1', "'=1+1"],
    ['+62812', "'+62812"],
    ['@import', "'@import"],
    ['-cmd', "'-cmd"],
    ['-1.50', '-1.50'],
    [null, ''],
    [[1, 2], '"[1,2]"'],
  ])('%j', (value, field) => {
    expect(csvField(value)).toBe(field);
  });

  test('the head stands also over nothing', () => {
    expect(csvText(['a', 'b'], [])).toBe('a,b\r\n');
  });

  test('a reader gets back what was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const field = csvField(text);
        const read = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
        expect(read === text || read === `'${text}`).toBe(true);
        if (!field.startsWith('"')) expect(field).not.toMatch(/[",\r\n]/);
      }),
    );
  });
});
