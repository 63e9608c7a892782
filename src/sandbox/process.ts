import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Asks the kernel for a free TCP port on loopback. Another process may take it first: retry. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === 'object') resolve(address.port);
        else reject(new Error('the kernel gave no port'));
      });
    });
  });
}

/** True when nothing listens on the port of that address. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Listens on loopback (0 = any free port) and answers with the port. */
export async function listenLoopback(server: net.Server, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(address && typeof address === 'object' ? address.port : port);
    });
  });
}

/** True when a TCP connection to the port is accepted within the time. */
export async function answersTcp(port: number, timeout_ms: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeout_ms, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

/** Whether a process with this id exists and is not merely waiting to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return processState(pid) !== 'Z';
}

function statOf(pid: number): readonly string[] | null {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold blanks and brackets itself: count after the last one.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function processState(pid: number): string | null {
  return statOf(pid)?.[0] ?? null;
}

/**
 * When the process began, in the kernel's own count, or null where /proc does not exist. Kept
 * beside a remembered pid, it tells a process from a later one that got the same number.
 */
function startMark(pid: number): string | null {
  return statOf(pid)?.[19] ?? null;
}

/** A remembered process: the pid alone may belong to someone else after a reboot. */
export type ProcessRef = { readonly pid: number; readonly mark: string | null };

export const refOf = (pid: number): ProcessRef => ({ pid, mark: startMark(pid) });

/** True when the remembered process itself still runs. */
export function isSameProcess(ref: ProcessRef): boolean {
  return isAlive(ref.pid) && (ref.mark === null || startMark(ref.pid) === ref.mark);
}

/** Polls until the answer is truthy; null when the time is over. */
export async function until<T>(
  timeout_ms: number,
  probe: () => T | Promise<T>,
  every_ms = POLL_MS,
): Promise<T | null> {
  const deadline = performance.now() + timeout_ms;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (performance.now() >= deadline) return null;
    await sleep(every_ms);
  }
}

/** Sends the signals one after the other, waiting after each; true when the process is gone. */
export async function stopProcess(
  ref: ProcessRef,
  steps: readonly { readonly signal: NodeJS.Signals; readonly wait_ms: number }[],
): Promise<boolean> {
  for (const { signal, wait_ms } of steps) {
    if (!isSameProcess(ref)) return true;
    try {
      process.kill(ref.pid, signal);
    } catch {
      // Gone between the look and the signal, or not ours: the wait below tells which.
    }
    if (await until(wait_ms, () => !isSameProcess(ref))) return true;
  }
  return false;
}

/**
 * Runs `"$@"` until it ends or until our end of the pipe on its stdin closes, which the kernel
 * does even when this process is killed with -9. $0 is the signal that asks for a clean stop.
 */
const watchdog_script =
  'exec 3<&0; "$@" </dev/null 3<&- & p=$!; ' +
  '(cat <&3 >/dev/null; kill -"$0" $p 2>/dev/null) & w=$!; ' +
  'trap "kill -$0 $p" INT TERM; wait $p; c=$?; kill $w 2>/dev/null; exit $c';

export type SpawnOptions = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Everything that the program prints is appended there. */
  readonly log_file: string;
  /** Stop with this process, even when it dies by kill -9. Otherwise it runs on. */
  readonly watchdog?: { readonly signal: 'INT' | 'TERM' };
};

/** Neither keeps this process running nor ends it: a failed exec shows as an early exit instead. */
export function letGo(child: ChildProcess): ChildProcess {
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  if (child.stdin instanceof net.Socket) child.stdin.unref();
  return child;
}

const MAX_LOG_BYTES = 20_000_000;

/** Starts a program whose output goes to a file, with or without a watchdog. */
export function spawnLogged(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const { log_file, watchdog, ...rest } = options;
  fs.mkdirSync(path.dirname(log_file), { recursive: true, mode: 0o700 });
  // A log that grew for months is cut at a start, when nobody reads it.
  const too_big = (fs.statSync(log_file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES;
  const log = fs.openSync(log_file, too_big ? 'w' : 'a', 0o600);
  try {
    const child = watchdog
      ? spawn('/bin/sh', ['-c', watchdog_script, watchdog.signal, command, ...args], {
          ...rest,
          stdio: ['pipe', log, log],
          detached: true,
        })
      : spawn(command, args, { ...rest, stdio: ['ignore', log, log], detached: true });
    return letGo(child);
  } finally {
    fs.closeSync(log);
  }
}

/** The last lines of a log file, for an error message. */
export function tailOf(file: string, max_bytes = 2_000): string {
  try {
    return fs.readFileSync(file, 'utf8').slice(-max_bytes).trim();
  } catch {
    return '';
  }
}
