/** npm run man: writes the man pages into share/man/man1. They are made for the package and not kept in git. */
import fs from 'node:fs';
import path from 'node:path';
import type { Command, Option } from 'commander';
import { buildProgram } from '../src/commands/cli.ts';
import { exitCodes } from '../src/commands/help-topics.ts';
import type { CommandSpec } from '../src/commands/spec.ts';
import { tree } from '../src/commands/tree.ts';
import { version } from '../src/commands/version.ts';
import { configTable } from '../src/config.ts';
import { type Flag, type ManPage, manPages } from './man-pages.ts';

const flagOf = ({ flags, description, argChoices }: Option): Flag => ({
  flags,
  doc: description,
  ...(argChoices === undefined ? {} : { choices: argChoices }),
});

/** The pages as they should be now; `date` is the day that they are made on. */
export function pages(date: string): readonly ManPage[] {
  const silent = { out: () => {}, err: () => {}, columns: () => 80 };
  const program = buildProgram(silent, async () => {});
  const commandOf = (spec: CommandSpec): Command | undefined =>
    spec.path
      .split(' ')
      .reduce<Command | undefined>(
        (parent, word) => parent?.commands.find((one) => one.name() === word),
        program,
      );
  return manPages(tree, {
    version: version(),
    date,
    common_flags: program.options.map(flagOf),
    exit_codes: exitCodes(),
    environment: configTable().map(([, setting]) => [setting.env, setting.doc] as const),
    flagsOf: (spec) => (commandOf(spec)?.options ?? []).map(flagOf),
  });
}

if (import.meta.main) {
  const folder = path.resolve(import.meta.dirname, '../share/man/man1');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const made = pages(Temporal.Now.plainDateISO().toString());
  for (const { file, text } of made) fs.writeFileSync(path.join(folder, file), text);
  process.stdout.write(
    `${made.length} man pages in share/man/man1; read one: man -l ${path.join('share/man/man1', 'petpro.1')}\n`,
  );
}
