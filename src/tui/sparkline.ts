import type { Glyphs } from './model.ts';

/** A series as a line of signs. Figures and words always stand beside it: it only shows the shape. */

/** From nothing to the largest; what is not known is a blank. ux §3, figure B. */
const ASCII_LEVELS = '.:-=+*#';
/** Dots of the left and the right half of a braille sign, lowest first: two values share a sign. */
const LEFT = [0x40, 0x44, 0x46, 0x47];
const RIGHT = [0x80, 0xa0, 0xb0, 0xb8];
const BRAILLE = 0x2800;

/** So many values that the line has room for: where several share one, the largest counts. */
function shrunk(series: readonly (number | null)[], count: number): readonly (number | null)[] {
  if (series.length <= count) return series;
  const edge = (index: number) => Math.floor((index * series.length) / count);
  return Array.from({ length: count }, (_, index) => {
    const part = series.slice(edge(index), edge(index + 1));
    const known = part.filter((one) => one !== null);
    return known.length === 0 ? null : Math.max(...known);
  });
}

/** Which of `steps` levels each value has; null stays null. */
function levelsOf(values: readonly (number | null)[], steps: number): readonly (number | null)[] {
  const high = Math.max(0, ...values.filter((one) => one !== null));
  return values.map((value) => {
    if (value === null) return null;
    const share = high > 0 ? Math.max(0, value) / high : 0;
    return Math.round(share * (steps - 1));
  });
}

/** The series on at most `width` columns, newest on the right; braille has two values to a column. */
export function trend(series: readonly (number | null)[], width: number, glyphs: Glyphs): string {
  if (width <= 0) return '';
  if (glyphs === 'ascii') {
    const levels = levelsOf(shrunk(series, width), ASCII_LEVELS.length);
    return levels.map((level) => (level === null ? ' ' : (ASCII_LEVELS[level] ?? ' '))).join('');
  }
  const known = levelsOf(shrunk(series, width * 2), LEFT.length);
  const levels = known.length % 2 === 0 ? known : [null, ...known];
  let text = '';
  for (let at = 0; at < levels.length; at += 2) {
    const [left, right] = [levels[at] ?? null, levels[at + 1] ?? null];
    const dots =
      (left === null ? 0 : (LEFT[left] ?? 0)) | (right === null ? 0 : (RIGHT[right] ?? 0));
    text += dots === 0 ? ' ' : String.fromCodePoint(BRAILLE + dots);
  }
  return text;
}
