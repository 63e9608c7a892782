/** Asks a terminal how many columns it gives a sign: prints it, asks where the cursor is, and wipes it again. */

/** A terminal answers within milliseconds, behind a slow line within a second; some never do. */
const ANSWER_MS = 1_000;

const ASK = '\u001b[6n';
const WIPE = '\r\u001b[2K';
// biome-ignore lint/suspicious/noControlCharactersInRegex: the answer of a terminal begins with ESC
const answer = /\u001b\[\d+;(\d+)R/;

export type Keyboard = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  readonly isRaw?: boolean;
  readonly setRawMode?: (is_raw: boolean) => unknown;
};

/** Columns of `text`, or null when the terminal does not answer. */
export async function measureWidth(
  stdin: Keyboard,
  write: (text: string) => void,
  text: string,
): Promise<number | null> {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return null;
  const was_raw = stdin.isRaw === true;
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let heard = '';
  const onData = (chunk: Buffer | string) => {
    heard += chunk.toString();
    const column = answer.exec(heard)?.[1];
    // Counted from 1; the sign was written into the first column.
    if (column !== undefined) resolve(Number(column) - 1);
  };
  const timer = setTimeout(() => resolve(null), ANSWER_MS);
  // Not raw, the answer would be printed and held back until Enter.
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  try {
    write(`\r${text}${ASK}`);
    return await promise;
  } finally {
    clearTimeout(timer);
    stdin.off('data', onData);
    stdin.pause();
    stdin.setRawMode(was_raw);
    write(WIPE);
  }
}
