/** What must be known of the command line before it is parsed, or although it cannot be parsed. */

const WATCH_DEFAULT = '2s';

/**
 * `--json`, `--debug` and `--watch` take a value only after `=` (or, for --watch, a time): without this
 * `--json slots` would swallow the command.
 */
export function spellOut(words: readonly string[]): string[] {
  return words.map((word, index) => {
    const is_literal = words.slice(0, index).includes('--');
    if (is_literal) return word;
    if (word === '--json') return '--json=*';
    if (word === '--debug') return '--debug=calls';
    const next_is_time = /^\d+(ms|s|m)?$/.test(words[index + 1] ?? '');
    return word === '--watch' && !next_is_time ? `--watch=${WATCH_DEFAULT}` : word;
  });
}

/** The command line as a person types it, without the passwords of addresses in it. */
export function lineOf(words: readonly string[]): string {
  const quoted = words
    .map((word) => word.replace(/(:\/\/[^:/@\s]*:)[^@\s]+@/, '$1***@'))
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word)));
  return ['petpro', ...quoted].join(' ');
}

export type Wants = {
  readonly json: boolean;
  readonly debug: boolean;
  readonly color: string | null;
};

function valueAfter(words: readonly string[], ...flags: readonly string[]): string | null {
  for (const [index, word] of words.entries()) {
    if (flags.includes(word)) return words[index + 1] ?? null;
    const [flag = '', value] = word.split('=', 2);
    if (value !== undefined && flags.includes(flag)) return value;
    const short = flags.find((one) => one.length === 2 && word.startsWith(one));
    if (short !== undefined) return word.slice(2);
  }
  return null;
}

/** Also a wrong flag must be answered in JSON when JSON is asked for, and in the colours that are asked for. */
export function wants(words: readonly string[]): Wants {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  return {
    json:
      own.some((word) => /^--json(=|$)/.test(word)) || valueAfter(own, '-o', '--output') === 'json',
    debug: own.some((word) => /^--debug(=|$)/.test(word)),
    color: valueAfter(own, '--color'),
  };
}
