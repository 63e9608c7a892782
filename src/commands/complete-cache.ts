import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inheritedEnv } from '../config.ts';
import type { Candidate } from './complete.ts';
import type { Io } from './io.ts';

/** Answers of the daemon to the Tab key, kept for a moment. Names of pets are in it: for this person's eyes only. */

/** ux §2 */
const FRESH_MS = 30_000;
/** For when the daemon does not answer in time; older than this would mislead. */
const KEPT_MS = 600_000;

/** What decides who is asked, and as whom: another key or another folder is another answer. */
const deciding = [
  'PETPRO_URL',
  'PETPRO_TOKEN',
  'PETPRO_TOKEN_FILE',
  'PETPRO_CLINIC',
  'PETPRO_PROFILE',
  'PETPRO_HOME',
  'XDG_STATE_HOME',
  'XDG_CONFIG_HOME',
] as const;

function folderOf(env: Readonly<Record<string, string | undefined>>): string {
  const cache = env['XDG_CACHE_HOME'] || path.join(env['HOME'] || os.homedir(), '.cache');
  return path.join(cache, 'petpro', 'complete');
}

function fileOf(wanted: string, io: Io): string {
  const env = inheritedEnv(io.env);
  const facts = [wanted, io.cwd ?? process.cwd(), ...deciding.map((name) => env[name] ?? '')];
  const name = createHash('sha256').update(facts.join('\0')).digest('hex').slice(0, 32);
  return path.join(folderOf(env), `${name}.json`);
}

const ageOf = (file: string) => Date.now() - statSync(file).mtimeMs;

function isCandidate(value: unknown): value is Candidate {
  return typeof value === 'object' && value !== null && 'value' in value && 'doc' in value;
}

export type Cached = { readonly candidates: readonly Candidate[]; readonly is_fresh: boolean };

/** The last answer, when it is not too old to be of use. */
export function readCache(wanted: string, io: Io): Cached | null {
  try {
    const file = fileOf(wanted, io);
    const age_ms = ageOf(file);
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (age_ms > KEPT_MS || !Array.isArray(kept)) return null;
    return { candidates: kept.filter(isCandidate), is_fresh: age_ms < FRESH_MS };
  } catch {
    return null;
  }
}

/** Keeps an answer, and throws away what is too old. A cache that cannot be written is none. */
export function writeCache(wanted: string, candidates: readonly Candidate[], io: Io): void {
  try {
    const file = fileOf(wanted, io);
    const folder = path.dirname(file);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      const old = path.join(folder, name);
      if (ageOf(old) > KEPT_MS) rmSync(old, { force: true });
    }
    const part = `${file}.${process.pid}`;
    writeFileSync(part, JSON.stringify(candidates), { mode: 0o600 });
    renameSync(part, file);
  } catch {
    // Next time the daemon is asked again.
  }
}
