import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inheritedEnv, loadConfig } from '../config.ts';
import { AppError, type Json } from '../domain/errors.ts';
import { openLog } from '../log.ts';
import {
  type DemoState,
  demoPaths,
  documentOf,
  dropLock,
  lockHolder,
  portTaken,
  prepareHome,
  readState,
  roomProblem,
} from '../sandbox/demo-home.ts';
import { stopPostgres } from '../sandbox/postgres.ts';
import { isPortFree, isSameProcess, stopProcess } from '../sandbox/process.ts';
import {
  type DemoOptions,
  launchSupervisor,
  type SupervisorMessage,
  waitForState,
} from './demo-launch.ts';
import type { Io } from './io.ts';

const DEFAULT_SEED = 42;
const STOP_WAIT_MS = 45_000;
const FOLLOW_EVERY_MS = 200;
const MAX_CHUNK_BYTES = 262_144;

function homeOf(options: DemoOptions, io: Io): string {
  const config = loadConfig({ env: io.env, flags: { home: options.home } });
  if (config.env === 'prod') {
    throw new AppError('policy_refused', 'PETPRO_ENV is prod: no demo is started there.', {
      next: 'PETPRO_ENV=dev petpro demo up',
    });
  }
  return config.home;
}

/** Any whole number that PostgreSQL's int4 takes gives a world of its own. */
function seedOf(options: DemoOptions): number {
  const seed = Number(options.seed ?? DEFAULT_SEED);
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31) return seed;
  throw new AppError('invalid_input', '--seed must be a whole number from 0 to 2147483647.', {
    next: 'petpro demo up --seed 7',
  });
}

/** `0` and absent both mean: any free port. */
function portOf(options: DemoOptions): number | null {
  if (options.port === undefined) return null;
  return loadConfig({ env: {}, flags: { port: options.port } }).port || null;
}

function summary(state: DemoState, io: Io): string {
  // The other commands find the demo by the home.
  const is_default = loadConfig({ env: io.env }).home === state.home;
  const petpro = is_default ? 'petpro' : `PETPRO_HOME=${state.home} petpro`;
  return [
    `PetPro demo is up: ${state.url}`,
    `  docs      ${state.url}/docs`,
    `  payments  ${state.stripe_url}`,
    `  outbox    ${state.smtp_outbox_url}`,
    `  home      ${state.home}`,
    `  next: ${petpro} today | tui | demo down`,
    '',
  ].join('\n');
}

/** Starts the demo of the home, or finds the running one. */
async function bringUp(
  options: DemoOptions,
  io: Io,
  home: string,
): Promise<{ state: DemoState; started: boolean }> {
  const port = portOf(options);
  seedOf(options);
  const say = (sentence: string) => {
    if (options.quiet !== true) io.err(`petpro demo: ${sentence}\n`);
  };
  prepareHome(home);
  if (lockHolder(home)) {
    say(`already running in ${home}`);
    const state = await waitForState(home);
    if (port !== null && new URL(state.url).port !== String(port)) {
      throw new AppError('conflict', `The demo of ${home} already runs at ${state.url}.`, {
        next: `petpro demo down --home ${home}`,
      });
    }
    return { state, started: false };
  }
  if (port !== null && !(await isPortFree(port))) throw portTaken(port);
  return await launchSupervisor({ ...options, home }, io, say);
}

/** `petpro demo up`: everything embedded, seeded, ready; see design, names that stay put. */
export async function runDemoUp(options: DemoOptions, io: Io): Promise<number> {
  const home = homeOf(options, io);
  const { state, started } = await bringUp(options, io, home);
  if (options.json === true) io.out(`${JSON.stringify(documentOf(state))}\n`);
  else if (options.detach === true) io.out(summary(state, io));
  if (options.detach === true) return 0;
  try {
    return await stay(options, io, state);
  } finally {
    if (started) {
      await stopDemo(home);
      if (options.quiet !== true) {
        io.err(`petpro demo: stopped; its data stay in ${home}\n`);
      }
    }
  }
}

/** The console on a terminal, else the daemon's log, until the person has had enough. */
async function stay(options: DemoOptions, io: Io, state: DemoState): Promise<number> {
  const { url, clinic_id, tokens, home } = state;
  if (io.is_tty && options.tui !== false && options.json !== true) {
    const { runTui } = await import('./tui.ts');
    const asked = options.accessible === true ? { accessible: true } : {};
    return await runTui({ url, clinic_id, token: tokens.admin, role: 'admin', ...asked }, io);
  }
  if (options.json !== true) io.err(summary(state, io));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort());
  }
  await follow(demoPaths(home).log, io, stop.signal);
  return 0;
}

/** Copies what is appended to a file to stdout until the signal aborts. */
async function follow(file: string, io: Io, signal: AbortSignal): Promise<void> {
  let at = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  while (!signal.aborted) {
    const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    // Shorter than before: it was cut, so it is read from its start.
    if (size < at) at = 0;
    if (size > at) {
      const chunk = Buffer.alloc(Math.min(size - at, MAX_CHUNK_BYTES));
      const handle = fs.openSync(file, 'r');
      at += fs.readSync(handle, chunk, 0, chunk.length, at);
      fs.closeSync(handle);
      io.out(chunk.toString());
      continue;
    }
    await sleep(FOLLOW_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Stops the demo of a home, also what a killed supervisor left behind; true when something ran. */
async function stopDemo(home: string): Promise<boolean> {
  const state = readState(home);
  const holder = lockHolder(home);
  if (holder) {
    await stopProcess(holder, [
      { signal: 'SIGTERM', wait_ms: STOP_WAIT_MS },
      { signal: 'SIGKILL', wait_ms: 2_000 },
    ]);
  }
  let stopped = holder !== null;
  for (const ref of [state?.pids.daemon, state?.pids.redis]) {
    if (!ref || !isSameProcess(ref)) continue;
    stopped = true;
    await stopProcess(ref, [
      { signal: 'SIGTERM', wait_ms: 15_000 },
      { signal: 'SIGKILL', wait_ms: 2_000 },
    ]);
  }
  if (await stopPostgres(demoPaths(home).postgres)) stopped = true;
  fs.rmSync(demoPaths(home).state, { force: true });
  dropLock(home);
  return stopped;
}

/** `petpro demo down`: stops it all and keeps the data; running it twice is fine. */
export async function runDemoDown(options: DemoOptions, io: Io): Promise<number> {
  const home = homeOf(options, io);
  const stopped = await stopDemo(home);
  if (options.json === true) io.out(`${JSON.stringify({ home, stopped })}\n`);
  else io.err(stopped ? 'petpro demo: stopped\n' : 'petpro demo: nothing was running\n');
  return 0;
}

/** `petpro demo status`: exit code 0 when it is ready, 8 while it starts, 11 when there is none. */
export async function runDemoStatus(options: DemoOptions, io: Io): Promise<number> {
  const home = homeOf(options, io);
  const state = readState(home);
  const holder = lockHolder(home);
  const is_ready = state !== null && isSameProcess(state.pids.supervisor);
  const status = is_ready ? 'ready' : holder ? 'starting' : 'stopped';
  if (options.json === true) {
    const running = is_ready ? { url: state.url, pids: state.pids } : { url: null, pids: null };
    io.out(`${JSON.stringify({ home, status, ...running })}\n`);
  } else if (is_ready) io.out(summary(state, io));
  else io.out(`The demo of ${home} is ${status}.\n`);
  return is_ready ? 0 : holder ? 8 : 11;
}

/** A home that another version of PetPro has filled: its data are a demo's, so they may go. */
function otherVersion(error: unknown, home: string): unknown {
  if (!(error instanceof AppError)) return error;
  const { schema_state } = error.facts;
  if (schema_state !== 'drifted' && schema_state !== 'newer') return error;
  const detail = `The demo data in ${home} were made by another version of PetPro.`;
  const next = `rm -r ${demoPaths(home).postgres}, then petpro demo up (a new demo takes its place)`;
  return new AppError('unavailable', detail, { ...error.facts, next }, { cause: error });
}

/** Hidden: the process behind a demo. Its parent is told by messages what happens. */
export async function runDemoSupervise(options: DemoOptions, io: Io): Promise<number> {
  const home = homeOf(options, io);
  const log = openLog();
  const stop = new AbortController();
  let is_ready = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort());
  }
  // In the foreground the demo ends with the window that shows it.
  process.on('disconnect', () => {
    if (options.detach !== true || !is_ready) stop.abort();
  });
  const tell = (message: SupervisorMessage) => {
    if (process.connected) process.send?.(message, () => {});
  };
  try {
    // Loaded by this command alone: `demo up` that only attaches stays quick.
    const { superviseDemo } = await import('../sandbox/demo.ts');
    const { migrateDatabase } = await import('./migrate-database.ts');
    const ours = await superviseDemo({
      home,
      port: portOf(options),
      database_url: options.database_url ?? null,
      redis_url: options.redis_url ?? null,
      seed: seedOf(options),
      command: [process.execPath, path.resolve(process.argv[1] ?? '')],
      env: inheritedEnv(io.env),
      migrate: async (database_url) => {
        await migrateDatabase(database_url).catch((error: unknown) => {
          throw otherVersion(error, home);
        });
      },
      onProgress: (sentence) => tell({ type: 'progress', sentence }),
      onReady: (state) => {
        is_ready = true;
        tell({ type: 'ready', state });
      },
      signal: stop.signal,
      log,
    });
    if (!ours) tell({ type: 'already' });
    return 0;
  } catch (error) {
    log.error('demo.failed', { err: error });
    // PostgreSQL without room for its log only hangs up: the reason is found by looking.
    const told = error instanceof AppError ? error : roomProblem(home, error);
    const facts: Record<string, Json> = { ...told?.facts };
    const detail = error instanceof Error ? error.message : String(error);
    tell({ type: 'failed', code: told?.code ?? 'internal', detail: told?.detail ?? detail, facts });
    return 1;
  }
}
