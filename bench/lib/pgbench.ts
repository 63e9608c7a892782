/** The same SQL without us around it: what PostgreSQL itself can do on this machine at this moment. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const CLIENTS = 16;
const STARTUP_LIMIT_MS = 30_000;

function findPgbench(): string | null {
  const dirs = (process.env['PATH'] ?? '').split(path.delimiter);
  for (const version of ['18', '17', '16', '15']) dirs.push(`/usr/lib/postgresql/${version}/bin`);
  return dirs.map((dir) => path.join(dir, 'pgbench')).find((file) => fs.existsSync(file)) ?? null;
}

export type PgbenchResult = { readonly done: number; readonly per_second: number };

/** Runs one script for a while; null when this machine has no pgbench. */
export async function runPgbench(
  database_url: string,
  script: string,
  seconds: number,
): Promise<PgbenchResult | null> {
  const pgbench = findPgbench();
  if (!pgbench) return null;
  const file = path.join(os.tmpdir(), `petpro-bench-${process.pid}.sql`);
  fs.writeFileSync(file, script);
  try {
    const args = ['-n', '-M', 'prepared', '-c', String(CLIENTS), '-j', '1', '-T', String(seconds)];
    const child = spawn(pgbench, [...args, '-f', file, database_url], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: seconds * 1000 + STARTUP_LIMIT_MS,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += String(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += String(chunk);
    });
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once('error', reject).once('close', resolve);
    const status = await promise;
    if (status !== 0) throw new Error(`pgbench ended with ${status}: ${output}`);
    const done = Number(/transactions actually processed: (\d+)/.exec(output)?.[1]);
    return { done, per_second: Math.round(Number(/tps = ([\d.]+)/.exec(output)?.[1])) };
  } finally {
    fs.rmSync(file, { force: true });
  }
}
