import fs from 'node:fs';
import path from 'node:path';
import { configFiles } from '../config.ts';
import {
  type ConfigFile,
  type FileKind,
  type FileProblem,
  parseConfigFile,
  projectFile,
  userFile,
} from '../config-files.ts';
import { configSchema } from '../config-schema.ts';
import { AppError } from '../domain/errors.ts';
import { folderOf } from './config.ts';
import { problemSentence } from './config-validate.ts';
import type { Context } from './context.ts';

/** Files of settings as documents that are changed: read, checked, and replaced in one go. */

export type Fields = { readonly [key: string]: unknown };

export type Target = { readonly kind: FileKind; readonly file: string; readonly user_file: string };

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Beside the person's file, so that editors find it without a network. */
const SCHEMA_NAME = 'config.schema.json';

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The person's own file, or the one of this folder. */
export function targetOf(context: Context, is_project: boolean): Target {
  const user_file = userFile(context.config.config_home);
  if (!is_project) return { kind: 'user', file: user_file, user_file };
  return { kind: 'project', file: projectFile(folderOf(context)), user_file };
}

/** All files that count here. */
export const filesOf = (context: Context): readonly ConfigFile[] =>
  configFiles({ env: context.io.env, cwd: folderOf(context) });

/** Its text; null when there is none yet. */
export function readText({ file }: Target): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return null;
    const facts = { next: 'petpro config path' };
    throw new AppError('invalid_input', `${file} cannot be read (${code}).`, facts);
  }
}

/** What stands in it. A file that is no JSON is not overwritten: somebody's work is in there. */
export function readDocument(target: Target): Fields {
  const text = readText(target);
  if (text === null) return {};
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    document = null;
  }
  if (isFields(document)) return document;
  throw new AppError('invalid_input', `${target.file} is no JSON document; it is left as it is.`, {
    next: 'petpro config validate',
  });
}

/** Problems as one refusal, each with its line. */
function refusal(problems: readonly FileProblem[], next: string): AppError {
  const sentences = problems.map((one) => `${one.file}:${one.line} ${problemSentence(one)}`);
  return new AppError('invalid_input', sentences.join(' '), { next });
}

function replaceFile(file: string, text: string): void {
  // A file that is a link into somebody's collection stays one.
  const real = fs.existsSync(file) ? fs.realpathSync(file) : file;
  const mode = fs.statSync(real, { throwIfNoEntry: false })?.mode ?? FILE_MODE;
  const next_file = `${real}.${process.pid}.new`;
  try {
    fs.mkdirSync(path.dirname(real), { recursive: true, mode: FOLDER_MODE });
    fs.writeFileSync(next_file, text, { mode: mode & 0o777, flag: 'wx' });
    fs.renameSync(next_file, real);
  } catch (error) {
    fs.rmSync(next_file, { force: true });
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const detail = `${file} cannot be written (${code}).`;
    throw new AppError('invalid_input', detail, { next: 'petpro config path' }, { cause: error });
  }
}

/**
 * Writes a text that is right; throws, and leaves the file as it was, for one that is not. What was wrong before is
 * no reason to refuse a change to another part.
 */
export function saveText(target: Target, text: string, before: string | null, changed = ''): void {
  const old = before === null ? [] : parseConfigFile(target, before).problems;
  const known = new Set(old.map(({ detail }) => detail));
  const { problems } = parseConfigFile(target, text);
  const is_ours = (detail: string) => changed !== '' && detail.startsWith(`${changed} `);
  const fresh = problems.filter(({ detail }) => !known.has(detail) || is_ours(detail));
  if (fresh.length > 0) throw refusal(fresh, 'petpro config schema');
  replaceFile(target.file, text);
  if (target.kind !== 'user') return;
  const schema = path.join(path.dirname(target.file), SCHEMA_NAME);
  replaceFile(schema, `${JSON.stringify(configSchema(), null, 2)}\n`);
}

/** Writes a document; a new one of the person's says where its schema is. */
export function saveDocument(target: Target, document: Fields, changed = ''): void {
  const before = readText(target);
  const is_new = before === null && target.kind === 'user';
  const whole = is_new ? { $schema: `./${SCHEMA_NAME}`, ...document } : document;
  saveText(target, `${JSON.stringify(whole, null, 2)}\n`, before, changed);
}
