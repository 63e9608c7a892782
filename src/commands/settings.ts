import { describeConfig } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { firstWord } from './choice.ts';
import type { Context } from './context.ts';
import { printList, printOne } from './output.ts';
import type { Args } from './spec.ts';

const csv = ['key', 'env', 'value', 'source', 'doc'];

/** `petpro config list` */
export async function listSettings(context: Context): Promise<undefined> {
  printList(context, {
    kind: 'SettingList',
    items: describeConfig(context.config),
    columns: [
      { head: 'KEY', text: (row) => row.key, whole: true },
      { head: 'VALUE', text: (row) => row.value },
      { head: 'FROM', text: (row) => row.source },
      { head: 'VARIABLE', text: (row) => row.env, whole: true },
      { head: 'MEANING', text: (row) => row.doc, wide: true },
    ],
    csv,
    name: (row) => row.key,
  });
}

/** `petpro config get`: for people the bare value, so that it can be used in a script. */
export async function getSetting(context: Context, args: Args): Promise<undefined> {
  const asked = firstWord(args);
  const row = describeConfig(context.config).find((one) => one.key === asked || one.env === asked);
  if (row === undefined) {
    throw new AppError('not_found', `No setting is called "${asked}".`, {
      next: 'petpro config list',
    });
  }
  if (context.mode === 'table') {
    context.io.out(`${row.value}\n`);
    if (context.io.is_tty && !context.quiet) context.io.err(`from ${row.source} (${row.env})\n`);
    return;
  }
  printOne(context, {
    kind: 'Setting',
    item: row,
    csv,
    name: row.key,
    lines: [
      [row.key, row.value],
      ['from', `${row.source} (${row.env})`],
      ['meaning', row.doc],
    ],
  });
}
