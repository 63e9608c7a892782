/** The lines of this sitting, for `hi`, `!!` and `!3`. They stay in memory: they hold names and numbers. */

const KEPT_MAX = 50;
const SHOWN = 10;

/** Card numbers, keys and passwords in addresses: what may get into a line by a wrong paste. */
const secrets: readonly RegExp[] = [
  /(?<![+\d])(?:\d[ -]?){12,18}\d\b/g,
  /\b(?:Bearer\s+)?[A-Za-z0-9_-]{24,}(?:\.[A-Za-z0-9_-]+)*/g,
  /:\/\/[^\s/@]+:[^\s/@]+@/g,
];

/** The line without what must not be shown again. */
export function maskLine(line: string): string {
  return secrets.reduce((text, secret) => text.replace(secret, '***'), line);
}

export type History = {
  readonly keep: (line: string) => void;
  /** The line that `!!` or `!3` means; null when the text is no recall, or means nothing. */
  readonly recall: (text: string) => string | null;
  readonly list: () => readonly string[];
};

export function makeHistory(): History {
  const lines: string[] = [];
  let first_number = 1;
  return {
    keep: (line) => {
      const masked = maskLine(line);
      // A line that held a secret could not be repeated as it was; one that was just there says nothing new.
      if (masked !== line || /^hi(story)?$/i.test(line) || lines.at(-1) === line) return;
      lines.push(line);
      if (lines.length <= KEPT_MAX) return;
      lines.shift();
      first_number += 1;
    },
    recall: (text) => {
      if (text === '!!') return lines.at(-1) ?? null;
      const number = /^!(\d{1,6})$/.exec(text)?.[1];
      return number === undefined ? null : (lines[Number(number) - first_number] ?? null);
    },
    list: () => lines.map((line, index) => `!${first_number + index} ${line}`).slice(-SHOWN),
  };
}
