import fs from 'node:fs';
import path from 'node:path';
import { configFiles } from '../config.ts';
import { type ConfigFile, type FileProblem, parseConfigFile } from '../config-files.ts';
import { configSchema } from '../config-schema.ts';
import { AppError } from '../domain/errors.ts';
import { folderOf } from './config.ts';
import { type Context, say } from './context.ts';
import { nearest } from './help-nearest.ts';
import { printList, printOne } from './output.ts';
import type { Args } from './spec.ts';

/** Are the files of settings right? Every problem with its line, and what was meant. */

/** What is wrong, with the known name that comes nearest to an unknown one. */
export function problemSentence({ detail, unknown }: FileProblem): string {
  if (unknown === undefined) return `${detail}.`;
  const near = nearest(unknown.name, unknown.known);
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'petpro config schema';
  return `${detail}; ${hint}`;
}

function readNamed(context: Context, name: string): ConfigFile {
  const file = path.resolve(folderOf(context), name);
  const kind = path.basename(file) === '.petpro.json' ? 'project' : 'user';
  try {
    return parseConfigFile(
      { kind, file, user_file: 'your own file' },
      fs.readFileSync(file, 'utf8'),
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new AppError('not_found', `${file} cannot be read (${code}).`, {
      next: 'petpro config path',
    });
  }
}

/** A profile that is chosen must be somewhere; only all files together can tell. */
function unknownProfiles(files: readonly ConfigFile[]): readonly FileProblem[] {
  const known = [...files.flatMap(({ profiles }) => [...profiles.keys()]), 'demo'];
  return files.flatMap(({ file, profile, values }) => {
    if (profile === null || known.includes(profile)) return [];
    const line = values.get('profile')?.line ?? 1;
    const detail = `profile "${profile}" is in no file`;
    return [{ file, line, detail, unknown: { name: profile, known } }];
  });
}

/** `petpro config validate`: exit 2 when anything is wrong. */
export async function validateFiles(context: Context, args: Args): Promise<number> {
  const [name] = args.positional;
  const files =
    name === undefined
      ? configFiles({ env: context.io.env, cwd: folderOf(context) })
      : [readNamed(context, name)];
  const problems = files.flatMap((file) => file.problems);
  // A profile that could not be read is not unknown as well.
  if (problems.length === 0 && name === undefined) problems.push(...unknownProfiles(files));
  printList(context, {
    kind: 'ConfigProblemList',
    items: problems.map((problem) => ({
      file: problem.file,
      line: problem.line,
      problem: problemSentence(problem),
    })),
    columns: [
      { head: 'WHERE', text: (one) => `${one.file}:${one.line}`, whole: true },
      { head: 'WHAT IS WRONG', text: (one) => one.problem, whole: true },
    ],
    csv: ['file', 'line', 'problem'],
    name: (one) => `${one.file}:${one.line}`,
  });
  const read = files.filter(({ exists }) => exists);
  if (problems.length === 0) {
    const names = read.map(({ file }) => file).join(', ');
    say(context, read.length === 0 ? 'There are no files of settings.' : `In order: ${names}`);
    return 0;
  }
  const is_project = files.find((file) => file.problems.length > 0)?.kind === 'project';
  say(context, `next: petpro config edit${is_project ? ' --project' : ''}`);
  return 2;
}

/** `petpro config schema` */
export async function printSchema(context: Context): Promise<undefined> {
  if (context.mode === 'table' || context.mode === 'wide') {
    context.io.out(`${JSON.stringify(configSchema(), null, 2)}\n`);
    return;
  }
  const item = { kind: 'config.json', schema: configSchema() };
  printOne(context, { kind: 'Schema', item, csv: ['kind', 'schema'], name: item.kind, lines: [] });
}
