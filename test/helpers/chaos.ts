import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { afterEach } from 'vitest';
import { eventually } from './poll.ts';

export type Env = Readonly<Record<string, string>>;
type Line = Readonly<Record<string, unknown>>;

/** `petpro serve` in a process of its own: something that can be killed. */
export type DaemonChild = {
  /** Empty when it died before it could say. */
  readonly url: string;
  readonly pid: number;
  /** How it ended: a signal's name, or the exit code as text. */
  readonly ended: Promise<string>;
  readonly lines: readonly Line[];
  /** What it printed besides its log: empty for a daemon that ends well. */
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => Promise<string>;
};

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const START_MS = 60_000;

const children = new Set<ChildProcess>();
// Also after a test that failed halfway: a daemon left over would do the next test's work.
afterEach(async () => {
  for (const child of children) {
    children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});

/** Starts a daemon and waits until it is ready; it never outlives the test. */
export async function startChild(env: Env): Promise<DaemonChild> {
  const child: ChildProcess = spawn(process.execPath, [main, 'serve', '--stop-with-stdin'], {
    env: { PATH: process.env['PATH'] ?? '', PETPRO_PORT: '0', PETPRO_LOG_LEVEL: 'info', ...env },
    // Our end of stdin closes however this process dies.
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { stdout, stderr, pid = 0 } = child;
  if (!stdout || !stderr) throw new Error('the child has no pipes');
  children.add(child);
  child.stdin?.on('error', () => {});
  const lines: Line[] = [];
  let errors = '';
  readline.createInterface({ input: stdout }).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line));
  });
  stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code));
  const ready = await eventually(
    'the daemon is ready',
    () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${errors}`);
      // A failpoint may strike before the log was written out.
      if (child.signalCode !== null) return { url: '' };
      return lines.find((line) => line['event'] === 'daemon.ready');
    },
    START_MS,
  );
  return {
    url: String(ready['url']),
    pid,
    ended,
    lines,
    stderr: () => errors,
    kill: async (signal) => {
      child.kill(signal);
      return await ended;
    },
  };
}
