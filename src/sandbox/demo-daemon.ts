import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { AppError } from '../domain/errors.ts';
import { demoPaths } from './demo-home.ts';
import { refOf, stopProcess, tailOf, until } from './process.ts';

/** The daemon of a demo: a child of the supervisor, in a process group of its own. */

const DAEMON_READY_MS = 45_000;
const DAEMON_STOP_MS = 20_000;
const PROBE_MS = 2_000;

type Launch = {
  readonly home: string;
  /** How to run `petpro serve`: program and arguments before `serve`. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly signal: AbortSignal;
};

const endOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });

function spawnDaemon(options: Launch, env: NodeJS.ProcessEnv): ChildProcess {
  const [program, ...args] = options.command;
  const log = fs.openSync(demoPaths(options.home).log, 'a', 0o600);
  try {
    // Its stdin is our end of a pipe: however we die, it notices and drains.
    return spawn(program, [...args, 'serve', '--stop-with-stdin'], {
      env,
      stdio: ['pipe', log, log],
      detached: true,
    });
  } finally {
    fs.closeSync(log);
  }
}

/** Ready, and ours: another demo's daemon on the same port does not know our key. */
async function isReady(url: string, token: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_MS);
    const ready = await fetch(`${url}/readyz`, { signal });
    if (!ready.ok) return false;
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${url}/v1/bookings?limit=1`, { headers, signal })).ok;
  } catch {
    return false;
  }
}

/** Starts the daemon and waits until it serves; `null` when it ended first. */
export async function startDaemon(
  options: Launch,
  env: NodeJS.ProcessEnv,
  token: string,
): Promise<{ child: ChildProcess; gone: Promise<void> } | null> {
  const child = spawnDaemon(options, env);
  child.stdin?.on('error', () => {});
  const gone = endOf(child);
  const url = `http://127.0.0.1:${env['PETPRO_PORT']}`;
  const has_ended = () => child.exitCode !== null || child.signalCode !== null || !child.pid;
  const outcome = await until(DAEMON_READY_MS, async () => {
    if (has_ended() || options.signal.aborted) return 'ended';
    return (await isReady(url, token)) ? 'ready' : null;
  });
  if (outcome === 'ready') return { child, gone };
  await stopDaemon(child);
  return null;
}

/** Ends it: it drains first. */
export async function stopDaemon(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  await stopProcess(refOf(child.pid), [
    { signal: 'SIGTERM', wait_ms: DAEMON_STOP_MS },
    { signal: 'SIGKILL', wait_ms: 2_000 },
  ]);
}

/** What its log said last. */
export function daemonFailure(home: string): AppError {
  const { log } = demoPaths(home);
  const last = tailOf(log).split('\n').at(-1)?.slice(0, 300) ?? '';
  return new AppError('unavailable', `The daemon did not become ready. ${last}`, {
    next: `tail ${log}`,
  });
}
