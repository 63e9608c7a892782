import type { Command, CommanderError } from 'commander';
import { nearest } from './help-nearest.ts';

/** Command lines that do not fit the tree: said in our words, with the nearest that does. */

/** Subcommand of that name or alias. */
function childOf(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word || one.aliases().includes(word));
}

/** True when the next word is the value of this flag and no word of the tree. */
function takesNext(command: Command, flag: string): boolean {
  if (flag.includes('=')) return false;
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const option = at.options.find((one) => one.long === flag || one.short === flag);
    if (option) return option.required;
  }
  return false;
}

export type Walk = {
  /** The deepest command that the words name. */
  readonly command: Command;
  /** The first word that names nothing where only names may stand. */
  readonly unknown: string | null;
};

/** Follows the words down the tree; flags and their values are stepped over. */
export function walk(program: Command, words: readonly string[]): Walk {
  let command = program;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') break;
    if (word.startsWith('-')) {
      if (takesNext(command, word)) index += 1;
      continue;
    }
    const next = childOf(command, word);
    if (next === undefined) {
      // A command that takes arguments may be the parent of others: `undo BP..` and `undo list`.
      const only_names = command.registeredArguments.length === 0 && command.commands.length > 0;
      return { command, unknown: only_names ? word : null };
    }
    command = next;
  }
  return { command, unknown: null };
}

/** `petpro slots list`. */
export function pathOf(command: Command): string {
  const above = command.parent === null ? '' : `${pathOf(command.parent)} `;
  return `${above}${command.name()}`;
}

/** Every command line of the tree that somebody may type, without `petpro`. */
function pathsBelow(command: Command): readonly string[] {
  return command.commands.flatMap((child) => [
    pathOf(child).replace(/^petpro /, ''),
    ...pathsBelow(child),
  ]);
}

/** What may have been meant by a word at this place: its neighbours first, then the same word elsewhere. */
function meant(program: Command, { command, unknown }: Walk): readonly string[] {
  if (unknown === null) return [];
  const prefix = pathOf(command).replace(/^petpro ?/, '');
  const known = command.commands.flatMap((child) => [child.name(), ...child.aliases()]);
  const near = nearest(unknown, known).map((name) => `${prefix} ${name}`.trim());
  if (near.length > 0) return near;
  const paths = pathsBelow(program);
  const last = (path: string) => path.split(' ').at(-1) ?? '';
  return nearest(unknown, [...new Set(paths.map(last))])
    .flatMap((name) => paths.filter((path) => last(path) === name))
    .slice(0, 3);
}

type Misuse = { readonly detail: string; readonly next: string };

/** A word that is no command: which one comes nearest. Null when every word is one. */
export function unknownCommand(program: Command, words: readonly string[]): Misuse | null {
  const found = walk(program, words);
  if (found.unknown === null) return null;
  const near = meant(program, found);
  const [first] = near;
  const path = pathOf(found.command);
  const place = path === 'petpro' ? '' : ` of ${path}`;
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  return {
    detail: `Unknown command '${found.unknown}'${place}.${hint}`,
    next: first === undefined ? `${path} --help` : `petpro ${first} --help`,
  };
}

const choice_error = /argument '(.+)' is invalid\. Allowed choices are (.+)\.$/;

/** A misuse that the parser found, in our words. */
export function misuseOf(
  error: CommanderError,
  words: readonly string[],
  program: Command,
): Misuse {
  const unknown = error.code === 'commander.unknownCommand' && unknownCommand(program, words);
  if (unknown) return unknown;
  const next = `${pathOf(walk(program, words).command)} --help`;
  if (error.code === 'commander.help') {
    return { detail: 'Say which one; the words are listed above.', next };
  }
  const [sentence = '', hint = ''] = error.message.replace(/^error: /, '').split('\n');
  const [, typed = '', choices = ''] = choice_error.exec(sentence) ?? [];
  const [near] = nearest(typed, choices.split(', '));
  const value = near === undefined ? '' : ` Did you mean ${near}?`;
  const suggestion = hint.replace(/^\((.*)\)$/, ' $1');
  const said = sentence.endsWith('.') ? sentence : `${sentence}.`;
  const detail = `${said.charAt(0).toUpperCase()}${said.slice(1)}${suggestion}${value}`;
  return { detail, next };
}

/** The same for `petpro help WORD`, which may also be a topic. */
export function misuseOfTopic(
  program: Command,
  words: readonly string[],
  topics: readonly string[],
): Misuse {
  const asked = `There is no help on "${words.join(' ')}".`;
  const near = [
    ...nearest(words.join(' '), topics),
    ...meant(program, walk(program, words)).filter((path) => !topics.includes(path)),
  ];
  const [first] = near;
  if (first === undefined) return { detail: asked, next: 'petpro --help' };
  return { detail: `${asked} Did you mean ${near.join(' or ')}?`, next: `petpro help ${first}` };
}
