import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { describe, formatHelp } from './help.ts';
import { group_summaries, groupOf, help_topics, placeOf } from './help-groups.ts';
import type { Io } from './io.ts';
import { pagesOf, watchOf } from './output-flags.ts';
import { type Args, type CommandSpec, needsWrites, type Run } from './spec.ts';
import { tree } from './tree.ts';
import { lineOf, spellOut, wants } from './words.ts';

/** From the words of the command line to an exit code. Only commander is loaded before a command is chosen. */

/** On every command, before or after it. */
const common_options: readonly (readonly [
  flags: string,
  doc: string,
  choices?: readonly string[],
])[] = [
  ['-p, --profile <name>', 'server to talk to: a profile, or demo'],
  ['-c, --clinic <clinic>', 'clinic: code, name or id'],
  [
    '-o, --output <mode>',
    'how results are printed',
    ['table', 'wide', 'json', 'jsonl', 'csv', 'name', 'none'],
  ],
  ['--json [fields]', 'same as -o json; --json=f1,f2 picks fields'],
  ['-q, --quiet', 'data only, no remarks'],
  ['--tz <zone>', 'zone of printed times; default: of the clinic'],
  ['--lang <lang>', 'language of amounts', ['en', 'ja', 'id']],
  ['--color <when>', 'colours', ['auto', 'always', 'never']],
  ['--ascii', 'plain ASCII only'],
  ['--accessible', 'lines of text instead of full screens, bars and spinners'],
  ['--no-input', 'never ask; fail instead'],
  ['--timeout <time>', 'longest wait for an answer, as 15s'],
  ['--no-pager', 'long answers straight to the screen'],
  ['--debug [what]', 'requests and stacks on stderr; =http: bodies too', ['calls', 'http']],
];

/** `--dry-run` -> `dry_run`, the spelling of data fields; commander says dryRun. */
function snakeCase(options: Readonly<Record<string, unknown>>): Args['options'] {
  const pairs = Object.entries(options).map(([name, value]) => {
    const spelled = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [spelled, typeof value === 'string' || typeof value === 'boolean' ? value : undefined];
  });
  return Object.fromEntries(pairs);
}

/** Runs the chosen command; its code, its context and config are loaded only now. */
type Start = (spec: CommandSpec, args: Args, run: Run) => Promise<void>;

function addOptions(command: Command, spec: CommandSpec): void {
  for (const { flags, doc, choices, required } of spec.options ?? []) {
    const option = new Option(flags, doc);
    if (choices) option.choices(choices);
    if (required === true) option.makeOptionMandatory();
    command.addOption(option);
  }
  if (pagesOf(spec) !== null) {
    command
      .option('--limit <n>', 'at most this many')
      .option('--cursor <cursor>', 'go on from there');
  }
  if (watchOf(spec) !== null) command.option('--watch [time]', 'again each 2s, or as said');
  const { mutates } = spec;
  if (!mutates) return;
  command.option('--yes', 'answer yes to the question, if there is one');
  command.option(
    '--idempotency-key <key>',
    'a repeat with the same key has one effect; default: new',
  );
  if (needsWrites(spec)) command.option('--writes', 'change things on a protected server too');
  if (mutates.reason === true) command.option('--reason <text>', 'why; kept in the history');
  if (mutates.if_version === true)
    command.option('--if-version <n>', 'only while this is its version');
  if (mutates.dry_run === true)
    command.option('--dry-run', 'say what would happen, change nothing');
}

/** Documents such as `-o md` belong to single commands: taken here, refused by run.ts where they do not. */
function takeFormats(option: Option, choices: readonly string[]): void {
  const taken = new Set([...choices, ...tree.flatMap((spec) => spec.formats ?? [])]);
  option.argParser((mode: string) => {
    if (taken.has(mode)) return mode;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  });
}

/** The whole tree. `start` is called with the chosen command. */
export function buildProgram(io: Pick<Io, 'out' | 'err' | 'columns'>, start: Start): Command {
  const program = new Command('petpro');
  program.description('Bookings for clinics and every place that sells time.');
  program.configureHelp({
    showGlobalOptions: true,
    helpWidth: Math.min(io.columns(), 100),
    formatHelp,
  });
  program.configureOutput({
    writeOut: io.out,
    writeErr: io.err,
    // Failures are told by main, in one form, and never twice.
    outputError: () => {},
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  program.exitOverride().helpCommand(false).showSuggestionAfterError(true);
  for (const [flags, doc, choices] of common_options) {
    const option = new Option(flags, doc);
    if (choices) option.choices(choices);
    if (choices && option.name() === 'output') takeFormats(option, choices);
    program.addOption(option);
  }
  program.option('-V, --version', 'version');
  const parents = new Map<string, Command>();
  for (const spec of tree.toSorted((a, b) => placeOf(a.path) - placeOf(b.path))) {
    const words = spec.path.split(' ');
    const [first = ''] = words;
    const last = words.at(-1) ?? '';
    let parent: Command = program;
    for (const [index, word] of words.slice(0, -1).entries()) {
      const group = words.slice(0, index + 1).join(' ');
      const known = parents.get(group);
      const next = known ?? parent.command(word).helpCommand(false);
      if (!known) {
        next.summary(group_summaries[group] ?? '').description(`${group_summaries[group] ?? ''}.`);
        if (index === 0) next.helpGroup(`${groupOf(first)}:`);
        parents.set(group, next);
      }
      parent = next;
    }
    const command = parent.command(last, { hidden: spec.hidden === true });
    if (spec.alias !== undefined) command.alias(spec.alias);
    if (words.length === 1) {
      command.helpGroup(`${groupOf(first)}:`);
      // `undo BP..` and `undo list`: a command may also be the first word of others after it.
      parents.set(first, command.helpCommand(false));
    }
    describe(command, spec);
    addOptions(command, spec);
    command.action(async () => {
      const args = { positional: command.args, options: snakeCase(command.optsWithGlobals()) };
      await start(spec, args, await spec.load());
    });
  }
  program.addHelpText('after', `\nHelp topics: petpro help ${help_topics.join(' | ')}`);
  return program;
}

/** A misuse, in our words; loaded when there is one. */
async function usageError(error: CommanderError, words: readonly string[], program: Command) {
  const { misuseOf } = await import('./help-misuse.ts');
  const { AppError } = await import('../domain/errors.ts');
  const { detail, next } = misuseOf(error, words, program);
  return new AppError('invalid_input', detail, { next });
}

/** The parser answers `--help` after any word, also after one that is none: that must be said instead. */
async function refuseUnknown(words: readonly string[], program: Command): Promise<void> {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  if (!own.includes('-h') && !own.includes('--help')) return;
  const { unknownCommand } = await import('./help-misuse.ts');
  const misuse = unknownCommand(program, own);
  if (misuse === null) return;
  const { AppError } = await import('../domain/errors.ts');
  throw new AppError('invalid_input', misuse.detail, { next: misuse.next });
}

/** Shows the help that the parser wrote; on a small screen page by page. */
async function tellHelp(io: Io, text: string, words: readonly string[]): Promise<void> {
  if (text === '') return;
  if (!io.is_tty || words.includes('--no-pager')) return io.out(text);
  const { showHelp } = await import('./pager.ts');
  await showHelp(io, text);
}

/** Runs one command line and answers the exit code; never throws, never ends the process itself. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const words = spellOut(argv.slice(2));
  let exit_code = 0;
  const start: Start = async (spec, args, run) => {
    const { runCommand } = await import('./run.ts');
    exit_code = await runCommand(io, { spec, args, run, program, tree });
  };
  let help_text = '';
  const writer = {
    ...io,
    out: (text: string) => {
      help_text += text;
    },
  };
  const program = buildProgram(writer, start);
  try {
    if (argv[2] === '__complete') {
      const { complete } = await import('./complete.ts');
      await complete(program, argv.slice(3), io);
      return 0;
    }
    if (words.length === 0) program.outputHelp();
    else if (words.length === 1 && (words[0] === '-V' || words[0] === '--version')) {
      io.out(`${(await import('./version.ts')).version()}\n`);
    } else {
      await refuseUnknown(words, program);
      await program.parseAsync(words, { from: 'user' });
    }
    await tellHelp(io, help_text, words);
    return exit_code;
  } catch (error) {
    // --help ends here too; it must not pay for what only failures need.
    if (error instanceof CommanderError && error.exitCode === 0) {
      await tellHelp(io, help_text, words);
      return 0;
    }
    const failure =
      error instanceof CommanderError ? await usageError(error, words, program) : error;
    const { pathOf, walk } = await import('./help-misuse.ts');
    const { tellFailure } = await import('./run.ts');
    const typed = { line: lineOf(argv.slice(2)), command: pathOf(walk(program, words).command) };
    return tellFailure(io, failure, wants(words), typed);
  }
}
