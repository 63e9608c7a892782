import { AppError } from '../domain/errors.ts';
import { type Context, say } from './context.ts';
import { type Args, textOption } from './spec.ts';

/** Where a document goes: a file, a printer, or a pipe; never a terminal when it is no text. */

/** A print server, or the driver behind a device, that does not take a document by then will not. */
const TAKE_MAX_MS = 15_000;
/** A day sheet names people: a new file of it is for its writer; other files are what the umask says. */
const PRIVATE = 0o600;
const SHARED = 0o666;
/** What lp says about a refusal is a line or two. */
const SAID_MAX = 500;

export type PrintOut = {
  readonly content: string | Uint8Array;
  /** What the file is called in messages and hints. */
  readonly name: string;
  /** Goes to the printer untouched: the printer's own language. */
  readonly raw: boolean;
  /** Left to the print server; null when the content repeats itself. */
  readonly copies: number;
};

/** `lp` is the print server (null = its default printer), `escpos` a till printer behind a path. */
export type Device =
  | { readonly kind: 'lp'; readonly name: string | null }
  | { readonly kind: 'escpos'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string };

/** Reads `lp`, `lp:NAME`, `escpos:PATH` or `file:PATH`. */
export function deviceOf(text: string): Device {
  if (text === 'lp') return { kind: 'lp', name: null };
  const [, kind, rest = ''] = /^(lp|escpos|file):(.+)$/s.exec(text) ?? [];
  // A name that begins with a dash would be read as a flag of lp.
  if (kind === 'lp' && !rest.startsWith('-')) return { kind, name: rest };
  if (kind === 'escpos' || kind === 'file') return { kind, path: rest };
  throw new AppError(
    'invalid_input',
    `"${text}" is no printer: say lp, lp:NAME, escpos:PATH or file:PATH.`,
    { next: '--device lp, or lpstat -p for the names' },
  );
}

/** A path that takes nothing (a printer without paper, a pipe without a reader) must not hold us. */
async function writeWithin(
  file: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(Object.assign(new Error('late'), { code: `no answer in ${TAKE_MAX_MS} ms` }));
  }, TAKE_MAX_MS);
  try {
    await Promise.race([writeFile(file, content, { mode }), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function writeOut(file: string, document: PrintOut, mode: number): Promise<string> {
  try {
    await writeWithin(file, document.content, mode);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new AppError(
      'invalid_input',
      `${file} cannot be written (${why}).`,
      { next: `ls -l "${file}"` },
      { cause: error },
    );
  }
  return `Written: ${file} (${Buffer.byteLength(document.content)} bytes)`;
}

/** Hands it to lp, the print command of CUPS and of every Unix before it. No shell reads the arguments. */
async function sendToPrinter(
  name: string | null,
  document: PrintOut,
  stop: AbortSignal,
  instead: string,
): Promise<string> {
  const { spawn } = await import('node:child_process');
  const args = [...(name === null ? [] : ['-d', name]), '-t', document.name];
  args.push('-n', String(document.copies));
  if (document.raw) args.push('-o', 'raw');
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TAKE_MAX_MS)]);
  const child = spawn('lp', args, { stdio: ['pipe', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < SAID_MAX) said += chunk.toString();
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
    throw new AppError('unavailable', `${why}.`, { next: instead }, { cause: error });
  });
  const printer = name === null ? 'The default printer' : `The printer "${name}"`;
  if (code !== 0) {
    const detail = `${printer} did not take it: ${said.trim() || `exit code ${code}`}.`;
    throw new AppError('unavailable', detail, { next: 'lpstat -p' });
  }
  return `Sent to ${name ?? 'the default printer'}.`;
}

/** Hands a document over, and says where it went. */
export async function deliver(
  device: Device,
  document: PrintOut,
  stop: AbortSignal,
): Promise<string> {
  if (device.kind === 'lp') {
    return await sendToPrinter(device.name, document, stop, '--device file:sheet.txt');
  }
  return await writeOut(device.path, document, PRIVATE);
}

/** Sends the document where --out or --printer say; without either to stdout. */
export async function putOut(context: Context, args: Args, document: PrintOut): Promise<void> {
  const file = textOption(args, 'out');
  const printer = textOption(args, 'printer');
  if (file !== null && printer !== null) {
    throw new AppError('invalid_input', 'Say --out or --printer, not both.');
  }
  if (file !== null) return say(context, await writeOut(file, document, SHARED));
  if (printer !== null) {
    const instead = `--out ${document.name}`;
    return say(context, await sendToPrinter(printer, document, context.signal, instead));
  }
  if (typeof document.content === 'string') return context.io.out(document.content);
  if (context.io.is_tty) {
    const detail = 'This is no text for a terminal: say where it goes with --out or --printer.';
    throw new AppError('invalid_input', detail, { next: `--out ${document.name}` });
  }
  context.io.out_bytes(document.content);
}
