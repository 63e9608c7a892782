import { displayWidth, padEndWidth, padStartWidth, plainLine } from '../domain/width.ts';

/** Tables for people: no borders, two spaces between columns, measured in display columns. ux §2. */

export type Column<T> = {
  readonly head: string;
  readonly text: (item: T) => string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
  /** Only with `-o wide` or in a pipe. */
  readonly wide?: boolean;
  /** Never cut: a reference that is cut is of no use. */
  readonly whole?: boolean;
};

const GAP = '  ';
/** Below this a cut column says nothing any more. */
const NARROWEST = 4;

/** Takes columns from the widest that may be cut until the line fits; what cannot fit stays too long. */
function narrow(widths: readonly number[], may_cut: readonly boolean[], room: number): number[] {
  const fitted = [...widths];
  let over = fitted.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0) {
    let widest = -1;
    for (const [index, width] of fitted.entries()) {
      const cuttable = may_cut[index] === true && width > NARROWEST;
      if (cuttable && (widest === -1 || width > (fitted[widest] ?? 0))) widest = index;
    }
    if (widest === -1) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
    over -= 1;
  }
  return fitted;
}

/** Lines for a terminal of `columns` columns; the first is the head. */
export function alignedTable<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  terminal_columns: number,
): readonly string[] {
  const rows = [
    columns.map((column) => column.head),
    ...items.map((item) => columns.map((column) => plainLine(column.text(item)))),
  ];
  const natural = columns.map((_, index) =>
    Math.max(...rows.map((row) => displayWidth(row[index] ?? ''))),
  );
  const room = terminal_columns - GAP.length * (columns.length - 1);
  const may_cut = columns.map((column) => column.right !== true && column.whole !== true);
  const widths = narrow(natural, may_cut, room);
  return rows.map((row) =>
    columns
      .map((column, index) => {
        const pad = column.right === true ? padStartWidth : padEndWidth;
        return pad(row[index] ?? '', widths[index] ?? 0);
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Lines for a pipe: tabs between, nothing cut, nothing padded. */
export function tabbedTable<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
): readonly string[] {
  const head = columns.map((column) => column.head).join('\t');
  return [
    head,
    ...items.map((item) => columns.map((column) => plainLine(column.text(item))).join('\t')),
  ];
}

/**
 * One CSV field, RFC 4180. A text that a spreadsheet would run as a formula gets a quote in front; plain numbers
 * keep their sign.
 */
export function csvField(value: unknown): string {
  const raw =
    value === null || value === undefined
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  const is_number = /^[+-]?\d+(\.\d+)?$/.test(raw) && !raw.startsWith('+');
  // Quotes in front of such a sign get one more, so that an import can take exactly ours away again.
  const text = /^'*[=+\-@\t\r]/.test(raw) && !is_number ? `'${raw}` : raw;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A whole CSV document; lines end in CRLF. */
export function csvText(
  fields: readonly string[],
  items: readonly Readonly<Record<string, unknown>>[],
): string {
  const lines = [
    fields.join(','),
    ...items.map((item) => fields.map((field) => csvField(item[field])).join(',')),
  ];
  return `${lines.join('\r\n')}\r\n`;
}
