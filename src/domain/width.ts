import { createRequire } from 'node:module';

/** Text measured in terminal columns: `ムギ` takes four. Shared by tables and the console. */

const printable_ascii = /^[\x20-\x7e]*$/;
/** Latin letters with accents, kana, kanji, hangul and full-width forms: one sign is one or two columns, always. */
const latin = '\\x20-\\x7e\\u00a0-\\u00ac\\u00ae-\\u024f';
const wide =
  '\\u3001-\\u3003\\u3005-\\u3029\\u3041-\\u3096\\u30a1-\\u30ff\\u4e00-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff60';
const simple = new RegExp(`^[${latin}${wide}]*$`);
const wide_sign = new RegExp(`[${wide}]`, 'g');

type Measure = (text: string) => number;
let measureAny: Measure | null = null;

/**
 * Emoji, combining marks and the rest. Loaded when the first one comes: its Unicode tables cost as much time as the
 * whole command line needs to start.
 */
function slowWidth(text: string): number {
  if (measureAny === null) {
    const loaded: { readonly default: Measure } = createRequire(import.meta.url)('string-width');
    measureAny = loaded.default;
  }
  return measureAny(text);
}

/** Columns that a terminal gives the text. */
export function displayWidth(text: string): number {
  if (printable_ascii.test(text)) return text.length;
  if (simple.test(text)) return text.length + (text.match(wide_sign)?.length ?? 0);
  return slowWidth(text);
}

/** Cuts text to at most `columns`, ending in `mark` when something was cut. Never splits a grapheme. */
export function truncateWidth(text: string, columns: number, mark = '~'): string {
  if (columns <= 0) return '';
  if (displayWidth(text) <= columns) return text;
  const room = columns - displayWidth(mark);
  if (printable_ascii.test(text)) return room < 0 ? '' : `${text.slice(0, room)}${mark}`;
  let kept = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const width = displayWidth(segment);
    if (used + width > room) break;
    kept += segment;
    used += width;
  }
  return room < 0 ? '' : `${kept}${mark}`;
}

/** Exactly `columns` wide: filled with spaces at the end, or cut. */
export function padEndWidth(text: string, columns: number): string {
  const fitted = truncateWidth(text, columns);
  return fitted + ' '.repeat(Math.max(0, columns - displayWidth(fitted)));
}

/** As padEndWidth, but the spaces come first: for numbers. */
export function padStartWidth(text: string, columns: number): string {
  const fitted = truncateWidth(text, columns);
  return ' '.repeat(Math.max(0, columns - displayWidth(fitted))) + fitted;
}

/**
 * One harmless line: control and direction-changing characters become `?`, line breaks and tabs a space, so that
 * a pet's name can neither move the cursor nor fake a row.
 */
export function plainLine(text: string): string {
  return text
    .replace(/[\t\r\n\u2028\u2029]+/g, ' ')
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?');
}
