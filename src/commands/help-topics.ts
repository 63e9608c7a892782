import type { Command } from 'commander';
import { configTable } from '../config.ts';
import { AppError, problems } from '../domain/errors.ts';
import { type Access, access, roles } from '../domain/roles.ts';
import type { Context } from './context.ts';
import type { help_topics } from './help-groups.ts';
import { misuseOfTopic } from './help-misuse.ts';
import { langOf } from './session.ts';
import type { Args } from './spec.ts';

/** `petpro help`: commands, and what belongs to no single command. Drawn from the tables that the program runs by. */

/** Every exit code with the failures that end so. */
export function exitCodes(): string {
  const by_exit = new Map<number, string[]>();
  for (const [code, { exit }] of Object.entries(problems)) {
    by_exit.set(exit, [...(by_exit.get(exit) ?? []), code]);
  }
  const rows = [...by_exit].toSorted(([a], [b]) => a - b);
  return [
    'Exit codes',
    '',
    '   0  done; also when the reader of a pipe went away',
    ...rows.map(([exit, codes]) => `${String(exit).padStart(4)}  ${codes.join(', ')}`),
    ' 143  ended by TERM',
    '',
    '11 is worth another try; 6 and 7 are worth another slot.',
  ].join('\n');
}

function environment(): string {
  return [
    'Environment variables; flags go before them, empty means unset.',
    '',
    ...configTable().map(([, setting]) => `  ${setting.env.padEnd(28)}${setting.doc}`),
  ].join('\n');
}

const formatting = `Output

  -o table   for people; cut to the terminal. In a pipe: tabs, nothing cut
  -o wide    all columns
  -o json    one document: {"api_version","kind","items","meta","error"}; on failure too
  -o jsonl   one item per line
  -o csv     RFC 4180, fixed head; formulas get a ' in front
  -o name    the word that other commands take
  -o none    nothing

  --json is -o json; --json=starts_at,staff_name picks fields.
  Data goes to stdout, everything else to stderr.
  Amounts are decimal text with their currency, times RFC 3339 with the clinic's offset.
  Colour: --color, then NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, then the terminal.`;

/** Who may do what: each right once, with the roles that have it and the commands that ask for it. */
function rolesTopic({ tree }: Context): string {
  const rights = Object.keys(access).filter((word): word is Access => word in access);
  const lines = rights.flatMap((right) => {
    const names: readonly string[] = access[right];
    const who = right === 'public' ? 'everybody, without a token' : names.join(', ');
    const paths = tree.filter((spec) => spec.role === right && spec.hidden !== true);
    if (paths.length === 0) return [];
    const words = paths.map(({ path }) => path).join(', ');
    return ['', `${right.replaceAll('_', ' ')}: ${who}`, ...wrap(words, '    ')];
  });
  return [
    `Roles: ${roles.join(', ')}.`,
    'A key has one role; petpro auth status says which one yours has. What is not listed is refused.',
    ...lines,
  ].join('\n');
}

/** Lines of words by comma, as broad as every terminal is. */
function wrap(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(', ')) {
    if (line.length + word.length > 76 && line !== indent) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word}, `;
  }
  return [...lines, line.replace(/, $/, '')];
}

const dates = `Days and times

  today, tomorrow, yesterday     besok, kemarin    今日 明日 昨日
  fri, friday                    the next Friday, today included; jumat, 金
  +2d, +1w                       days and weeks from today
  23/11                          day/month
  2026-11-28                     ISO
  "fri 11:15", 11:15, 9.30, 9am  a day and a time, or a time today
  15s, 2m, 10m                   how long, as in --timeout and --watch

  All of it is the clinic's calendar and zone, never the machine's; --tz changes how times are shown.
  What is past, skipped by a clock change, or can be two things (03/12, "next fri") is exit 2,
  and the failure says which reading was made.`;

/** Needs the table of the console's keys, which no other command loads. */
async function keysTopic(context: Context): Promise<string> {
  const { keysText } = await import('./help-keys.ts');
  return keysText(langOf(context, { lang: context.config.lang }));
}

type Topic = (typeof help_topics)[number];

const topics: Readonly<Record<Topic, (context: Context) => string | Promise<string>>> = {
  'exit-codes': exitCodes,
  environment,
  formatting: () => formatting,
  keys: keysTopic,
  roles: rolesTopic,
  dates: () => dates,
};

function isTopic(word: string): word is Topic {
  return Object.hasOwn(topics, word);
}

/** `petpro help [topic or command]` */
export async function help(context: Context, args: Args): Promise<undefined> {
  const { program } = context;
  const words = args.positional;
  const [topic = ''] = words;
  if (words.length === 1 && isTopic(topic)) {
    // The same way out as the parser's own help: page by page on a small screen.
    program.configureOutput().writeOut?.(`${await topics[topic](context)}\n`);
    return;
  }
  let command: Command = program;
  for (const word of words) {
    const next = command.commands.find(
      (one) => one.name() === word || one.aliases().includes(word),
    );
    if (!next) {
      const { detail, next: better } = misuseOfTopic(program, words, Object.keys(topics));
      throw new AppError('not_found', detail, { next: better });
    }
    command = next;
  }
  command.outputHelp();
}
