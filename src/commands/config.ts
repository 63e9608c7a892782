import { configFiles, configNotes, describeConfig, originsOf } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { credentialsFile } from './auth-store.ts';
import { firstWord } from './choice.ts';
import { type Context, say } from './context.ts';
import { nearest } from './help-nearest.ts';
import { printList, printOne } from './output.ts';
import { type Args, flagOption } from './spec.ts';

/** What the settings are, and where each comes from. */

const csv = ['key', 'env', 'value', 'source', 'doc'];

/** The folder that the person stands in. */
export const folderOf = (context: Context): string => context.io.cwd ?? process.cwd();

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
  for (const note of configNotes(context.config)) say(context, note);
}

function rowOf(context: Context, asked: string) {
  const rows = describeConfig(context.config);
  const row = rows.find((one) => one.key === asked || one.env === asked);
  if (row !== undefined) return row;
  const near = nearest(
    asked,
    rows.flatMap(({ key, env }) => [key, env]),
  );
  const hint = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  throw new AppError('not_found', `No setting is called "${asked}".${hint}`, {
    next: near[0] === undefined ? 'petpro config list' : `petpro config get ${near[0]}`,
  });
}

/** Every place that says something about a setting: the winner, and those that it has beaten. */
function showOrigins(context: Context, asked: string): void {
  const { key } = rowOf(context, asked);
  const found = originsOf(context.config, key);
  printList(context, {
    kind: 'SettingOriginList',
    items: found.map(({ source, where, text }, index) => ({
      key,
      wins: index === 0,
      source,
      where,
      value: text,
    })),
    columns: [
      { head: '', text: (one) => (one.wins ? 'wins' : 'loses'), whole: true },
      { head: 'FROM', text: (one) => one.source, whole: true },
      { head: 'VALUE', text: (one) => one.value ?? '-' },
      { head: 'WHERE', text: (one) => one.where, whole: true },
    ],
    csv: ['key', 'wins', 'source', 'value', 'where'],
    name: (one) => one.where,
  });
  for (const note of configNotes(context.config)) say(context, note);
}

/** `petpro config get`: for people the bare value, so that it can be used in a script. */
export async function getSetting(context: Context, args: Args): Promise<undefined> {
  const asked = firstWord(args);
  if (flagOption(args, 'show_origin')) {
    showOrigins(context, asked);
    return;
  }
  const row = rowOf(context, asked);
  const where = originsOf(context.config, row.key)[0]?.where ?? row.env;
  if (context.mode === 'table') {
    context.io.out(`${row.value}\n`);
    if (context.io.is_tty && !context.quiet) context.io.err(`from ${row.source} (${where})\n`);
    return;
  }
  printOne(context, {
    kind: 'Setting',
    item: row,
    csv,
    name: row.key,
    lines: [
      [row.key, row.value],
      ['from', `${row.source} (${where})`],
      ['meaning', row.doc],
    ],
  });
}

/** `petpro config path`: the files, strongest first, then where tokens and other state are kept. */
export async function listPaths(context: Context): Promise<undefined> {
  const { config } = context;
  const files = configFiles({ env: context.io.env, cwd: folderOf(context) });
  const rows = files.map(({ kind, file, exists, problems, values, profiles }) => ({
    kind: String(kind),
    file,
    state: !exists ? 'absent' : problems.length > 0 ? 'wrong' : 'read',
    settings: values.size,
    profiles: profiles.size,
  }));
  const none = { settings: 0, profiles: 0 };
  printList(context, {
    kind: 'ConfigPathList',
    items: [
      ...rows,
      { kind: 'tokens', file: credentialsFile(config), state: 'state', ...none },
      { kind: 'state', file: config.home, state: 'state', ...none },
    ],
    columns: [
      { head: 'WHAT', text: (row) => row.kind, whole: true },
      { head: 'STATE', text: (row) => (row.state === 'state' ? '' : row.state), whole: true },
      { head: 'FILE', text: (row) => row.file, whole: true },
      { head: 'SETTINGS', text: (row) => String(row.settings), wide: true },
      { head: 'PROFILES', text: (row) => String(row.profiles), wide: true },
    ],
    csv: ['kind', 'state', 'file', 'settings', 'profiles'],
    name: (row) => row.file,
  });
  if (rows.some(({ state }) => state === 'wrong')) say(context, 'next: petpro config validate');
}
