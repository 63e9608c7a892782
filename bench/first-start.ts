/**
 * What a newcomer waits for: `npm start` in a fresh clone, with nothing installed and an empty npm cache, until the
 * day board can be read; then the same again, and once more with a new demo. `node bench/first-start.ts [later runs]`.
 * Measures the last commit, not the files as they lie.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DemoDocument } from '../src/sandbox/demo-home.ts';
import { type Figure, keep, median, rounded, table } from './lib/figures.ts';

const later_runs = Number(process.argv[2] ?? 3);
const FIRST_LIMIT_MS = 600_000;
const STOP_LIMIT_MS = 30_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-first-start-'));
// PostgreSQL of a root user runs as somebody else and has to pass through.
fs.chmodSync(dir, 0o711);
const clone = path.join(dir, 'petpro');
const home = path.join(dir, 'home');
const env = { ...process.env, PETPRO_HOME: home, npm_config_cache: path.join(dir, 'npm') };

/** Ctrl-C in the terminal: the whole group hears it. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const gone = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
  process.kill(-child.pid, 'SIGINT');
  await gone;
}

async function readBoard(): Promise<number> {
  const file = fs.readFileSync(path.join(home, 'demo.json'), 'utf8');
  const { url, clinic_id, tokens }: DemoDocument = JSON.parse(file);
  const answer = await fetch(`${url}/v1/clinics/${clinic_id}/day`, {
    headers: { authorization: `Bearer ${tokens.desk}` },
    signal: AbortSignal.timeout(10_000),
  });
  const day: { readonly items: readonly unknown[] } = JSON.parse(await answer.text());
  if (!answer.ok || day.items.length === 0) throw new Error(`no board: ${answer.status}`);
  return day.items.length;
}

/** Seconds from the command to a board with rows. */
async function startOnce(): Promise<number> {
  const started = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), FIRST_LIMIT_MS);
  try {
    const said: string[] = [];
    let is_up = false;
    for await (const line of readline.createInterface({ input: child.stderr })) {
      said.push(line);
      is_up = line.startsWith('PetPro demo is up');
      if (is_up) break;
    }
    if (!is_up) throw new Error(`npm start ended early:\n${said.join('\n')}`);
    await readBoard();
    return (performance.now() - started) / 1000;
  } finally {
    clearTimeout(timer);
    await stop(child);
  }
}

try {
  execFileSync('git', ['clone', '-q', root, clone]);
  const first_s = await startOnce();
  const later_s: number[] = [];
  for (let run = 0; run < later_runs; run += 1) later_s.push(await startOnce());
  fs.rmSync(home, { recursive: true, force: true });
  const new_demo_s = await startOnce();
  const figures: Figure[] = [
    { what: 'first npm start', value: rounded(first_s, 1), unit: 's', goal: { at_most: 60 } },
    {
      what: 'later npm start',
      value: rounded(median(later_s), 1),
      unit: 's',
      goal: { at_most: 3 },
    },
    { what: 'npm start with a new demo', value: rounded(new_demo_s, 1), unit: 's' },
  ];
  keep({ name: 'first-start', figures, details: { later_s } });
  console.log(table(figures));
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}
