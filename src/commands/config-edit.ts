import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseConfigFile } from '../config-files.ts';
import { AppError } from '../domain/errors.ts';
import { readText, saveText, type Target, targetOf } from './config-document.ts';
import { problemSentence } from './config-validate.ts';
import { type Context, say } from './context.ts';
import { type Args, flagOption } from './spec.ts';

/** `petpro config edit`: a copy in the editor, checked, and only then the file. */

/** Of a person who corrects and corrects; then it is better to look something up. */
const ROUNDS_MAX = 20;

const first_text: Readonly<Record<Target['kind'], string>> = {
  project: '{\n  "profile": "staging"\n}\n',
  user: '{\n  "$schema": "./config.schema.json",\n  "profiles": {}\n}\n',
  system: '{}\n',
};

/** Runs EDITOR on a file, on this terminal. */
function runEditor(editor: string, file: string): void {
  const [program = 'vi', ...words] = editor.split(/\s+/).filter((word) => word !== '');
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const ended = spawnSync(program, [...words, file], { stdio: 'inherit' });
  if (ended.error === undefined && ended.status === 0) return;
  const why = ended.error?.message ?? `it ended with ${ended.status ?? ended.signal}`;
  throw new AppError('cancelled', `Nothing was changed: ${program}: ${why}.`, {
    next: 'EDITOR=nano petpro config edit',
  });
}

/** True when the person wants to correct what is wrong. */
async function wantsAgain(context: Context, problems: readonly string[]): Promise<boolean> {
  const told = problems.map((one) => `  ${one}`).join('\n');
  if (!context.io.can_ask || context.no_input) return false;
  const question = `The file is not right yet:\n${told}\nEdit again? [Y/n] `;
  const answer = await context.io.ask(question, context.signal);
  context.signal.throwIfAborted();
  return answer !== null && !/^n/i.test(answer.trim());
}

async function editRounds(
  context: Context,
  target: Target,
  copy: string,
  before: string | null,
): Promise<string> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    runEditor(context.config.editor, copy);
    const text = fs.readFileSync(copy, 'utf8');
    const { problems } = parseConfigFile({ ...target, file: path.basename(target.file) }, text);
    const told = problems.map((one) => `${one.file}:${one.line} ${problemSentence(one)}`);
    if (told.length === 0 || text === before) return text;
    if (!(await wantsAgain(context, told))) {
      throw new AppError('invalid_input', `${target.file} is left as it was. ${told.join(' ')}`, {
        next: 'petpro config edit',
      });
    }
  }
  throw new AppError('cancelled', 'Nothing was changed.', { next: 'petpro config schema' });
}

/** `petpro config edit` */
export async function editSettings(context: Context, args: Args): Promise<undefined> {
  const target = targetOf(context, flagOption(args, 'project'));
  if (!context.io.can_ask || context.no_input) {
    throw new AppError('input_needed', 'An editor needs a terminal.', {
      next: 'petpro config set KEY VALUE',
    });
  }
  const before = readText(target);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-config-'));
  const copy = path.join(folder, path.basename(target.file));
  try {
    fs.writeFileSync(copy, before ?? first_text[target.kind], { mode: 0o600 });
    const text = await editRounds(context, target, copy, before);
    if (text === before) {
      say(context, 'Nothing was changed.');
      return;
    }
    saveText(target, text, before);
    say(context, `${target.file} is changed.`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
