import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { unpackWoff } from './woff.ts';

/**
 * BIZ UDPGothic in the pieces that its package ships: Latin, more Latin, the usual Japanese, and some
 * hundred small files of rarer signs (the 髙 and 﨑 of family names, Cyrillic). Each piece is read when
 * a text needs it and then kept: all of them together are 8 MB. Used in the paper thread only.
 */

/** `latin`, `japanese`, `66`: a piece by its file name. */
export type FontName = string;
export type Run = { readonly font: FontName; readonly text: string };

/** Stands for what no font of ours has: the printer's own mark for a missing type. */
export const missing_sign = '〓';
const missing_run: Run = { font: 'japanese', text: missing_sign };

const require = createRequire(import.meta.url);
const ranges_file = '@fontsource/biz-udpgothic/unicode.json';

type Range = readonly [first: number, last: number];

function readRanges(): ReadonlyMap<FontName, readonly Range[]> {
  const table: Readonly<Record<string, string>> = require(ranges_file);
  const pieces = Object.entries(table).map(([name, text]) => {
    const ranges = text.split(',').map((part): Range => {
      const [first = '', last = first] = part.replace(/^U\+/i, '').split('-');
      return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
    });
    return [name.replace(/[[\]]/g, ''), ranges] as const;
  });
  return new Map(pieces);
}

type Piece = { readonly data: Buffer; readonly has: (code_point: number) => boolean };
type Fontkit = {
  readonly create: (data: Buffer) => {
    readonly hasGlyphForCodePoint: (code_point: number) => boolean;
  };
};

/** Asked in this order, whatever the ranges say; then the one piece that claims the sign. */
const usual: readonly FontName[] = ['latin', 'latin-ext', 'japanese'];

export type Fonts = {
  readonly data: (font: FontName) => Buffer;
  /** The text cut where the font changes; signs that no font has become `missing_sign`. */
  readonly runs: (text: string) => readonly Run[];
};

/** Opens nothing yet. `fontkit` is what the PDF library itself reads fonts with. */
export function openFonts(fontkit: Fontkit): Fonts {
  const folder = path.join(path.dirname(require.resolve(ranges_file)), 'files');
  const pieces = new Map<FontName, Piece | null>();
  const known = new Map<number, FontName | null>();
  let ranges: ReturnType<typeof readRanges> | null = null;

  const pieceOf = (name: FontName): Piece | null => {
    const open = pieces.get(name);
    if (open !== undefined) return open;
    const file = path.join(folder, `biz-udpgothic-${name}-400-normal.woff`);
    let piece: Piece | null = null;
    if (fs.existsSync(file)) {
      const data = unpackWoff(fs.readFileSync(file));
      const font = fontkit.create(data);
      piece = { data, has: (code_point) => font.hasGlyphForCodePoint(code_point) };
    }
    pieces.set(name, piece);
    return piece;
  };
  const search = (code_point: number): FontName | null => {
    const found = usual.find((name) => pieceOf(name)?.has(code_point));
    if (found !== undefined) return found;
    ranges ??= readRanges();
    for (const [name, list] of ranges) {
      const claims = list.some(([first, last]) => code_point >= first && code_point <= last);
      if (claims && pieceOf(name)?.has(code_point)) return name;
    }
    return null;
  };
  const fontOf = (code_point: number): FontName | null => {
    const before = known.get(code_point);
    if (before !== undefined) return before;
    const name = search(code_point);
    known.set(code_point, name);
    return name;
  };
  /** A base with its marks needs one font for all of it. */
  const covered = (text: string): Run | null => {
    const code_points = Array.from(text, (one) => one.codePointAt(0) ?? 0);
    const font = fontOf(code_points[0] ?? 0);
    const piece = font === null ? null : pieceOf(font);
    return font !== null && code_points.every((one) => piece?.has(one)) ? { font, text } : null;
  };
  /** One sign as people see it, or else the same sign in its usual form (ﾊﾟ is パ), or else the mark. */
  const runOf = (sign: string): Run => {
    // Variation selectors only choose between shapes of a sign that is shown anyway.
    const text = sign.replace(/(?<=.)[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu, '');
    return covered(text) ?? covered(text.normalize('NFKC')) ?? missing_run;
  };
  return {
    data: (font) => {
      const piece = pieceOf(font);
      if (piece === null) throw new Error(`the font ${font} is not there`);
      return piece.data;
    },
    runs: (text) => {
      const runs: Run[] = [];
      for (const { segment } of new Intl.Segmenter().segment(text.normalize('NFC'))) {
        const run = runOf(segment);
        const last = runs.at(-1);
        if (last?.font === run.font) {
          runs[runs.length - 1] = { font: run.font, text: last.text + run.text };
        } else runs.push(run);
      }
      return runs;
    },
  };
}
