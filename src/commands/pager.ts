import { spawn } from 'node:child_process';
import { type Config, inheritedEnv, loadConfig } from '../config.ts';
import { displayWidth } from '../domain/width.ts';
import type { Io } from './io.ts';

/** Long answers go through a pager, on a terminal only: PETPRO_PAGER, PAGER, then less. ux §2. */

/** Quit when it fits, keep colours, leave the text on the screen. */
const LESS_DEFAULT = 'FRX';

/** Lines that a text takes on a terminal, long ones broken. */
function heightOf(text: string, columns: number): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours have no width.
  const plain = text.replaceAll(/\u001b\[[\d;]*m/g, '').replace(/\n$/, '');
  const tall = (line: string) => Math.max(1, Math.ceil(displayWidth(line) / columns));
  return plain.split('\n').reduce((sum, line) => sum + tall(line), 0);
}

/**
 * Gives a text to the pager and waits until the person has read it. False when there is no such program: then
 * nothing was shown. One that quits early has shown what was wanted.
 */
async function runPager(command: string, text: string, io: Io): Promise<boolean> {
  const [program = 'less', ...words] = command.split(/\s+/).filter((word) => word !== '');
  const env = inheritedEnv(io.env);
  // Empty counts as unset, as everywhere; without R colours would be shown as signs.
  env['LESS'] ||= LESS_DEFAULT;
  const child = spawn(program, words, { stdio: ['pipe', 'inherit', 'inherit'], env });
  // Whoever quits before the end closes the pipe under us: that is no failure.
  child.stdin.on('error', () => {});
  return await new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(true));
    child.stdin.end(text);
  });
}

/** Shows a text: through the pager when the screen is too small for it. */
async function showText(io: Io, text: string, pager: string): Promise<void> {
  // One line is the prompt's.
  const fits = heightOf(text, io.columns()) < io.rows();
  if (fits || !(await io.duringPager(() => runPager(pager, text, io)))) io.out(text);
}

type Piece = { readonly stream: 'out' | 'err'; readonly text: string };

export type Paged = {
  /** Keeps what is written, remarks too: they belong between the lines that they are about. */
  readonly io: Io;
  /** Shows it all, in its order. */
  readonly flush: () => Promise<void>;
};

/** Streams that wait until the command has said everything. */
export function pagedIo(io: Io, config: Pick<Config, 'pager'>): Paged {
  const pieces: Piece[] = [];
  const keep = (stream: Piece['stream']) => (text: string) => {
    pieces.push({ stream, text });
  };
  const err = io.is_err_tty ? keep('err') : io.err;
  const flush = async () => {
    const kept = pieces.splice(0);
    const text = kept.map((piece) => piece.text).join('');
    if (heightOf(text, io.columns()) < io.rows()) {
      for (const piece of kept) io[piece.stream](piece.text);
      return;
    }
    await showText(io, text, config.pager);
  };
  return { io: { ...io, out: keep('out'), err }, flush };
}

/** Help goes through the pager too, whatever is wrong with the settings. */
export async function showHelp(io: Io, text: string): Promise<void> {
  let pager = '';
  try {
    pager = loadConfig({ env: io.env }).pager;
  } catch {
    // Who asks for help may be about to mend just that.
  }
  await showText(io, text, pager);
}
