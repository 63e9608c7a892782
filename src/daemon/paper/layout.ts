import type { Block, Paper } from '../../domain/paper.ts';
import type { Run } from './fonts.ts';

/** From blocks to lines with their places. Points everywhere: 72 to the inch. */

const MM = 72 / 25.4;
/** A value longer than this is cut, visibly: no name of a person or place is. */
const TEXT_MAX = 500;
/** More is no receipt, and no booking has more tickets than 50. */
export const PAGES_MAX = 60;

type Sheet = {
  readonly width: number;
  /** Null: as long as the content. */
  readonly height: number | null;
  readonly margin: number;
  readonly sizes: Readonly<Record<'small' | 'body' | 'head' | 'title', number>>;
  /** Side of a QR code with its white border. */
  readonly code: number;
};

export const sheets: Readonly<Record<Paper['format'], Sheet>> = {
  a4: {
    width: 210 * MM,
    height: 297 * MM,
    margin: 20 * MM,
    sizes: { small: 9, body: 11, head: 14, title: 18 },
    code: 55 * MM,
  },
  // Till rolls of 80 mm print 72 mm of it.
  '80mm': {
    width: 80 * MM,
    height: null,
    margin: 4 * MM,
    sizes: { small: 7.5, body: 9, head: 11, title: 13 },
    code: 45 * MM,
  },
};

/** A roll is cut into pages no longer than this: some printers take no more. */
const ROLL_MAX = 1_500 * MM;

export type Mark =
  | {
      readonly kind: 'runs';
      readonly x: number;
      readonly y: number;
      readonly size: number;
      readonly runs: readonly Run[];
    }
  | { readonly kind: 'rule'; readonly x: number; readonly y: number; readonly width: number }
  | {
      readonly kind: 'code';
      readonly x: number;
      readonly y: number;
      readonly side: number;
      readonly text: string;
    };
export type Page = {
  readonly width: number;
  readonly height: number;
  readonly marks: readonly Mark[];
};

/** What the fonts know. */
export type Measure = {
  readonly runs: (text: string) => readonly Run[];
  readonly width: (runs: readonly Run[], size: number) => number;
};

/** Signs that must not begin a line (JIS X 4051, the common ones). */
const no_start =
  /^[、。，．・：；？！）」』】〕ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)\]}]/u;
const wide_sign = /[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]/u;

/** Pieces between which a line may be broken; blanks stay with the word before them. */
function pieces(text: string): readonly string[] {
  const found: string[] = [];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const last = found.at(-1);
    const breaks =
      last === undefined ||
      last.endsWith(' ') ||
      ((wide_sign.test(last) || wide_sign.test(segment)) && !no_start.test(segment));
    if (breaks && segment !== ' ') found.push(segment);
    else found[found.length - 1] = (last ?? '') + segment;
  }
  return found;
}

/** Lines no wider than `room`; a word that is wider by itself is cut between signs. */
function wrap(text: string, size: number, room: number, measure: Measure): readonly string[] {
  const shown = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX).toWellFormed()}…` : text;
  const fits = (line: string) => measure.width(measure.runs(line.trimEnd()), size) <= room;
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces(shown)) {
    if (fits(line + piece)) {
      line += piece;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    if (fits(piece)) {
      line = piece;
      continue;
    }
    for (const { segment } of new Intl.Segmenter().segment(piece)) {
      if (line !== '' && !fits(line + segment)) {
        lines.push(line);
        line = '';
      }
      line += segment;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines.map((one) => one.trimEnd());
}

/** A strip of the page that is never cut: its marks count from its own top. */
type Strip = { readonly height: number; readonly marks: readonly Mark[] } | 'page';

function stripsOf(block: Block, sheet: Sheet, measure: Measure): readonly Strip[] {
  const { margin, sizes } = sheet;
  const room = sheet.width - 2 * margin;
  const lineOf = (text: string, size: number, align: 'left' | 'center' | 'right'): Strip => {
    const runs = measure.runs(text);
    const spare = room - measure.width(runs, size);
    const share = { left: 0, center: 0.5, right: 1 }[align];
    const marks: readonly Mark[] = [{ kind: 'runs', x: margin + spare * share, y: 0, size, runs }];
    return { height: size * 1.5, marks };
  };
  switch (block.kind) {
    case 'page':
      return ['page'];
    case 'gap':
      return [{ height: sizes.body, marks: [] }];
    case 'rule':
      return [
        {
          height: sizes.body,
          marks: [{ kind: 'rule', x: margin, y: sizes.body / 2, width: room }],
        },
      ];
    case 'code': {
      const { code: side } = sheet;
      const marks: readonly Mark[] = [
        { kind: 'code', x: (sheet.width - side) / 2, y: 0, side, text: block.text },
      ];
      return [{ height: side + sizes.body, marks }];
    }
    case 'text': {
      const size = sizes[block.size];
      return wrap(block.text, size, room, measure).map((text) => lineOf(text, size, block.align));
    }
    case 'row': {
      const size = sizes.body;
      const label = measure.runs(block.label);
      const value = measure.runs(block.value);
      const widths = [measure.width(label, size), measure.width(value, size)] as const;
      if (block.value.length <= TEXT_MAX && widths[0] + widths[1] + size <= room) {
        const marks: readonly Mark[] = [
          { kind: 'runs', x: margin, y: 0, size, runs: label },
          { kind: 'runs', x: margin + room - widths[1], y: 0, size, runs: value },
        ];
        return [{ height: size * 1.5, marks }];
      }
      return [
        ...wrap(block.label, size, room, measure).map((text) => lineOf(text, size, 'left')),
        ...wrap(block.value, size, room, measure).map((text) => lineOf(text, size, 'right')),
      ];
    }
  }
}

/** Puts the blocks on pages; throws when they need more than `PAGES_MAX`. */
export function layOut(paper: Paper, measure: Measure): readonly Page[] {
  const sheet = sheets[paper.format];
  const { width, margin } = sheet;
  const bottom = (sheet.height ?? ROLL_MAX) - margin;
  const pages: Page[] = [];
  let marks: Mark[] = [];
  let y = margin;
  const turn = () => {
    pages.push({ width, height: sheet.height ?? y + margin, marks });
    if (pages.length > PAGES_MAX) throw new RangeError(`more than ${PAGES_MAX} pages`);
    marks = [];
    y = margin;
  };
  for (const block of paper.blocks) {
    for (const strip of stripsOf(block, sheet, measure)) {
      if (strip === 'page') {
        turn();
        continue;
      }
      if (y + strip.height > bottom && marks.length > 0) turn();
      for (const mark of strip.marks) marks.push({ ...mark, y: y + mark.y });
      y += strip.height;
    }
  }
  if (marks.length > 0 || pages.length === 0) turn();
  return pages;
}
