import { readFileSync, statSync } from 'node:fs';
import { type Config, originsOf } from '../config.ts';
import type { Profile } from '../config-profile.ts';
import { AppError } from '../domain/errors.ts';
import { loginsAt } from './auth-store.ts';

/** Which token goes to an address, and where it comes from. */

export type TokenFound = {
  readonly token: string;
  readonly from: string;
  /** The name of the login; null where it is none. */
  readonly login: string | null;
};

/** A password manager may ask the person first; one that hangs must not hang us for ever. */
const COMMAND_TIMEOUT_MS = 60_000;
const TOKEN_BYTES_MAX = 16_384;

/** PETPRO_TOKEN, else what PETPRO_TOKEN_FILE holds. */
export function readToken(config: Config): string | null {
  if (config.token !== null) return config.token;
  if (config.token_file === null) return null;
  try {
    return readFileSync(config.token_file, 'utf8').trim();
  } catch (error) {
    const detail = `PETPRO_TOKEN_FILE ${config.token_file} cannot be read.`;
    throw new AppError('unauthorized', detail, {}, { cause: error });
  }
}

/** The address that a token in the environment was meant for, when that is another than this one. */
export function foreignAddress(config: Config, url: string): string | null {
  const named = originsOf(config, 'url').find(({ source }) => source === 'env')?.text ?? null;
  const address = named?.replace(/\/+$/, '') ?? null;
  return address === null || address === url ? null : address;
}

const told = new WeakMap<Config, string>();

/** Who can write the file decides which program runs as us: that must not be everybody. */
function refuseOpen({ name, origin }: Profile): void {
  const file = origin?.replace(/:\d+$/, '') ?? null;
  if (file === null || process.platform === 'win32' || (statSync(file).mode & 0o002) === 0) return;
  const detail = `Everybody can write ${file}: the credential_command of profile ${name} is not run.`;
  throw new AppError('policy_refused', detail, { next: `look at it, then: chmod o-w ${file}` });
}

/** What the profile's own program prints. Asked once per command: it may want a finger on a key. */
function fromCommand(config: Config, profile: Profile, words: readonly string[]): string {
  const known = told.get(config);
  if (known !== undefined) return known;
  refuseOpen(profile);
  const [program = '', ...rest] = words;
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const ended = spawnSync(program, rest, {
    encoding: 'utf8',
    stdio: ['inherit', 'pipe', 'inherit'],
    timeout: COMMAND_TIMEOUT_MS,
    maxBuffer: TOKEN_BYTES_MAX,
  });
  const token = (ended.stdout ?? '').trim();
  const cause = ended.error;
  const why =
    cause !== undefined && 'code' in cause
      ? String(cause.code)
      : ended.status !== 0
        ? `exit ${ended.status ?? ended.signal}`
        : /\s/.test(token)
          ? 'more than one word came'
          : 'nothing came';
  if (cause === undefined && ended.status === 0 && /^\S+$/.test(token)) {
    told.set(config, token);
    return token;
  }
  const detail = `credential_command of profile ${profile.name} gave no token: ${program}: ${why}.`;
  const next = `run it by hand: ${words.join(' ')}; it stands in ${profile.origin ?? 'the settings'}`;
  throw new AppError('unauthorized', detail, { next }, { cause });
}

/** The token for an address, or null. One that belongs to another address is never given. */
export function tokenFor(config: Config, url: string): TokenFound | null {
  const { server } = config;
  const given = foreignAddress(config, url) === null ? readToken(config) : null;
  if (given !== null) {
    const from = config.token === null ? `PETPRO_TOKEN_FILE ${config.token_file}` : 'PETPRO_TOKEN';
    return { token: given, from, login: null };
  }
  if (server !== null && server.url === url && server.credential_command !== null) {
    const token = fromCommand(config, server, server.credential_command);
    return { token, from: `credential_command of profile ${server.name}`, login: null };
  }
  const [login] = loginsAt(config, url);
  if (login === undefined) return null;
  return { token: login.token, from: `the login of ${login.name}`, login: login.name };
}
