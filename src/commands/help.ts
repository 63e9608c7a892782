import { type Command, Help } from 'commander';
import type { CommandSpec } from './spec.ts';

/** What `--help` says of a command: examples first, because that is what people copy. */

const common_exits = [0, 1, 2, 4, 5, 11];

/** Every exit code that a command may give, in order. */
export function exitsOf(spec: CommandSpec): readonly number[] {
  return [...new Set([...common_exits, ...(spec.exits ?? [])])].toSorted((a, b) => a - b);
}

/** What a command was made from; the words between (`slots`) have none. */
const specs = new WeakMap<Command, CommandSpec>();

/** Gives a command its sentence, its arguments, and its page of help. */
export function describe(command: Command, spec: CommandSpec): void {
  specs.set(command, spec);
  command.summary(spec.summary).description(`${spec.summary}.`);
  for (const argument of spec.args ?? []) command.argument(argument.name, argument.doc);
}

function examplesBlock(spec: CommandSpec): string {
  return ['Examples:', ...spec.examples.map((example) => `  ${example}`)].join('\n');
}

function needsLine(spec: CommandSpec): string {
  const needs = spec.role === 'public' ? '' : `Needs: ${spec.role.replaceAll('_', ' ')}. `;
  return `${needs}Exit codes: ${exitsOf(spec).join(' ')} (petpro help exit-codes)`;
}

/**
 * Usage and the sentence, then examples, then commands before flags: who asks for help on `petpro` looks for the
 * word first, and the flags that every command has come last.
 */
export function formatHelp(command: Command, helper: Help): string {
  const blocks = Help.prototype.formatHelp.call(helper, command, helper).trimEnd().split('\n\n');
  const is_late = (block: string) =>
    block.startsWith('Global Options:') ||
    (command.parent === null && block.startsWith('Options:'));
  const is_first = (block: string, index: number) => index < 2 && !/^\w[\w ]*:\n/.test(block);
  const spec = specs.get(command);
  const early = blocks.filter((block, index) => is_first(block, index) && !is_late(block));
  const late = blocks.filter(is_late);
  const middle = blocks.filter((block) => !early.includes(block) && !late.includes(block));
  const examples = spec === undefined ? [] : [examplesBlock(spec)];
  const needs = spec === undefined ? [] : [needsLine(spec)];
  return `${[...early, ...examples, ...middle, ...late, ...needs].join('\n\n')}\n`;
}
