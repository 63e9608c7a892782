import { exitsOf } from '../src/commands/help.ts';
import { group_summaries, help_topics } from '../src/commands/help-groups.ts';
import { pagesOf, watchOf } from '../src/commands/output-flags.ts';
import type { CommandSpec } from '../src/commands/spec.ts';

/** Man pages from the tree, so that they cannot say anything else than `--help`. roff of man(7), which all read. */

export type Flag = {
  readonly flags: string;
  readonly doc: string;
  readonly choices?: readonly string[];
};

export type ManPage = {
  /** `petpro-slots-list.1` */
  readonly file: string;
  readonly text: string;
};

/** As roff names it: man pages are read in every encoding. */
const glyph = (sign: string) =>
  `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;

/** Text that roff takes as it is: a dot at the start of a line would be a request, a dash a hyphen. */
function plain(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq');
  return escaped.replace(/^\./gm, '\\&.').replace(/[^\n -~]/gu, glyph);
}

/** One argument of a macro: quotes keep the words together. */
const quoted = (text: string) => `"${plain(text).replaceAll('"', '\\(dq')}"`;

/** `schedule exception list` -> `petpro-schedule-exception-list`. */
export function pageName(path: string): string {
  return ['petpro', ...path.split(' ')].join('-');
}

type Frame = { readonly version: string; readonly date: string };

function head(name: string, summary: string, { version, date }: Frame): readonly string[] {
  const title = [quoted(name.toUpperCase()), '1', quoted(date), quoted(`petpro ${version}`)];
  return [
    `.TH ${title.join(' ')} "PetPro Ops"`,
    '.SH NAME',
    `${plain(name)} \\- ${plain(summary)}`,
  ];
}

function flagLines({ flags, doc, choices }: Flag): readonly string[] {
  const among = choices === undefined ? '' : ` (${choices.join(', ')})`;
  return ['.TP', `.B ${quoted(flags)}`, plain(`${doc}${among}`)];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`.SH ${quoted(title)}`, ...lines];
}

function examples(spec: CommandSpec): readonly string[] {
  return ['.nf', ...spec.examples.map(plain), '.fi'];
}

/** The flags that a command has of its own, those of its kind included. */
function ownFlags(spec: CommandSpec, flagsOf: (spec: CommandSpec) => readonly Flag[]) {
  return flagsOf(spec).filter(({ flags }) => !flags.startsWith('-h, '));
}

/** The page of one command. */
function commandPage(
  spec: CommandSpec,
  frame: Frame,
  flagsOf: (spec: CommandSpec) => readonly Flag[],
): ManPage {
  const name = pageName(spec.path);
  const words = (spec.args ?? []).map((argument) => argument.name);
  const needs = spec.role === 'public' ? 'no token' : spec.role.replaceAll('_', ' ');
  const notes = [
    ...(pagesOf(spec) === null ? [] : ['Long lists come in pages: \\-\\-limit and \\-\\-cursor.']),
    ...(watchOf(spec) === null ? [] : ['\\-\\-watch shows what changes until Ctrl\\-C.']),
  ];
  const lines = [
    ...head(name, spec.summary, frame),
    '.SH SYNOPSIS',
    `.B petpro ${plain(spec.path)}`,
    plain(['[options]', ...words].join(' ')),
    '.SH DESCRIPTION',
    `${plain(spec.summary)}.`,
    ...notes,
    '.SH EXAMPLES',
    ...examples(spec),
    ...section(
      'ARGUMENTS',
      (spec.args ?? []).flatMap(({ name: flags, doc }) => flagLines({ flags, doc })),
    ),
    ...section('OPTIONS', ownFlags(spec, flagsOf).flatMap(flagLines)),
    '.PP',
    'The flags that every command takes are in',
    '.BR petpro (1).',
    ...section('NEEDS', [plain(needs)]),
    ...section('EXIT STATUS', [
      plain(`${exitsOf(spec).join(', ')}; what they mean is in`),
      '.BR petpro (1).',
    ]),
    '.SH SEE ALSO',
    '.BR petpro (1)',
  ];
  return { file: `${name}.1`, text: `${lines.join('\n')}\n` };
}

/** What petpro.1 tells beside the tree; handed in, because only the program knows it. */
export type About = Frame & {
  readonly common_flags: readonly Flag[];
  readonly exit_codes: string;
  readonly environment: readonly (readonly [name: string, doc: string])[];
  readonly flagsOf: (spec: CommandSpec) => readonly Flag[];
};

function mainPage(tree: readonly CommandSpec[], about: About): ManPage {
  const commands = tree.flatMap((spec) => [
    '.TP',
    `.BR ${plain(pageName(spec.path))} (1)`,
    `${plain(spec.summary)}.`,
  ]);
  const groups = Object.keys(group_summaries).length;
  const lines = [
    ...head('petpro', 'bookings for clinics and every place that sells time', about),
    '.SH SYNOPSIS',
    '.B petpro',
    plain('<noun> <verb> [arguments] [options]'),
    '.SH DESCRIPTION',
    `The words are those of the desk; ${groups} nouns group the others. Data goes to standard output,`,
    'everything else to standard error.',
    plain('petpro <command> --help explains one command, petpro completions installs the Tab key.'),
    '.SH OPTIONS',
    ...about.common_flags.flatMap(flagLines),
    '.SH COMMANDS',
    ...commands,
    '.SH "HELP TOPICS"',
    plain(help_topics.map((topic) => `petpro help ${topic}`).join(', ')),
    '.SH "EXIT STATUS"',
    '.nf',
    plain(about.exit_codes),
    '.fi',
    '.SH ENVIRONMENT',
    ...about.environment.flatMap(([flags, doc]) => flagLines({ flags, doc })),
  ];
  return { file: 'petpro.1', text: `${lines.join('\n')}\n` };
}

/** Every page: petpro.1 and one a command. */
export function manPages(tree: readonly CommandSpec[], about: About): readonly ManPage[] {
  const shown = tree.filter((spec) => spec.hidden !== true);
  return [mainPage(shown, about), ...shown.map((spec) => commandPage(spec, about, about.flagsOf))];
}
