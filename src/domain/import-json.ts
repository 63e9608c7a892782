/** Finds the objects of a JSON array, or of lines of JSON, piece by piece, in the memory of one object. */

/** The text of one object and the line that it begins on. */
export type JsonText = { readonly line: number; readonly text: string };

/** A longer object is a bracket or quote that was never closed. */
const OBJECT_MAX_CHARS = 1_048_576;

export type JsonReader = {
  readonly push: (text: string) => readonly JsonText[];
  /** Throws when the text ends within an object. */
  readonly end: () => readonly JsonText[];
};

export class JsonFault extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'JsonFault';
    this.line = line;
  }
}

/** One object per line; empty lines are passed over. */
export function jsonLinesReader(): JsonReader {
  let rest = '';
  let line = 1;
  const take = (lines: readonly string[]) =>
    lines.flatMap((text) => {
      const one = { line, text };
      line += 1;
      return text.trim() === '' ? [] : [one];
    });
  return {
    push: (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > OBJECT_MAX_CHARS) throw new JsonFault(line, 'the line is over 1 MB');
      return take(lines);
    },
    end: () => take([rest]),
  };
}

const OPENING = /[{[\s,\]]/;

/** The objects within the outermost brackets, or one after the other without brackets. */
export function jsonReader(): JsonReader {
  let rest = '';
  let line = 1;
  let line_of_object = 1;
  /** How far `rest` has been looked at, and what was found there. */
  let at = 0;
  let depth = 0;
  let in_text = false;
  let has_array = false;
  let is_closed = false;
  const outside = (sign: string) => {
    if (sign === '{') {
      depth = 1;
      line_of_object = line;
      return;
    }
    const is_second = sign === '[' && has_array;
    if (is_second || !OPENING.test(sign)) {
      throw new JsonFault(line, 'expected a list of objects: [{..}, {..}]');
    }
    if (sign === '[') has_array = true;
    if (sign === ']') is_closed = true;
  };
  const push = (text: string): readonly JsonText[] => {
    const whole = rest + text;
    const found: JsonText[] = [];
    let begin = 0;
    for (; at < whole.length; at += 1) {
      const sign = whole[at] ?? '';
      if (sign === '\n') line += 1;
      if (depth === 0) {
        begin = at;
        outside(sign);
      } else if (in_text) {
        if (sign === '\\') at += 1;
        else if (sign === '"') in_text = false;
      } else if (sign === '"') in_text = true;
      else if (sign === '{' || sign === '[') depth += 1;
      else if (sign === '}' || sign === ']') {
        depth -= 1;
        if (depth === 0) found.push({ line: line_of_object, text: whole.slice(begin, at + 1) });
      }
    }
    const kept = depth === 0 ? whole.length : begin;
    rest = whole.slice(kept);
    // May lie one beyond the end: an escape whose sign comes with the next piece.
    at -= kept;
    if (rest.length > OBJECT_MAX_CHARS) {
      throw new JsonFault(line_of_object, 'an object is never closed, or over 1 MB');
    }
    return found;
  };
  return {
    push,
    end: () => {
      if (depth > 0) throw new JsonFault(line_of_object, 'the file ends within this object');
      if (has_array && !is_closed) throw new JsonFault(line, 'the list is never closed');
      return [];
    },
  };
}
