import { inflateSync } from 'node:zlib';

/**
 * Reads QR codes off a PDF's drawing, as a scanner does off paper (ISO/IEC 18004): versions 2 to 3,
 * undamaged, so the error correction is not needed. Knows nothing of the library that drew them.
 */

type Grid = readonly (readonly boolean[])[];

/** One grid per page that has small squares on it; the library writes one stream per page. */
function gridsOf(pdf: Uint8Array): readonly Grid[] {
  const bytes = Buffer.from(pdf);
  const grids: Grid[] = [];
  for (let at = bytes.indexOf('stream\n'); at >= 0; at = bytes.indexOf('stream\n', at + 7)) {
    if (bytes.toString('latin1', at - 3, at) === 'end') continue;
    let text: string;
    try {
      text = inflateSync(bytes.subarray(at + 7, bytes.indexOf('endstream', at))).toString('latin1');
    } catch {
      continue;
    }
    const squares = [...text.matchAll(/^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$/gm)].map(
      ([, x, y, width]) => ({ x: Number(x), y: Number(y), width: Number(width) }),
    );
    const [first] = squares;
    if (!first) continue;
    const left = Math.min(...squares.map(({ x }) => x));
    const top = Math.min(...squares.map(({ y }) => y));
    const places = squares.map(({ x, y }) => {
      return [Math.round((x - left) / first.width), Math.round((y - top) / first.width)] as const;
    });
    const size = Math.max(...places.flat()) + 1;
    const grid = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
    for (const [column, row] of places) grid[row]![column] = true;
    grids.push(grid);
  }
  return grids;
}

const masks: readonly ((row: number, column: number) => boolean)[] = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/** Modules that carry the pattern and not the text. */
function isFunction(row: number, column: number, size: number): boolean {
  const corner = (a: number, b: number) => a < 9 && b < 9;
  if (corner(row, column) || corner(row, size - 1 - column + 1)) return true;
  if (corner(size - 1 - row + 1, column)) return true;
  if (row === 6 || column === 6) return true;
  const centre = size - 7;
  return Math.abs(row - centre) <= 2 && Math.abs(column - centre) <= 2;
}

/** Bytes of text, by version and level of error correction (01 = L, 00 = M), where they are one block. */
const text_bytes: Readonly<Record<string, number>> = {
  '21-01': 19,
  '21-00': 16,
  '25-01': 34,
  '25-00': 28,
  '29-01': 55,
  '29-00': 44,
};

/** The data bits in reading order: two columns at a time, up and down, from the right. */
function bitsOf(grid: Grid): string {
  const size = grid.length;
  const at = (row: number, column: number) => grid[row]?.[column] === true;
  // Five bits of format, beside the upper left eye; the mask is three of them.
  const format = [at(8, 0), at(8, 1), at(8, 2), at(8, 3), at(8, 4)]
    .map((bit, index) => (bit ? 1 : 0) ^ Number('10101'[index]))
    .join('');
  const mask = masks[Number.parseInt(format.slice(2), 2)]!;
  let bits = '';
  let goes_up = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const row = goes_up ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (isFunction(row, column, size)) continue;
        bits += at(row, column) !== mask(row, column) ? '1' : '0';
      }
    }
    goes_up = !goes_up;
  }
  const bytes = text_bytes[`${size}-${format.slice(0, 2)}`];
  if (bytes === undefined)
    throw new Error(`QR codes of ${size} modules and this level are unknown`);
  return bits.slice(0, 8 * bytes);
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

function textOf(grid: Grid): string {
  const bits = bitsOf(grid);
  let at = 0;
  const take = (count: number) => {
    at += count;
    return Number.parseInt(bits.slice(at - count, at), 2);
  };
  let text = '';
  while (bits.length - at >= 4) {
    const mode = take(4);
    if (mode === 0) break;
    if (mode === 4) {
      for (let left = take(8); left > 0; left -= 1) text += String.fromCharCode(take(8));
    } else if (mode === 2) {
      let left = take(9);
      for (; left >= 2; left -= 2) {
        const pair = take(11);
        text += `${alphabet[Math.floor(pair / 45)]}${alphabet[pair % 45]}`;
      }
      if (left === 1) text += alphabet[take(6)];
    } else throw new Error(`mode ${mode} of a QR code is not known here`);
  }
  return text;
}

/** The texts of the QR codes of a PDF, page by page. */
export function readQrCodes(pdf: Uint8Array): readonly string[] {
  return gridsOf(pdf).map(textOf);
}
