import { AppError } from '../domain/errors.ts';
import { type Context, say } from './context.ts';
import { type Args, textOption } from './spec.ts';

/** Where a document goes: a file, a printer, or a pipe; never a terminal when it is no text. */

/** A print server that does not take a document by then will not. */
const LP_MAX_MS = 15_000;

export type PrintOut = {
  readonly content: string | Uint8Array;
  /** What the file is called in messages and hints. */
  readonly name: string;
  /** Goes to the printer untouched: the printer's own language. */
  readonly raw: boolean;
  /** Left to the print server; null when the content repeats itself. */
  readonly copies: number;
};

async function writeOut(context: Context, file: string, document: PrintOut): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  try {
    await writeFile(file, document.content);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new AppError(
      'invalid_input',
      `${file} cannot be written (${why}).`,
      {},
      { cause: error },
    );
  }
  say(context, `Written: ${file} (${Buffer.byteLength(document.content)} bytes)`);
}

/** Hands it to lp, the print command of CUPS and of every Unix before it. */
async function sendToPrinter(context: Context, name: string, document: PrintOut): Promise<void> {
  const { spawn } = await import('node:child_process');
  const args = ['-d', name, '-t', document.name, '-n', String(document.copies)];
  if (document.raw) args.push('-o', 'raw');
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(LP_MAX_MS)]);
  const child = spawn('lp', args, { stdio: ['pipe', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 500) said += chunk.toString();
  });
  // It may end before it has read everything; its exit code tells then.
  child.stdin.on('error', () => {});
  child.stdin.end(document.content);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'ENOENT'
        ? 'There is no lp command here: install the CUPS client, or write a file'
        : `lp did not take it (${error.code ?? error.name})`;
    const facts = { next: `--out ${document.name}` };
    throw new AppError('unavailable', `${why}.`, facts, { cause: error });
  });
  if (code !== 0) {
    const detail = `The printer "${name}" did not take it: ${said.trim() || `exit code ${code}`}.`;
    throw new AppError('unavailable', detail, { next: 'lpstat -p' });
  }
  say(context, `Sent to ${name}.`);
}

/** Sends the document where --out or --printer say; without either to stdout. */
export async function putOut(context: Context, args: Args, document: PrintOut): Promise<void> {
  const file = textOption(args, 'out');
  const printer = textOption(args, 'printer');
  if (file !== null && printer !== null) {
    throw new AppError('invalid_input', 'Say --out or --printer, not both.');
  }
  if (file !== null) return await writeOut(context, file, document);
  if (printer !== null) return await sendToPrinter(context, printer, document);
  if (typeof document.content === 'string') return context.io.out(document.content);
  if (context.io.is_tty) {
    const detail = 'This is no text for a terminal: say where it goes with --out or --printer.';
    throw new AppError('invalid_input', detail, { next: `--out ${document.name}` });
  }
  context.io.out_bytes(document.content);
}
