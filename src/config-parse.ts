/** Readers of settings: text in, value out, or an Error whose message finishes "NAME ...". */

const MINUTE_MS = 60_000;

export const anyText = (text: string): string => text;

/** A whole number within limits; `1_000` and `1e3` are refused: people disagree on them. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

/** One of a few words; it carries them, for schemas and completion. */
export function oneOf<const T extends string>(
  ...words: readonly T[]
): ((text: string) => T) & { readonly words: readonly T[] } {
  const parse = (text: string): T => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new Error(`must be one of ${words.join(', ')}`);
    return word;
  };
  return Object.assign(parse, { words });
}

/** A comma list of a few words, none of them twice. */
export function listOf<const T extends string>(
  ...words: readonly T[]
): (text: string) => readonly T[] {
  const one = oneOf(...words);
  return (text) => [...new Set(splitList(text).map(one))];
}

/** `a, b,,c` -> `['a', 'b', 'c']`. */
export function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** An absolute URL with one of the schemes; a trailing slash goes: paths can be appended. */
export function url(...schemes: readonly string[]): (text: string) => string {
  return (text) => {
    const parsed = URL.canParse(text) ? new URL(text) : null;
    if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1))) {
      throw new Error(
        `must be a URL that starts with ${schemes.map((s) => `${s}://`).join(' or ')}`,
      );
    }
    return text.replace(/\/+$/, '');
  };
}

export function yesNo(text: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new Error('must be true or false');
}

/** `15s`, `500ms`, `2m` or bare milliseconds, up to `max_ms`. */
export function duration(max_ms: number): (text: string) => number {
  return (text) => {
    const match = /^(\d{1,9})(ms|s|m)?$/.exec(text);
    const unit_ms = match?.[2] === 'm' ? MINUTE_MS : match?.[2] === 's' ? 1_000 : 1;
    const value = Number(match?.[1]) * unit_ms;
    if (!match || value > max_ms) throw new Error(`must be a time such as 15s, up to ${max_ms} ms`);
    return value;
  };
}

export function timeZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new Error('must be a time zone such as Asia/Jakarta');
  }
}

/** Names of profiles are typed, and stand in files and addresses of nothing. */
export function profileName(text: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,31}$/.test(text)) return text;
  throw new Error('must be a name such as staging: a-z, 0-9, - and _, 32 signs at most');
}

/** The convention of NO_COLOR: set and not empty means yes, whatever it says. */
export const present = (text: string): boolean => text !== '';
