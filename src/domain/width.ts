import stringWidth from 'string-width';

/** Text measured in terminal columns: `ムギ` takes four. Shared by tables and the console. */

const printable_ascii = /^[\x20-\x7e]*$/;

/** Columns that a terminal gives the text. ASCII, nearly everything, skips the Unicode tables. */
export function displayWidth(text: string): number {
  return printable_ascii.test(text) ? text.length : stringWidth(text);
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
