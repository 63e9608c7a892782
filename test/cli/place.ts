import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CliOptions, type CliResult, cli } from './harness.ts';

/** A person's home of their own: files of settings, tokens, a folder to stand in. Gone with its scope. */
export type Place = {
  readonly folder: string;
  readonly user_file: string;
  readonly project_file: string;
  readonly credentials_file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: (words: readonly string[], options?: CliOptions) => Promise<CliResult>;
  /** Writes the person's own file. */
  readonly settings: (document: unknown) => void;
  readonly [Symbol.dispose]: () => void;
};

/** Writes a document as JSON, its folder too. */
export function writeJson(file: string, document: unknown): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(document, null, 2));
}

/** Makes one. */
export function place(): Place {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-place-'));
  const cwd = path.join(folder, 'work');
  fs.mkdirSync(cwd);
  const env = {
    HOME: folder,
    XDG_CONFIG_HOME: path.join(folder, 'config'),
    PETPRO_HOME: path.join(folder, 'state'),
    PETPRO_SYSTEM_CONFIG: path.join(folder, 'etc.json'),
  };
  const user_file = path.join(folder, 'config/petpro/config.json');
  return {
    folder,
    user_file,
    project_file: path.join(cwd, '.petpro.json'),
    credentials_file: path.join(folder, 'state/credentials.json'),
    env,
    run: async (words, options = {}) =>
      await cli(words, { cwd, ...options, env: { ...env, ...options.env } }),
    settings: (document) => writeJson(user_file, document),
    [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Runs one command line in a process of its own: for what it does to the whole process. */
export async function runProcess(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly err: string }> {
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...words], { env }, (_error, _out, err) => {
      resolve({ code: child.exitCode, err });
    });
  });
}
