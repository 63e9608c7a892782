import { execFile } from 'node:child_process';
import os from 'node:os';
import { promisify } from 'node:util';
import type { Sql } from 'postgres';
import { packageRoot } from '../daemon/store/package-root.ts';
import type { Commit, Machine } from './report-types.ts';

const run = promisify(execFile);
const GIT_MS = 3_000;

/** Which code was measured; null outside a git checkout. */
export async function commitOf(): Promise<Commit | null> {
  const git = async (...args: string[]) =>
    (await run('git', args, { cwd: packageRoot(), timeout: GIT_MS })).stdout.trim();
  try {
    const [id, changes] = await Promise.all([
      git('rev-parse', 'HEAD'),
      git('status', '--porcelain', '--untracked-files=no'),
    ]);
    return { id, changed: changes !== '' };
  } catch {
    return null;
  }
}

/** Figures mean little without the machine that gave them. */
export async function machineOf(sql: Sql, k6: string, load_before: number): Promise<Machine> {
  const [row] = await sql<{ server_version: string }[]>`show server_version`;
  const cpus = os.cpus();
  return {
    cpus: os.availableParallelism(),
    cpu_model: cpus[0]?.model.trim() ?? 'unknown',
    memory_mb: Math.round(os.totalmem() / 1_048_576),
    load_before,
    platform: `${os.platform()} ${os.arch()}`,
    node: process.version,
    k6,
    postgresql: row?.server_version ?? 'unknown',
  };
}

/** How busy the machine was in the last minute, in cpus. */
export const loadAverage = (): number => Math.round((os.loadavg()[0] ?? 0) * 100) / 100;
