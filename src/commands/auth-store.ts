import fs from 'node:fs';
import path from 'node:path';
import type { Config } from '../config.ts';
import { AppError, type Json } from '../domain/errors.ts';

/**
 * Tokens that people have logged in with: one file in the state folder, for nobody else to read. A token belongs to
 * the address that it was given for, and is sent to no other.
 */

export type Login = {
  readonly url: string;
  readonly name: string;
  readonly role: string;
  readonly token: string;
  readonly added_at: string;
  readonly expires_at: string | null;
};

type Store = {
  readonly logins: readonly Login[];
  /** Of several logins at one address, the one in use: address -> name. */
  readonly active: Readonly<Record<string, string>>;
};

const empty: Store = { logins: [], active: {} };

/** Read, write and enter for others. */
const OTHERS = 0o077;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
/** Writing takes milliseconds; what is older was left behind by a process that died. */
const STALE_MS = 10_000;
/** People at one desk, with room to spare. */
const LOGINS_MAX = 100;

export const credentialsFile = (config: Config): string =>
  path.join(config.home, 'credentials.json');

const textOr = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function loginOf(value: unknown): Login | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const [url, name, token] = ['url', 'name', 'token'].map((key) => textOr(fields[key]));
  if (url == null || name == null || token == null) return null;
  const role = textOr(fields['role']) ?? '';
  const added_at = textOr(fields['added_at']) ?? '';
  return { url, name, role, token, added_at, expires_at: textOr(fields['expires_at']) };
}

function storeOf(text: string): Store | null {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof document !== 'object' || document === null) return null;
  const { logins, active }: Readonly<Record<string, unknown>> = { ...document };
  if (!Array.isArray(logins)) return null;
  const pairs = Object.entries(typeof active === 'object' ? { ...active } : {});
  return {
    logins: logins.map(loginOf).filter((one) => one !== null),
    active: Object.fromEntries(
      pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
    ),
  };
}

/** Throws `policy_refused` where others may read the file: what they have read cannot be taken back. */
function refuseOpen(file: string, mode: number): void {
  // Windows has no such bits: there the folder of the person is what keeps others out.
  if (process.platform === 'win32' || (mode & OTHERS) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  const detail = `${file} can be read by others (mode ${shown}): its tokens are not used.`;
  const next = `chmod 600 ${file}; and when others had the chance, petpro auth logout and new keys`;
  throw new AppError('policy_refused', detail, { next });
}

function readStore(config: Config): Store {
  const file = credentialsFile(config);
  let text: string;
  try {
    refuseOpen(file, fs.statSync(file).mode);
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return empty;
    throw new AppError('unauthorized', `${file} cannot be read (${code}).`, {}, { cause: error });
  }
  const store = storeOf(text);
  if (store !== null) return store;
  const facts: Record<string, Json> = { next: `rm ${file}, then petpro auth login` };
  throw new AppError('unauthorized', `${file} is not what petpro has written.`, facts);
}

/** Takes the only place where a new version may be written; its name is the lock. */
function openNew(file: string): number {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return fs.openSync(file, 'wx', FILE_MODE);
    } catch (error) {
      const is_taken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      const stat = is_taken ? fs.statSync(file, { throwIfNoEntry: false }) : undefined;
      const is_stale = stat !== undefined && Date.now() - stat.mtimeMs > STALE_MS;
      if (attempt === 0 && is_taken && (stat === undefined || is_stale)) {
        fs.rmSync(file, { force: true });
        continue;
      }
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      const reason = is_taken ? 'another login is being written' : `it cannot be written (${code})`;
      const detail = `${file}: ${reason}.`;
      throw new AppError(is_taken ? 'conflict' : 'unavailable', detail, {}, { cause: error });
    }
  }
}

/** Reads, changes and replaces the file; a reader sees the old one or the new one, never a half. */
function change(config: Config, work: (store: Store) => Store): void {
  const file = credentialsFile(config);
  const next_file = `${file}.new`;
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: FOLDER_MODE });
  const handle = openNew(next_file);
  try {
    const store = work(readStore(config));
    fs.writeSync(handle, `${JSON.stringify({ version: 1, ...store }, null, 2)}\n`);
    fs.fsyncSync(handle);
    fs.renameSync(next_file, file);
  } catch (error) {
    fs.rmSync(next_file, { force: true });
    throw error;
  } finally {
    fs.closeSync(handle);
  }
}

/** Everybody who has logged in at an address, the one in use first. */
export function loginsAt(config: Config, url: string): readonly Login[] {
  const { logins, active } = readStore(config);
  const here = logins.filter((login) => login.url === url);
  const first = here.find(({ name }) => name === active[url]) ?? here[0];
  return first === undefined ? [] : [first, ...here.filter((login) => login !== first)];
}

/** Keeps a login, in place of an earlier one of that name, and uses it from now on. */
export function keepLogin(config: Config, login: Login): void {
  change(config, ({ logins, active }) => {
    const others = logins.filter((one) => one.url !== login.url || one.name !== login.name);
    if (others.length >= LOGINS_MAX) {
      throw new AppError('policy_refused', `${LOGINS_MAX} logins are kept already.`, {
        next: 'petpro auth logout --all',
      });
    }
    return { logins: [...others, login], active: { ...active, [login.url]: login.name } };
  });
}

/** Uses another login at this address from now on. */
export function takeLogin(config: Config, { url, name }: Pick<Login, 'url' | 'name'>): void {
  change(config, ({ logins, active }) => ({ logins, active: { ...active, [url]: name } }));
}

/** Forgets one login at an address, or with name null all of them; says how many. */
export function dropLogins(config: Config, url: string, name: string | null): number {
  let count = 0;
  change(config, ({ logins, active }) => {
    const left = logins.filter((one) => one.url !== url || (name !== null && one.name !== name));
    count = logins.length - left.length;
    const still = Object.entries(active).filter(
      ([at, who]) => at !== url || (name !== null && who !== name),
    );
    return { logins: left, active: Object.fromEntries(still) };
  });
  return count;
}
