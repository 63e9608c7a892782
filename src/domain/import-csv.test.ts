import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvFault, csvReader, withoutGuard } from './import-csv.ts';

/** The cells of a text that arrives in pieces of these lengths. */
function cellsOf(text: string, lengths: readonly number[] = []): readonly (readonly string[])[] {
  const reader = csvReader();
  let rest = text;
  const rows = lengths.flatMap((length) => {
    const piece = rest.slice(0, length);
    rest = rest.slice(length);
    return reader.push(piece);
  });
  return [...rows, ...reader.push(rest), ...reader.end()].map(({ cells }) => cells);
}

const written = (cell: string) => `"${cell.replaceAll('"', '""')}"`;

describe('a file of CSV', () => {
  test.each([
    [
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a;b\n"x;y";\n',
      [
        ['a', 'b'],
        ['x;y', ''],
      ],
    ],
    [
      'a\tb\r1\t2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\n\n\r\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\n"say ""hi""","two\r\nlines"\n',
      [
        ['a', 'b'],
        ['say "hi"', 'two\r\nlines'],
      ],
    ],
    [
      'a,b\n1,',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
  ])('%j', (text, rows) => {
    expect(cellsOf(text)).toEqual(rows);
  });

  test('reads the same in whatever pieces it arrives', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', '\r', ' ', 'ü') });
    const table = fc.integer({ min: 2, max: 4 }).chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
        minLength: 1,
        maxLength: 5,
      }),
    );
    fc.assert(
      fc.property(
        table,
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 60 }),
        (rows, lengths) => {
          const head = rows[0]!.map((_, index) => `c${index}`);
          const text = [head, ...rows].map((cells) => cells.map(written).join(',')).join('\r\n');
          expect(cellsOf(text, lengths)).toEqual([head, ...rows]);
        },
      ),
    );
  });

  test('says on which line a row begins, and where a quote is never closed', () => {
    const reader = csvReader();
    expect(reader.push('a,b\n"x\ny",1\n2,3\n').map(({ line }) => line)).toEqual([1, 2, 4]);
    reader.push('4,"never closed\n');
    const fault = expect.objectContaining({ line: 5 });
    expect(() => reader.end()).toThrow(CsvFault);
    expect(() => cellsOf('a,b\n\n\n\n4,"x')).toThrow(fault);
    expect(() => cellsOf('a,b\n"x"y,1\n')).toThrow('text follows a closing quote');
  });
});

test.each([
  ["'=1+1", '=1+1'],
  ["''=1", "'=1"],
  ["'+62 812", '+62 812'],
  ["O'Neil", "O'Neil"],
  ["'quoted'", "'quoted'"],
])('the guard of %j is taken away', (cell, bare) => {
  expect(withoutGuard(cell)).toBe(bare);
});
