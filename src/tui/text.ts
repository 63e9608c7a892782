import { padEndWidth, plainLine, truncateWidth, displayWidth as widthOf } from '../domain/width.ts';
import type { SpanTone } from './theme.ts';

/** A screen is lines, a line is spans of one tone each; all widths are terminal columns. */

export type Span = { readonly text: string; readonly tone: SpanTone };
export type Line = readonly Span[];

/** What is painted, and where the real cursor stands (input methods open their window there). */
export type Frame = {
  readonly lines: readonly Line[];
  readonly cursor: { readonly x: number; readonly y: number } | null;
};

export function span(text: string, tone: SpanTone = 'plain'): Span {
  return { text, tone };
}

/** Data of other people, exactly `columns` wide and harmless. */
export function cell(text: string | null, columns: number): string {
  return padEndWidth(plainLine(text ?? ''), columns);
}

/** Spans cut or filled to exactly `columns`. */
export function fitLine(spans: Line, columns: number): Line {
  const fitted: Span[] = [];
  let left = columns;
  for (const [index, part] of spans.entries()) {
    const is_last = index === spans.length - 1;
    const text = is_last ? padEndWidth(part.text, left) : truncateWidth(part.text, left);
    if (text !== '') fitted.push({ text, tone: part.tone });
    left -= widthOf(text);
    if (left <= 0) break;
  }
  if (fitted.length === 0) return [span(' '.repeat(columns))];
  return fitted;
}

/** One tone over the whole line. */
export function lineOf(text: string, columns: number, tone: SpanTone = 'plain'): Line {
  return [span(padEndWidth(text, columns), tone)];
}

/** Left and right part on one line; the left one is cut when both do not fit. */
export function splitLine(left: Line, right: Line, columns: number): Line {
  const right_width = right.reduce((sum, part) => sum + widthOf(part.text), 0);
  const room = Math.max(0, columns - right_width);
  return fitLine([...fitLine(left, room), ...right], columns);
}

/** The same text in one tone: stale data, selected rows. */
export function retone(line: Line, tone: SpanTone): Line {
  return [span(line.map((part) => part.text).join(''), tone)];
}

/** Cuts text into lines of at most `columns`, at spaces where there are some. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let rest = plainLine(text);
  while (widthOf(rest) > columns) {
    const head = truncateWidth(rest, columns, '');
    const space = head.lastIndexOf(' ');
    // At least one character goes, however narrow the column is: the loop must end.
    const cut = space > columns / 3 ? space : Math.max(1, head.length);
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  lines.push(rest);
  return lines;
}
