/** The small print of iCalendar (RFC 5545): values, lines, times. */

/** RFC 5545 section 3.1: a line is at most 75 octets long, its end not counted. */
const LINE_OCTETS = 75;

/**
 * Escapes a TEXT value. RFC 5545 section 3.3.11; other control characters are not allowed there at
 * all.
 */
export function escapeText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\\;,]/g, (sign) => `\\${sign}`)
    .replace(/\n/g, '\\n')
    .replace(/\p{Cc}/gu, '');
}

/**
 * A quoted parameter value: quotes and control characters cannot stand in one. RFC 5545 section
 * 3.2.
 */
export function quoted(text: string): string {
  return `"${text.replace(/["\p{Cc}]/gu, '')}"`;
}

/** Folds a content line by octets, never inside a character: programs join the bytes again. */
export function foldLine(line: string): string {
  if (Buffer.byteLength(line) <= LINE_OCTETS) return line;
  const pieces: string[] = [];
  let piece = '';
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > LINE_OCTETS) {
      pieces.push(piece);
      piece = '';
      // The space that marks the continuation counts.
      octets = 1;
    }
    piece += character;
    octets += size;
  }
  pieces.push(piece);
  return pieces.join('\r\n ');
}

/** `20261120T073000Z`. The format holds whole seconds. */
export function utcText(instant: Temporal.Instant): string {
  return instant.round('second').toString().replace(/[-:]/g, '');
}

/** `20261120T143000`, a wall clock. */
export function wallText(wall: Temporal.PlainDateTime): string {
  return wall.round('second').toString({ smallestUnit: 'second' }).replace(/[-:]/g, '');
}
