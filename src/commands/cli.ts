import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import type { Io } from './io.ts';
import type { Args, CommandSpec, Run } from './spec.ts';
import { tree } from './tree.ts';
import { lineOf, spellOut, wants } from './words.ts';

/** From the words of the command line to an exit code. Only commander is loaded before a command is chosen. */

const groups: readonly (readonly [heading: string, first_words: readonly string[]])[] = [
  [
    'Desk',
    [
      'today',
      'find',
      'call',
      'book',
      'cancel',
      'reschedule',
      'undo',
      'check-in',
      'start',
      'complete',
      'no-show',
    ],
  ],
  [
    'Things',
    [
      'slots',
      'schedule',
      'series',
      'waitlist',
      'bookings',
      'hold',
      'confirm',
      'tickets',
      'reviews',
      'reminders',
      'calendar',
      'attachments',
      'notifications',
      'owners',
      'clinics',
      'services',
      'seats',
      'events',
    ],
  ],
  [
    'Money',
    ['prices', 'pay', 'payments', 'approvals', 'refunds', 'receipts', 'settlements', 'reports'],
  ],
  ['Console', ['tui']],
  [
    'Running it',
    [
      'demo',
      'serve',
      'auth',
      'health',
      'doctor',
      'locks',
      'jobs',
      'views',
      'reconcile',
      'outbox',
      'deliveries',
      'webhooks',
      'migrate',
      'import',
      'export',
      'config',
      'load',
    ],
  ],
];

/** One sentence per word that only groups others. */
const group_summaries: Readonly<Record<string, string>> = {
  slots: 'Open slots, and why the others are not',
  schedule: 'Hours, holidays and exceptions that slots are made of',
  'schedule exception': 'Dates that differ: add, list, rm',
  clinics: 'The rules of a clinic’s bookings',
  services: 'What a clinic sells',
  bookings: 'List, show, history',
  settlements: 'What a clinic gets, period by period',
  reports: 'Figures of a clinic by day, week, vet and service',
  receipts: 'Receipts on paper and as pages',
  tickets: 'Tickets of venues',
  seats: 'Which seats a service has, and what they are called',
  'seats plan': 'Rows, places and categories of the seats: show, set',
  series: 'Visits that come again',
  waitlist: 'People who wait for a place',
  retention: 'How long things are kept, and removing what is not',
  reviews: 'What owners say, and what the clinic answers',
  reminders: 'What owners are reminded of, and when',
  calendar: 'Visits in the calendars of phones',
  'calendar links': 'Secret addresses of calendars: list, create, revoke',
  attachments: 'Files of bookings: list, add, get, remove',
  payments: 'Payments, their entries, and the takings of a day',
  prices: 'What services cost, by tier and quantity',
  approvals: 'Requests that the clinic has to grant',
  hold: 'Create, list, extend, release',
  refunds: 'List, ask for, decide',
  owners: 'Add owners and pets',
  events: 'Follow what happens',
  notifications: 'What owners are told, in which words, and how they want it',
  deliveries: 'Messages on their way: what hangs, retry, pause a channel',
  outbox: 'Events on their way out: what hangs, retry, replay',
  webhooks: 'Where events are sent to: add, test, rotate, replay',
  auth: 'Who you are to the daemon',
  demo: 'A whole PetPro on this machine, thrown away afterwards',
  locks: 'Locks beside the holds that they stand for',
  views: 'Materialized views: how old, what they cost, refresh',
  jobs: 'Work that waits in queues: what hangs, and why',
  reconcile: 'Does everything fit together?',
  import: 'Take in what other systems know, from files',
  export: 'Everything that is kept here, as files',
  migrate: 'The database schema',
  config: 'Settings, and where they come from',
  load: 'Load tests, judged by the database',
};

/** On every command, before or after it. */
const common_options: readonly (readonly [
  flags: string,
  doc: string,
  choices?: readonly string[],
])[] = [
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
  ['--no-input', 'never ask; fail instead'],
  ['--timeout <time>', 'longest wait for an answer, as 15s'],
  ['--debug', 'requests and stacks on stderr'],
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
  if (spec.pages === true) {
    command
      .option('--limit <n>', 'at most this many')
      .option('--cursor <cursor>', 'go on from there');
  }
  if (spec.watch === true) command.option('--watch [time]', 'show changes, each 2s or as said');
  const { mutates } = spec;
  if (!mutates) return;
  command.option('--yes', 'answer yes to the question, if there is one');
  command.option(
    '--idempotency-key <key>',
    'a repeat with the same key has one effect; default: new',
  );
  if (mutates.reason === true) command.option('--reason <text>', 'why; kept in the history');
  if (mutates.if_version === true)
    command.option('--if-version <n>', 'only while this is its version');
  if (mutates.dry_run === true)
    command.option('--dry-run', 'say what would happen, change nothing');
}

function describe(command: Command, spec: CommandSpec): void {
  command.summary(spec.summary).description(`${spec.summary}.`);
  for (const argument of spec.args ?? []) command.argument(argument.name, argument.doc);
  addOptions(command, spec);
  const needs = spec.role === 'public' ? '' : `Needs: ${spec.role.replaceAll('_', ' ')}. `;
  const exits = [...new Set([0, 1, 2, 4, 5, 11, ...(spec.exits ?? [])])].toSorted((a, b) => a - b);
  command.addHelpText(
    'after',
    [
      '',
      'Examples:',
      ...spec.examples.map((example) => `  ${example}`),
      '',
      `${needs}Exit codes: ${exits.join(' ')} (petpro help exit-codes)`,
    ].join('\n'),
  );
}

function groupOf(word: string): string {
  return groups.find(([, words]) => words.includes(word))?.[0] ?? 'More';
}

/** Help shows groups in the order of their first command: this one, and what belongs to none last. */
function placeOf(path: string): number {
  const [first = ''] = path.split(' ');
  const place = groups.findIndex(([, words]) => words.includes(first));
  return place === -1 ? groups.length : place;
}

/** Commands before flags: who asks for help on `petpro` looks for the word first, and common flags come last. */
function formatHelp(command: Command, helper: Help): string {
  const blocks = Help.prototype.formatHelp.call(helper, command, helper).trimEnd().split('\n\n');
  const is_late = (block: string) =>
    block.startsWith('Global Options:') ||
    (command.parent === null && block.startsWith('Options:'));
  const late = blocks.filter(is_late);
  return `${[...blocks.filter((block) => !is_late(block)), ...late].join('\n\n')}\n`;
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
    command.action(async () => {
      const args = { positional: command.args, options: snakeCase(command.optsWithGlobals()) };
      await start(spec, args, await spec.load());
    });
  }
  program.addHelpText('after', '\nHelp topics: petpro help exit-codes | environment | formatting');
  return program;
}

/** The deepest command that the words name, for "--help" of the right one. */
function namedBy(words: readonly string[], program: Command): string {
  let command = program;
  const path = [program.name()];
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next) {
      path.push(word);
      command = next;
    }
  }
  return path.join(' ');
}

/** A misuse, in our words. */
async function usageError(error: CommanderError, words: readonly string[], program: Command) {
  const { AppError } = await import('../domain/errors.ts');
  const facts = { next: `${namedBy(words, program)} --help` };
  if (error.code === 'commander.help') {
    return new AppError('invalid_input', 'Say which one; the words are listed above.', facts);
  }
  const [sentence = '', hint = ''] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hint.replace(/^\((.*)\)$/, ' $1');
  const said = sentence.endsWith('.') ? sentence : `${sentence}.`;
  const detail = `${said.charAt(0).toUpperCase()}${said.slice(1)}${suggestion}`;
  return new AppError('invalid_input', detail, facts);
}

/** Runs one command line and answers the exit code; never throws, never ends the process itself. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const words = spellOut(argv.slice(2));
  let exit_code = 0;
  const start: Start = async (spec, args, run) => {
    const { runCommand } = await import('./run.ts');
    exit_code = await runCommand(io, { spec, args, run, program, tree });
  };
  const program = buildProgram(io, start);
  try {
    if (words.length === 0) {
      program.outputHelp();
      return 0;
    }
    if (words.length === 1 && (words[0] === '-V' || words[0] === '--version')) {
      io.out(`${(await import('./version.ts')).version()}\n`);
      return 0;
    }
    await program.parseAsync(words, { from: 'user' });
    return exit_code;
  } catch (error) {
    // --help ends here too; it must not pay for what only failures need.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure =
      error instanceof CommanderError ? await usageError(error, words, program) : error;
    const { tellFailure } = await import('./run.ts');
    const typed = { line: lineOf(argv.slice(2)), command: namedBy(words, program) };
    return tellFailure(io, failure, wants(words), typed);
  }
}
