import { type Config, type ConfigFlags, describeConfig, loadConfig } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { type Context, hasColour, output_modes, paint } from './context.ts';
import { failureDocument, failureText, readFailure } from './failure.ts';
import type { Io } from './io.ts';
import type { Typed } from './next-step.ts';
import { envelope } from './output.ts';
import { isPaged, pagesOf, watchOf } from './output-flags.ts';
import { refuseWrites, sayWhere } from './profile-guard.ts';
import { type Args, type CommandSpec, flagOption, type Run, textOption } from './spec.ts';
import type { Wants } from './words.ts';

/** Runs a chosen command: settings, output shape, signals, and the one place where failures are told. */

function configFlags(args: Args): ConfigFlags {
  return {
    profile: textOption(args, 'profile') ?? undefined,
    writes: flagOption(args, 'writes') ? 'yes' : undefined,
    clinic: textOption(args, 'clinic') ?? undefined,
    tz: textOption(args, 'tz') ?? undefined,
    lang: textOption(args, 'lang') ?? undefined,
    color: textOption(args, 'color') ?? undefined,
    ascii: flagOption(args, 'ascii') ? 'yes' : undefined,
    accessible: flagOption(args, 'accessible') ? 'yes' : undefined,
    timeout_ms: textOption(args, 'timeout') ?? undefined,
    // Of `petpro demo`: another demo beside the usual one.
    home: textOption(args, 'home') ?? undefined,
  };
}

export type Chosen = {
  readonly spec: CommandSpec;
  readonly args: Args;
  readonly run: Run;
} & Pick<Context, 'program' | 'tree'>;

function makeContext(io: Io, config: Config, chosen: Chosen, signal: AbortSignal): Context {
  const { args, program, spec, tree } = chosen;
  const json = textOption(args, 'json');
  const output = textOption(args, 'output');
  if (json !== null && output !== null && output !== 'json') {
    throw new AppError('invalid_input', `--json and --output ${output} contradict each other.`);
  }
  const asked = json !== null ? 'json' : output;
  const modes: readonly string[] = [...output_modes, ...(spec.formats ?? [])];
  if (asked !== null && !modes.includes(asked)) {
    throw new AppError('invalid_input', `petpro ${spec.path} has no output ${asked}.`, {
      modes: [...modes],
    });
  }
  const lang = describeConfig(config).find((row) => row.key === 'lang');
  return {
    io,
    config,
    mode: output_modes.find((mode) => mode === asked) ?? 'table',
    fields: json === null || json === '*' ? null : json.split(',').map((field) => field.trim()),
    quiet: flagOption(args, 'quiet'),
    // commander turns --no-input into input = false.
    no_input: args.options['input'] === false,
    debug: textOption(args, 'debug') !== null,
    debug_http: textOption(args, 'debug') === 'http',
    page: pageOf(spec, args),
    lang_asked: lang !== undefined && lang.source !== 'default',
    signal,
    program,
    tree,
  };
}

/** A cut that is made on this side names its place by how many items lie before it. */
function pageOf(spec: CommandSpec, args: Args): Context['page'] {
  const limit = textOption(args, 'limit');
  const cursor = textOption(args, 'cursor');
  if (pagesOf(spec) !== 'here' || (limit === null && cursor === null)) return null;
  if (limit !== null && !/^[1-9]\d{0,6}$/.test(limit)) {
    throw new AppError('invalid_input', `--limit must be a whole number from 1, not "${limit}".`);
  }
  if (cursor !== null && !/^o\d{1,7}$/.test(cursor)) {
    const detail = `--cursor takes what the last page said, such as o50, not "${cursor}".`;
    throw new AppError('invalid_input', detail);
  }
  const offset = cursor === null ? 0 : Number(cursor.slice(1));
  return { limit: limit === null ? Number.MAX_SAFE_INTEGER : Number(limit), offset };
}

/** In json mode stdout is one document, also of a command that has nothing to tell. ux §2. */
function documentIo(io: Io): { readonly io: Io; readonly end: () => void } {
  let is_silent = true;
  const out = (text: string) => {
    is_silent = false;
    io.out(text);
  };
  const out_bytes = (bytes: Uint8Array) => {
    is_silent = false;
    io.out_bytes(bytes);
  };
  const end = () => {
    if (is_silent) io.out(`${JSON.stringify(envelope('Done', []))}\n`);
  };
  return { io: { ...io, out, out_bytes }, end };
}

/** Runs it once, or with --watch until Ctrl-C; long answers on a terminal go through the pager. */
async function runOnce(context: Context, { spec, args, run }: Chosen): Promise<number> {
  const { io, config, mode } = context;
  const watches = textOption(args, 'watch') !== null;
  if (watches && watchOf(spec) === 'again') {
    const { watchAgain } = await import('./watch-again.ts');
    return await watchAgain(context, args, run);
  }
  const is_for_eyes = io.is_tty && (mode === 'table' || mode === 'wide');
  // commander turns --no-pager into pager = false.
  const wants_pager = args.options['pager'] !== false && isPaged(spec);
  if (mode === 'json' && !watches && spec.owns_signals !== true) {
    const document = documentIo(io);
    const exit_code = (await run({ ...context, io: document.io }, args)) ?? 0;
    document.end();
    return exit_code;
  }
  if (watches || !is_for_eyes || !wants_pager) return (await run(context, args)) ?? 0;
  const { pagedIo } = await import('./pager.ts');
  const paged = pagedIo(io, config);
  try {
    return (await run({ ...context, io: paged.io }, args)) ?? 0;
  } finally {
    await paged.flush();
  }
}

/** What ends at once needs no words; what takes longer says that it was understood. */
const PATIENCE_MS = 400;

/** The first Ctrl-C says what is finishing, the second one quits. ux §2. */
function sayWhatFinishes(io: Io, spec: CommandSpec, signal: AbortSignal): void {
  const tell = () => {
    if (signal.reason === 130)
      io.err(`Finishing petpro ${spec.path}; Ctrl-C again quits at once.\n`);
  };
  signal.addEventListener('abort', () => setTimeout(tell, PATIENCE_MS).unref(), { once: true });
}

/** Never aborts: for commands that see to their signals themselves. */
const no_signal = new AbortController().signal;

/** Flags, environment and, but for daemons and demos, the files and the profile in force. */
function settingsOf(io: Io, spec: CommandSpec, args: Args): Config {
  const flags = configFlags(args);
  if (spec.settings === 'ignored') return loadConfig({ env: io.env, flags });
  const cwd = io.cwd ?? process.cwd();
  return loadConfig({ env: io.env, flags, cwd, lenient: spec.settings === 'lenient' });
}

/** Runs it and answers the exit code; what it throws goes through to main. */
export async function runCommand(io: Io, chosen: Chosen): Promise<number> {
  const { spec, args } = chosen;
  const signal = spec.owns_signals === true ? no_signal : io.trapSignals();
  if (spec.owns_signals !== true) sayWhatFinishes(io, spec, signal);
  const config = settingsOf(io, spec, args);
  refuseWrites(spec, args, config);
  const context = makeContext(io, config, chosen, signal);
  sayWhere(context, spec);
  try {
    return await runOnce(context, chosen);
  } catch (error) {
    // After Ctrl-C whatever failed, failed because of it; the signal's reason is its exit code.
    if (signal.aborted) return Number(signal.reason);
    throw error;
  }
}

/** Tells a failure on stderr, in json mode also as the one document on stdout, and answers its exit code. */
export function tellFailure(io: Io, error: unknown, wanted: Wants, typed: Typed): number {
  const failure = readFailure(error);
  const coloured = colourOfErrors(io, wanted.color);
  const red = (text: string) => paint('red', text, coloured);
  io.err(failureText(failure, { debug: wanted.debug, paint: red, typed }));
  if (wanted.json) io.out(failureDocument(failure, typed));
  return failure.exit;
}

function colourOfErrors(io: Io, color: string | null): boolean {
  try {
    const flags = { color: color ?? undefined };
    const cwd = io.cwd ?? process.cwd();
    return hasColour(loadConfig({ env: io.env, flags, cwd, lenient: true }), io.is_err_tty);
  } catch {
    // The settings themselves are what is wrong.
    return false;
  }
}
