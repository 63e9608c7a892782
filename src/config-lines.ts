/** Where in a JSON text something stands, so that a person can go there. Asked only when something is wrong. */

/** What V8 says of a text that is no JSON, without its own words about the place. */
export type SyntaxFault = { readonly line: number; readonly detail: string };

const lineAt = (text: string, position: number): number =>
  text.slice(0, Math.max(0, position)).split('\n').length;

/** Everything that JSON is made of, one piece at a time; what is none of it is `odd`. */
const piece = /\s+|"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|(?<sign>[{}[\]:,])|(?<odd>.)/gs;

/** Where a piece stands that cannot be there: V8 names the place of most faults, but not of this kind. */
function oddPosition(text: string): number {
  let before = '';
  for (const { 0: found, index, groups } of text.matchAll(piece)) {
    if (found.trim() === '') continue;
    const sign = groups?.['sign'] ?? '';
    const is_too_early = /[}\],:]/.test(sign) && /[,:]/.test(before);
    if (is_too_early || groups?.['odd'] !== undefined) return index;
    before = sign;
  }
  return text.trimEnd().length;
}

/** The line and the reason of a parser's complaint; an end that came too soon is told at the last line. */
export function syntaxFault(text: string, error: unknown): SyntaxFault {
  const message = error instanceof Error ? error.message : String(error);
  const position = /at position (\d+)/.exec(message)?.[1];
  const detail = message
    .replace(/,? ?(in JSON )?at position .*$/, '')
    .replace(/, (\.{3})?".*"(\.{3})? is not valid JSON$/s, '')
    .replace(/^./, (first) => first.toLowerCase());
  return { line: lineAt(text, position === undefined ? oddPosition(text) : +position), detail };
}

/** A string, a bracket, a colon or a comma; the rest (numbers, words, spaces) is of no interest here. */
const mark = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/** The line of every name in a JSON text that is known to be valid: `profiles.staging.url` -> 7. */
export function linesOf(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  /** The name under which we are, for each bracket that is open; a list has none. */
  const names: string[] = [];
  let last = '""';
  for (const { 0: sign, index } of text.matchAll(mark)) {
    if (sign.startsWith('"')) last = sign;
    else if (sign === '{' || sign === '[') names.push('');
    else if (sign === '}' || sign === ']') names.pop();
    else {
      names[names.length - 1] = sign === ':' ? String(JSON.parse(last)) : '';
      const path = names.filter((name) => name !== '').join('.');
      if (sign === ':') lines.set(path, lineAt(text, index));
    }
  }
  return lines;
}
