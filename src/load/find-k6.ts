import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { inheritedEnv, searchPath } from '../config.ts';
import { packageRoot } from '../daemon/store/package-root.ts';
import { AppError } from '../domain/errors.ts';

/** Where the real k6 is. There is no substitute: an imitation would measure itself. */

const run = promisify(execFile);
const VERSION_MS = 10_000;
/** The build itself is bounded by the script; this is the backstop. */
const BUILD_MS = 900_000;
/** The scripts are TypeScript, which older ones do not read. */
const MAJOR_MIN = 1;

type Environment = Readonly<Record<string, string | undefined>>;

export type K6 = { readonly path: string; readonly version: string };

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

const onPath = (name: string, env: Environment) =>
  searchPath(env)
    .split(path.delimiter)
    .filter((dir) => dir !== '')
    .map((dir) => path.join(dir, name));

/** In this order: PATH, the project's cache, the person's cache. */
function candidates(env: Environment): readonly string[] {
  const name = process.platform === 'win32' ? 'k6.exe' : 'k6';
  const cache = env['XDG_CACHE_HOME'] || path.join(env['HOME'] ?? '', '.cache');
  return [
    ...onPath(name, env),
    path.join(packageRoot(), '.cache/bin', name),
    path.join(cache, 'petpro/bin', name),
  ];
}

/** The version that a program gives itself; null when it is no usable k6 (an empty package has that name). */
async function versionOf(file: string): Promise<string | null> {
  try {
    const { stdout } = await run(file, ['version'], { timeout: VERSION_MS });
    const found = /^k6 v(\d+)(\.\S+)/m.exec(stdout);
    if (!found || Number(found[1]) < MAJOR_MIN) return null;
    return `v${found[1]}${found[2]}`;
  } catch {
    return null;
  }
}

/** The first usable k6, or null. */
export async function findK6(env: Environment = inheritedEnv()): Promise<K6 | null> {
  for (const file of candidates(env)) {
    if (!isExecutable(file)) continue;
    const version = await versionOf(file);
    if (version !== null) return { path: file, version };
  }
  return null;
}

export const canBuild = (env: Environment = inheritedEnv()): boolean =>
  onPath('go', env).some(isExecutable);

/** Builds or downloads it into the project's cache: `scripts/get-k6.sh`. Throws `unavailable`. */
export async function getK6(onLine: (line: string) => void, signal: AbortSignal): Promise<K6> {
  const script = path.join(packageRoot(), 'scripts/get-k6.sh');
  try {
    const working = run('bash', [script], { timeout: BUILD_MS, signal });
    working.child.stderr?.on('data', (chunk: Buffer | string) => {
      for (const line of String(chunk).split('\n')) if (line !== '') onLine(line);
    });
    const file = (await working).stdout.trim();
    const version = await versionOf(file);
    if (version !== null) return { path: file, version };
    throw new Error(`${file} is no k6`);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AppError('unavailable', 'k6 could not be had.', { next: HOW }, { cause: error });
  }
}

const HOW =
  'bash scripts/get-k6.sh, or install k6 (https://grafana.com/docs/k6) and put it on PATH';

/** What is said when there is none; nothing is imitated. */
export function noK6(env: Environment = inheritedEnv()): AppError {
  const how = canBuild(env)
    ? 'There is a Go toolchain here: petpro load run --get-k6 builds it (about 90 s, 64 MB).'
    : 'There is no Go toolchain here to build it with.';
  const detail = `The load generator k6 was not found on PATH, in .cache/bin or in the user's cache. ${how}`;
  return new AppError('unavailable', detail, {
    next: canBuild(env) ? 'petpro load run --get-k6' : HOW,
  });
}
