import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { searchPath } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { roomProblem } from './demo-home.ts';
import {
  binariesIn,
  findPostgres,
  isReachableByAll,
  NOBODY,
  type PostgresBinaries,
  publicFolder,
} from './postgres-binaries.ts';
import {
  answersTcp,
  freePort,
  isAlive,
  refOf,
  spawnLogged,
  stopProcess,
  tailOf,
  until,
} from './process.ts';

const USER = 'petpro';
const INITDB_TIMEOUT_MS = 60_000;
/** Covers crash recovery of a busy demo; a clean start takes about 20 ms. */
const READY_TIMEOUT_MS = 60_000;
const MAX_START_TRIES = 4;
const PASSWORD_FILE = 'petpro.password';

export type PostgresOptions = {
  readonly data_dir: string;
  /** Off only where losing the data costs nothing (tests). */
  readonly fsync?: boolean;
  /** Stop cleanly when this process ends, however it ends. Otherwise the server runs on. */
  readonly watchdog?: boolean;
  /** Wanted port, so that a restart keeps its address; another free one when it is taken. */
  readonly port?: number;
  /** Use the programs of this folder instead of looking for some. */
  readonly bin_dir?: string;
};

export type Postgres = {
  readonly url: string;
  readonly port: number;
  /** Of the postmaster. */
  readonly pid: number;
  readonly major: number;
  /** True when the server ran before we came. */
  readonly attached: boolean;
  /** Fast shutdown: clients are cut off, data is flushed. Safe to call twice. */
  readonly stop: () => Promise<void>;
};

const ids = () => (process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {});
const majorOf = (dir: string) => Number(fs.readFileSync(path.join(dir, 'PG_VERSION'), 'utf8'));

/**
 * The folder that the server will really use. Root's server runs as "nobody", which cannot pass
 * root's 0700 folders: then the data moves to a system folder and a symbolic link stands in.
 */
function settle(data_dir: string): string {
  try {
    return settleUnchecked(data_dir);
  } catch (cause) {
    throw cause instanceof AppError ? cause : explain(cause, path.resolve(data_dir));
  }
}

function settleUnchecked(data_dir: string): string {
  const wanted = path.resolve(data_dir);
  const parent = path.dirname(wanted);
  const is_root = process.getuid?.() === 0;
  fs.mkdirSync(parent, { recursive: true, mode: is_root ? 0o711 : 0o700 });
  const entry = fs.lstatSync(wanted, { throwIfNoEntry: false });
  // An empty folder says nothing about where the data should be.
  if (entry?.isDirectory() && fs.readdirSync(wanted).length === 0) fs.rmdirSync(wanted);
  else if (entry) {
    // A link may outlive its data.
    if (!fs.existsSync(wanted)) fs.mkdirSync(fs.readlinkSync(wanted), { mode: 0o700 });
    return fs.realpathSync(wanted);
  }
  if (!is_root) return wanted;
  // A fresh temporary folder holds nothing yet that its 0700 could protect.
  const empty = fs.readdirSync(parent).length === 0;
  if (empty && isReachableByAll(path.dirname(parent))) fs.chmodSync(parent, 0o711);
  if (isReachableByAll(parent)) return wanted;
  const mark = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const moved = path.join(publicFolder('data'), `postgres-${mark}`);
  fs.mkdirSync(moved, { recursive: true, mode: 0o700 });
  fs.symlinkSync(moved, wanted);
  return moved;
}

/** Makes a cluster beside its place and renames it: no initdb leaves half a cluster. */
async function initialise(dir: string, programs: PostgresBinaries): Promise<void> {
  const mark = randomBytes(6).toString('hex');
  const fresh = `${dir}.new-${mark}`;
  const password_file = `${dir}.pw-${mark}`;
  const password = randomBytes(24).toString('base64url');
  // The builtin provider (17 and newer) sorts the same on every system.
  const locale =
    programs.major >= 17
      ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
      : [`--locale=${process.platform === 'linux' ? 'C.UTF-8' : 'C'}`];
  try {
    fs.mkdirSync(fresh, { mode: 0o700 });
    fs.writeFileSync(password_file, password, { mode: 0o600 });
    if (process.getuid?.() === 0) {
      for (const file of [fresh, password_file]) fs.chownSync(file, NOBODY, NOBODY);
    }
    await promisify(execFile)(
      path.join(programs.bin_dir, 'initdb'),
      // biome-ignore format: flags with their values read better together.
      ['-D', fresh, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${password_file}`, '-E', 'UTF8',
        ...locale, '--no-sync', '--no-instructions'],
      { ...ids(), cwd: '/', timeout: INITDB_TIMEOUT_MS, env: { LC_ALL: 'C' } },
    );
    fs.writeFileSync(path.join(fresh, PASSWORD_FILE), password, { mode: 0o600 });
    fs.renameSync(fresh, dir);
  } catch (cause) {
    // Another process that made the same cluster first is not a failure.
    if (!fs.existsSync(path.join(dir, 'PG_VERSION'))) throw explain(cause, dir);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
    fs.rmSync(password_file, { force: true });
  }
}

const unwritable_codes = ['EROFS', 'EACCES', 'EPERM', 'EEXIST', 'ENOTDIR', 'ELOOP', 'ENOENT'];

function explain(cause: unknown, dir: string): AppError {
  const text = String(cause instanceof Error && 'stderr' in cause ? cause.stderr : cause);
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (code === 'ENOSPC' || /no space left/i.test(text)) {
    return new AppError('unavailable', `The disk that holds ${dir} is full.`, { next: 'df -h' });
  }
  if (code !== null && unwritable_codes.includes(String(code))) {
    return new AppError(
      'unavailable',
      `PostgreSQL cannot write to ${dir}.`,
      { next: 'petpro demo up --home /var/tmp/petpro' },
      { cause },
    );
  }
  if (/read-only|permission denied/i.test(text)) {
    return explain(Object.assign(new Error(text), { code: 'EACCES' }), dir);
  }
  // On a disk without room it may die of a bus error and not name the reason.
  const full = roomProblem(path.dirname(dir), cause);
  if (full) return full;
  const last = text.trim().split('\n').at(-1) ?? '';
  return new AppError('unavailable', `initdb failed: ${last}`, { next: 'npm ci' }, { cause });
}

type Running = { readonly pid: number; readonly port: number; readonly ready: boolean };

/** What postmaster.pid says: line 1 the pid, line 4 the port, line 8 the state. */
function readPidFile(dir: string): Running | null {
  try {
    const lines = fs.readFileSync(path.join(dir, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0) return null;
    return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' };
  } catch {
    return null;
  }
}

/** After a reboot the pid may belong to anything: only a program that names this folder counts. */
function isPostmasterOf(pid: number, dir: string): boolean {
  if (!isAlive(pid)) return false;
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dir);
  } catch {
    return fs.existsSync('/proc/self') ? false : isAlive(pid);
  }
}

/** A live server of this folder, once it takes connections; clears away a stale postmaster.pid. */
async function attach(dir: string): Promise<Running | null> {
  const found = readPidFile(dir);
  if (!found) return null;
  if (!isPostmasterOf(found.pid, dir)) {
    fs.rmSync(path.join(dir, 'postmaster.pid'), { force: true });
    return null;
  }
  return await waitReady(dir, () => isPostmasterOf(found.pid, dir));
}

async function waitReady(dir: string, is_running: () => boolean): Promise<Running | null> {
  const outcome = await until(READY_TIMEOUT_MS, async () => {
    const now = readPidFile(dir);
    if (now?.ready && (await answersTcp(now.port, 1_000))) return now;
    return is_running() ? null : 'gone';
  });
  return outcome === 'gone' ? null : outcome;
}

function serverArgs(dir: string, port: number, fsync: boolean): readonly string[] {
  const settings = [
    'max_connections=200',
    // Small box: the operating system's cache does the rest.
    'shared_buffers=128MB',
    'max_wal_size=1GB',
    // Short statements only; parallel workers would need more /dev/shm than containers give.
    'max_parallel_workers_per_gather=0',
    'jit=off',
    'log_checkpoints=off',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(fsync ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const flags = settings.flatMap((setting) => ['-c', setting]);
  return ['-D', dir, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...flags];
}

async function launch(dir: string, bin_dir: string, options: PostgresOptions, log_file: string) {
  const { fsync = true, watchdog = false } = options;
  for (let tries = 1; ; tries += 1) {
    const port = tries === 1 && options.port ? options.port : await freePort();
    const child = spawnLogged(path.join(bin_dir, 'postgres'), serverArgs(dir, port, fsync), {
      ...ids(),
      cwd: '/',
      log_file,
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      ...(watchdog ? { watchdog: { signal: 'INT' as const } } : {}),
    });
    const running = await waitReady(dir, () => child.exitCode === null && child.pid !== undefined);
    if (running) return { running, attached: false };
    // Two starts of one folder: the one that came second finds the first.
    const other = await attach(dir);
    if (other) return { running: other, attached: true };
    if (tries >= MAX_START_TRIES) {
      const last = tailOf(log_file).split('\n').at(-1) ?? '';
      throw new AppError('unavailable', `PostgreSQL did not start: ${last}`, {
        next: `tail ${log_file}`,
      });
    }
  }
}

/** Fast, then immediate shutdown; the last one leaves crash recovery to the next start. */
const stop_steps = [
  { signal: 'SIGINT', wait_ms: 15_000 },
  { signal: 'SIGQUIT', wait_ms: 5_000 },
  { signal: 'SIGKILL', wait_ms: 5_000 },
] as const;

/**
 * Starts the private PostgreSQL of a data folder, or attaches when it already runs: initialises an
 * empty folder, takes a free loopback port, runs as "nobody" when this process is root.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const dir = settle(options.data_dir);
  const log_file = `${path.resolve(options.data_dir)}.log`;
  const known_major = fs.existsSync(path.join(dir, 'PG_VERSION')) ? majorOf(dir) : null;
  const given = options.bin_dir ? binariesIn(options.bin_dir) : null;
  const programs = given ?? findPostgres(searchPath(), known_major);
  if (known_major === null) await initialise(dir, programs);
  if (process.getuid?.() === 0) fs.chownSync(dir, NOBODY, NOBODY);

  const before = await attach(dir);
  const { running, attached } = before
    ? { running: before, attached: true }
    : await launch(dir, programs.bin_dir, options, log_file);
  const ref = refOf(running.pid);
  const password = fs.readFileSync(path.join(dir, PASSWORD_FILE), 'utf8');
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${running.port}/postgres`,
    port: running.port,
    pid: running.pid,
    major: programs.major,
    attached,
    stop: async () => {
      await stopProcess(ref, stop_steps);
    },
  };
}

/** Stops the server of a data folder, whoever started it; true when there was one. */
export async function stopPostgres(data_dir: string): Promise<boolean> {
  if (!fs.existsSync(data_dir)) return false;
  const dir = fs.realpathSync(data_dir);
  const found = readPidFile(dir);
  if (!found || !isPostmasterOf(found.pid, dir)) return false;
  return await stopProcess(refOf(found.pid), stop_steps);
}

/** Deletes a stopped server's data, also where it had to move for root. */
export function removePostgresData(data_dir: string): void {
  const wanted = path.resolve(data_dir);
  const real = fs.existsSync(wanted) ? fs.realpathSync(wanted) : wanted;
  for (const target of [real, wanted, `${wanted}.log`]) {
    fs.rmSync(target, { recursive: true, force: true });
  }
}
