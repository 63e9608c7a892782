/** One appointment as an iCalendar file (RFC 5545), as mail programs and phones take it in. */
export type CalendarEvent = {
  /** The same for all versions of one booking: that is how a cancellation finds the entry. */
  readonly uid: string;
  /** Grows with each version of the booking. */
  readonly sequence: number;
  readonly status: 'confirmed' | 'cancelled';
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  readonly stamped_at: Temporal.Instant;
  readonly summary: string;
  readonly description: string;
  readonly location: string | null;
  readonly organizer: { readonly name: string; readonly email: string };
};

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
function quoted(text: string): string {
  return `"${text.replace(/["\p{Cc}]/gu, '')}"`;
}

/** Folds a content line by octets, never inside a character: programs join the bytes again. */
export function foldLine(line: string): string {
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

function utc(instant: Temporal.Instant): string {
  return instant.round('second').toString().replace(/[-:]/g, '');
}

/**
 * The whole document, CRLF line ends. A cancelled event takes the entry away again (METHOD CANCEL).
 */
export function calendarDocument(event: CalendarEvent): string {
  const is_cancelled = event.status === 'cancelled';
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//PetPro//PetPro Ops//EN',
    'CALSCALE:GREGORIAN',
    `METHOD:${is_cancelled ? 'CANCEL' : 'PUBLISH'}`,
    'BEGIN:VEVENT',
    `UID:${escapeText(event.uid)}`,
    `SEQUENCE:${event.sequence}`,
    `DTSTAMP:${utc(event.stamped_at)}`,
    `DTSTART:${utc(event.starts_at)}`,
    `DTEND:${utc(event.ends_at)}`,
    `SUMMARY:${escapeText(event.summary)}`,
    `DESCRIPTION:${escapeText(event.description)}`,
    ...(event.location === null ? [] : [`LOCATION:${escapeText(event.location)}`]),
    `ORGANIZER;CN=${quoted(event.organizer.name)}:mailto:${event.organizer.email}`,
    `STATUS:${is_cancelled ? 'CANCELLED' : 'CONFIRMED'}`,
    'TRANSP:OPAQUE',
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return `${lines.map(foldLine).join('\r\n')}\r\n`;
}
