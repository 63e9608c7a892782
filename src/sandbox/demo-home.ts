import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../domain/errors.ts';
import { isPortFree, isSameProcess, type ProcessRef, refOf } from './process.ts';
import { type ApiKeys, makeApiKeys } from './seed.ts';

/** What scripts get from `petpro demo up --detach --json`; names stay put. */
export type DemoDocument = {
  readonly url: string;
  readonly tcp_url: string | null;
  readonly database_url: string;
  readonly redis_url: string | null;
  readonly stripe_url: string;
  readonly smtp_outbox_url: string;
  readonly clinic_id: string;
  readonly service_id: string;
  readonly pet_id: string;
  readonly tokens: ApiKeys & { readonly customer: string };
};

/** The document and who to stop: `<home>/demo.json`, there as long as the demo is ready. */
export type DemoState = DemoDocument & {
  readonly smtp_url: string;
  readonly home: string;
  readonly started_at: string;
  readonly pids: {
    readonly supervisor: ProcessRef;
    readonly daemon: ProcessRef;
    readonly postgres: ProcessRef | null;
    readonly redis: ProcessRef | null;
  };
};

/** Kept from run to run, so that a restarted demo has its old addresses, keys and links. */
export type DemoSecrets = {
  readonly stripe_secret_key: string;
  readonly stripe_webhook_secret: string;
  readonly api_keys: ApiKeys;
  readonly redis_password: string;
  readonly ticket_secret: string;
  ports: Readonly<Record<string, number>>;
};

export const demoPaths = (home: string) => ({
  state: path.join(home, 'demo.json'),
  lock: path.join(home, 'demo.lock'),
  secrets: path.join(home, 'demo-secrets.json'),
  log: path.join(home, 'daemon.log'),
  supervisor_log: path.join(home, 'supervisor.log'),
  postgres: path.join(home, 'postgres'),
  redis: path.join(home, 'redis'),
  outbox: path.join(home, 'outbox'),
  issuer_key: path.join(home, 'issuer-key.json'),
  stripe_state: path.join(home, 'stripe.json'),
});

/** A fresh demo takes about 70 MiB; what fails with less than this left, fails for want of it. */
const ROOM_MIB = 64;
const MIB = 1_048_576;

/** The failure to tell when a disk has no room for a demo; null when it has, or cannot be asked. */
export function roomProblem(folder: string, cause: unknown): AppError | null {
  try {
    const { bavail, bsize } = fs.statfsSync(folder);
    const free_mib = Math.floor((bavail * bsize) / MIB);
    if (free_mib >= ROOM_MIB) return null;
    const detail = `The disk that holds ${folder} is full: ${free_mib} MiB are free.`;
    return new AppError('unavailable', detail, { next: 'df -h', free_mib }, { cause });
  } catch {
    return null;
  }
}

/** A file failure in one sentence, with the command to run next. */
function fileProblem(cause: unknown, home: string): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const elsewhere = { next: 'petpro demo up --home DIR' };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('unavailable', `The disk that holds ${home} is full.`, { next: 'df -h' });
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new AppError('unavailable', `${home} is not a folder.`, elsewhere, { cause });
  }
  return new AppError('unavailable', `${home} cannot be written (${code}).`, elsewhere, { cause });
}

/**
 * Makes a folder and those above it; true when it was new. Not `recursive`, which never returns
 * where the kernel answers ENOENT to a mkdir in an existing folder (/proc, /sys).
 */
function makeFolder(dir: string, mode: number): boolean {
  if (fs.existsSync(dir)) return false;
  makeFolder(path.dirname(dir), mode);
  try {
    fs.mkdirSync(dir, { mode });
    return true;
  } catch (error) {
    // Another process made it in the meantime.
    if (fs.statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return false;
    throw error;
  }
}

/** Makes the folder and proves that a small file can be written there. */
export function prepareHome(home: string): void {
  const probe = path.join(home, `.write-${process.pid}`);
  try {
    // Root's PostgreSQL runs as "nobody" and must pass through; the files in it stay private.
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    if (makeFolder(home, mode)) fs.chmodSync(home, mode);
    fs.writeFileSync(probe, 'x'.repeat(4_096), { mode: 0o600 });
    fs.rmSync(probe);
  } catch (cause) {
    throw fileProblem(cause, home);
  }
}

/** Readers see the old file or the new one, never half of one. */
export function writePrivate(file: string, value: unknown): void {
  const fresh = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(fresh, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    fs.renameSync(fresh, file);
  } catch (cause) {
    throw fileProblem(cause, path.dirname(file));
  }
}

function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** What the last ready demo of this home wrote; it may have died since. */
export const readState = (home: string): DemoState | null =>
  readJson<DemoState>(demoPaths(home).state);

/** The document alone, fields in their documented order. */
export function documentOf(state: DemoState): DemoDocument {
  const { url, tcp_url, database_url, redis_url, stripe_url, smtp_outbox_url } = state;
  const { clinic_id, service_id, pet_id, tokens } = state;
  const addresses = { url, tcp_url, database_url, redis_url, stripe_url, smtp_outbox_url };
  return { ...addresses, clinic_id, service_id, pet_id, tokens };
}

export function loadSecrets(home: string): DemoSecrets {
  const file = demoPaths(home).secrets;
  const known = readJson<DemoSecrets>(file);
  const random = (bytes: number) => randomBytes(bytes).toString('hex');
  if (known?.ticket_secret) return known;
  if (known) {
    // A home that is older than tickets.
    const grown: DemoSecrets = { ...known, ticket_secret: random(24) };
    writePrivate(file, grown);
    return grown;
  }
  const made: DemoSecrets = {
    stripe_secret_key: `sk_test_${random(24)}`,
    stripe_webhook_secret: `whsec_${random(24)}`,
    api_keys: makeApiKeys(),
    redis_password: random(24),
    ticket_secret: random(24),
    ports: {},
  };
  writePrivate(file, made);
  return made;
}

/** The port of the last run when it is still free, else 0: any. */
export async function lastPort(secrets: DemoSecrets, name: string): Promise<number> {
  const port = secrets.ports[name];
  return port && (await isPortFree(port)) ? port : 0;
}

export function portTaken(port: number): AppError {
  return new AppError('unavailable', `Port ${port} is taken by another program.`, {
    next: 'petpro demo up --port 0',
  });
}

/** The process that holds the home, if it lives. */
export function lockHolder(home: string): ProcessRef | null {
  const holder = readJson<ProcessRef>(demoPaths(home).lock);
  return holder && isSameProcess(holder) ? holder : null;
}

/**
 * Takes the home for this process; false when a living one has it. The lock is linked into place,
 * so it is never seen half written, and a dead one's lock is moved away before it is judged, so two
 * newcomers cannot both remove it.
 */
export function takeLock(home: string): boolean {
  const { lock } = demoPaths(home);
  const mine = `${lock}.${process.pid}`;
  fs.writeFileSync(mine, JSON.stringify(refOf(process.pid)), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        fs.linkSync(mine, lock);
        return true;
      } catch {
        if (lockHolder(home)) return false;
      }
      const aside = `${lock}.dead-${process.pid}`;
      try {
        fs.renameSync(lock, aside);
        const moved = readJson<ProcessRef>(aside);
        // A newcomer's living lock, taken by mistake: give it back and step back.
        if (moved && isSameProcess(moved)) {
          fs.linkSync(aside, lock);
          return false;
        }
      } catch {
        // Somebody else moved it first: look again.
      } finally {
        fs.rmSync(aside, { force: true });
      }
    }
    return false;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

export function dropLock(home: string): void {
  const holder = readJson<ProcessRef>(demoPaths(home).lock);
  if (holder?.pid === process.pid || !lockHolder(home)) {
    fs.rmSync(demoPaths(home).lock, { force: true });
  }
}
