/** Reads CSV as spreadsheets write it (RFC 4180), piece by piece, in the memory of one row. */

/** One row of the file and the line that it begins on. */
export type CsvRow = { readonly line: number; readonly cells: readonly string[] };

export type CsvReader = {
  /** Rows that are complete with this piece of text. */
  readonly push: (text: string) => readonly CsvRow[];
  /** The last row, when the file does not end with a line break. */
  readonly end: () => readonly CsvRow[];
};

/** What is wrong with the file itself: reading cannot go on. */
export class CsvFault extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'CsvFault';
    this.line = line;
  }
}

/** A longer row is a quote that was never closed. */
const ROW_MAX_CHARS = 1_048_576;

/** The sign between the cells: whichever of comma, semicolon and tab is most in the first line. */
export function delimiterOf(first_line: string): string {
  const bare = first_line.replaceAll(/"[^"]*"/g, '');
  const counted = [',', ';', '\t'].map((sign) => [sign, bare.split(sign).length] as const);
  const [best] = counted.toSorted((a, b) => b[1] - a[1]);
  return best?.[0] ?? ',';
}

/**
 * A spreadsheet runs a cell that begins with one of these signs, so exports put a quote in front of it
 * (src/commands/table.ts); this takes it away again.
 */
export function withoutGuard(cell: string): string {
  return /^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

type State = {
  rest: string;
  line: number;
  delimiter: string | null;
};

/** One row from the start of `text`, or null when its end has not come yet. */
function takeRow(
  text: string,
  from: number,
  state: State,
  is_last: boolean,
): { readonly cells: string[]; readonly next: number; readonly lines: number } | null {
  const delimiter = state.delimiter ?? ',';
  const cells: string[] = [];
  let at = from;
  let lines = 0;
  for (;;) {
    if (text[at] === '"') {
      const quoted = takeQuoted(text, at, is_last, state.line + lines);
      if (quoted === null) return null;
      cells.push(quoted.cell);
      lines += quoted.lines;
      at = quoted.next;
      const after = text[at];
      const is_end = after === undefined || after === '\n' || after === '\r';
      if (!is_end && after !== delimiter) {
        throw new CsvFault(state.line + lines, 'text follows a closing quote');
      }
    } else {
      let end = at;
      for (; end < text.length; end += 1) {
        const sign = text[end];
        if (sign === delimiter || sign === '\n' || sign === '\r') break;
      }
      cells.push(text.slice(at, end));
      at = end;
    }
    const sign = text[at];
    if (sign === delimiter) {
      at += 1;
      continue;
    }
    if (sign === undefined && !is_last) return null;
    if (sign === '\r') {
      // The line feed of a pair may be in the next piece.
      if (text[at + 1] === undefined && !is_last) return null;
      at += text[at + 1] === '\n' ? 2 : 1;
    } else if (sign === '\n') at += 1;
    return { cells, next: at, lines: lines + 1 };
  }
}

function takeQuoted(text: string, from: number, is_last: boolean, line: number) {
  let at = from + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close === -1) {
      if (is_last) throw new CsvFault(line, 'a quote is opened and never closed');
      return null;
    }
    if (text[close + 1] === '"') {
      at = close + 2;
      continue;
    }
    // Whether a second quote follows is in the next piece.
    if (text[close + 1] === undefined && !is_last) return null;
    const raw = text.slice(from + 1, close);
    const lines = raw.split('\n').length - 1;
    return { cell: raw.replaceAll('""', '"'), next: close + 1, lines };
  }
}

/** A reader for one file; empty lines are passed over. */
export function csvReader(): CsvReader {
  const state: State = { rest: '', line: 1, delimiter: null };
  const read = (text: string, is_last: boolean): readonly CsvRow[] => {
    const whole = state.rest + text;
    const rows: CsvRow[] = [];
    if (state.delimiter === null) {
      const end = whole.search(/[\r\n]/);
      if (end !== -1 || is_last)
        state.delimiter = delimiterOf(end === -1 ? whole : whole.slice(0, end));
    }
    let at = 0;
    while (at < whole.length && state.delimiter !== null) {
      const row = takeRow(whole, at, state, is_last);
      if (row === null) break;
      if (row.cells.length > 1 || row.cells[0] !== '')
        rows.push({ line: state.line, cells: row.cells });
      state.line += row.lines;
      at = row.next;
    }
    state.rest = whole.slice(at);
    if (state.rest.length > ROW_MAX_CHARS) {
      throw new CsvFault(state.line, 'a quote is opened and never closed, or the row is over 1 MB');
    }
    return rows;
  };
  return { push: (text) => read(text, false), end: () => read('', true) };
}
