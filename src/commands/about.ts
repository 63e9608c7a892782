import { configTable } from '../config.ts';
import { AppError, problems } from '../domain/errors.ts';
import { access } from '../domain/roles.ts';
import type { Context } from './context.ts';
import { printList } from './output.ts';
import type { Args, CommandSpec } from './spec.ts';

const common_exits = [0, 1, 2, 4, 5, 11];

export function exitsOf(spec: CommandSpec): readonly number[] {
  return [...new Set([...common_exits, ...(spec.exits ?? [])])].toSorted((a, b) => a - b);
}

/** `petpro commands`: for scripts, documentation and completion. */
export async function listCommands(context: Context): Promise<undefined> {
  const { program, tree } = context;
  const common_flags = program.options.map((option) => option.flags);
  const items = tree
    .filter((spec) => spec.hidden !== true)
    .map((spec) => {
      const [first = '', second] = spec.path.split(' ');
      const parent =
        second === undefined ? program : program.commands.find((c) => c.name() === first);
      const command = parent?.commands.find((c) => c.name() === (second ?? first));
      return {
        command: spec.path,
        arguments: (spec.args ?? []).map((argument) => argument.name),
        summary: spec.summary,
        role: spec.role,
        roles: access[spec.role],
        mutates: spec.mutates !== undefined,
        endpoint: spec.mutates?.endpoint ?? null,
        flags: (command?.options ?? []).map((option) => ({
          flags: option.flags,
          doc: option.description,
          required: option.mandatory,
          choices: option.argChoices ?? null,
        })),
        common_flags,
        exits: exitsOf(spec),
        examples: spec.examples,
      };
    });
  printList(context, {
    kind: 'CommandList',
    items,
    columns: [
      { head: 'COMMAND', text: (one) => [one.command, ...one.arguments].join(' '), whole: true },
      { head: 'NEEDS', text: (one) => one.role },
      { head: 'WHAT IT DOES', text: (one) => one.summary },
    ],
    csv: ['command', 'summary', 'role', 'mutates', 'exits'],
    name: (one) => one.command,
  });
}

function exitCodes(): string {
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

const topics: Readonly<Record<string, () => string>> = {
  'exit-codes': exitCodes,
  environment,
  formatting: () => formatting,
};

/** `petpro help [topic or command]` */
export async function help(context: Context, args: Args): Promise<undefined> {
  const words = args.positional;
  const topic = topics[words.join(' ')];
  if (topic) {
    context.io.out(`${topic()}\n`);
    return;
  }
  let command = context.program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (!next) {
      const known = [...command.commands.map((one) => one.name()), ...Object.keys(topics)];
      const detail = `There is no help on "${words.join(' ')}".`;
      throw new AppError('not_found', detail, { known, next: 'petpro --help' });
    }
    command = next;
  }
  command.outputHelp();
}
