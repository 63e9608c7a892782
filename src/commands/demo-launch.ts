import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { inheritedEnv } from '../config.ts';
import { AppError, type Json, type ProblemCode } from '../domain/errors.ts';
import { type DemoState, demoPaths, lockHolder, readState } from '../sandbox/demo-home.ts';
import { isSameProcess, until } from '../sandbox/process.ts';
import type { Io } from './io.ts';

const READY_TIMEOUT_MS = 120_000;

export type DemoOptions = {
  readonly home?: string | undefined;
  readonly port?: string | undefined;
  readonly database_url?: string | undefined;
  readonly redis_url?: string | undefined;
  readonly seed?: string | undefined;
  readonly detach?: boolean | undefined;
  readonly json?: boolean | undefined;
  /** False for --no-tui. */
  readonly tui?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  /** Lines of text instead of the console. */
  readonly accessible?: boolean | undefined;
};

/** What the supervisor tells the command that started it. */
export type SupervisorMessage =
  | { readonly type: 'progress'; readonly sentence: string }
  | { readonly type: 'ready'; readonly state: DemoState }
  /** Another one has the home. */
  | { readonly type: 'already' }
  | {
      readonly type: 'failed';
      readonly code: ProblemCode;
      readonly detail: string;
      readonly facts: Readonly<Record<string, Json>>;
    };

/** Waits until the demo that holds the home is ready. */
export async function waitForState(home: string): Promise<DemoState> {
  const outcome = await until(READY_TIMEOUT_MS, () => {
    const state = readState(home);
    if (state && isSameProcess(state.pids.supervisor)) return state;
    return lockHolder(home) ? null : 'gone';
  });
  if (outcome && outcome !== 'gone') return outcome;
  throw new AppError('unavailable', `The demo of ${home} did not become ready.`, {
    next: `petpro demo down --home ${home}`,
  });
}

function superviseArgs(options: DemoOptions & { home: string }): readonly string[] {
  const { home, port, database_url, redis_url, seed, detach } = options;
  const pairs = { home, port, 'database-url': database_url, 'redis-url': redis_url, seed };
  const flags = Object.entries(pairs).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return ['demo', 'supervise', ...flags, ...(detach === true ? ['--detach'] : [])];
}

function spawnSupervisor(options: DemoOptions & { home: string }, io: Io): ChildProcess {
  const log = fs.openSync(demoPaths(options.home).supervisor_log, 'w', 0o600);
  try {
    // A session of its own: Ctrl-C in this terminal reaches us only, and we stop it in order.
    return spawn(
      process.execPath,
      [path.resolve(process.argv[1] ?? ''), ...superviseArgs(options)],
      { detached: true, stdio: ['ignore', log, log, 'ipc'], env: inheritedEnv(io.env) },
    );
  } finally {
    fs.closeSync(log);
  }
}

/** Starts the supervisor and waits for its word. In the foreground it ends when we do. */
export async function launchSupervisor(
  options: DemoOptions & { readonly home: string },
  io: Io,
  say: (sentence: string) => void,
): Promise<{ state: DemoState; started: boolean }> {
  const { home } = options;
  const child = spawnSupervisor(options, io);
  const last = await new Promise<SupervisorMessage>((resolve) => {
    const ended = { type: 'failed', code: 'unavailable', facts: {} } as const;
    child.on('message', (message: SupervisorMessage) => {
      if (message.type === 'progress') say(message.sentence);
      else resolve(message);
    });
    child.once('error', (error) => resolve({ ...ended, detail: error.message }));
    child.once('exit', (code) => {
      const log = demoPaths(home).supervisor_log;
      const detail = `The demo's supervisor ended with exit code ${code}.`;
      resolve({ ...ended, detail, facts: { next: `tail ${log}` } });
    });
  });
  if (last.type === 'failed') throw new AppError(last.code, last.detail, last.facts);
  if (options.detach === true && child.connected) child.disconnect();
  child.unref();
  child.channel?.unref();
  if (last.type === 'ready') return { state: last.state, started: true };
  return { state: await waitForState(home), started: false };
}
