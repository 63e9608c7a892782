/** Programs that a benchmark starts and ends: a bare HTTP server, a second daemon on the same data. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Demo } from './demo.ts';

const READY_LIMIT_MS = 30_000;

export type Program = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
};

/** The first match in what the program prints; rejects when it ends or takes too long. */
async function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    if (text.length < 65_536) text += String(chunk);
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) resolve(found);
  });
  child.once('error', reject);
  child.once('exit', (code) =>
    reject(new Error(`ended with ${code} before it was ready: ${text}`)),
  );
  const timer = setTimeout(() => reject(new Error('not ready in time')), READY_LIMIT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

async function start(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Program> {
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await printed(child, /http:\/\/127\.0\.0\.1:\d+/);
  return {
    url,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}

export function startBareServer(): Promise<Program> {
  return start([fileURLToPath(new URL('bare-server.ts', import.meta.url))], process.env);
}

/** A WebSocket server that only tells: `deflate` or `plain`. */
export function startFeedServer(kind: 'deflate' | 'plain'): Promise<Program> {
  return start([fileURLToPath(new URL('feed-server.ts', import.meta.url)), kind], process.env);
}

/** Another daemon of the same build on the demo's database, with other settings. */
export function startDaemon(
  demo: Pick<Demo, 'root' | 'database_url'>,
  settings: Readonly<Record<string, string>>,
): Promise<Program> {
  const env = {
    ...process.env,
    DATABASE_URL: demo.database_url,
    PETPRO_PORT: '0',
    PETPRO_RATE_LIMIT: '0',
    ...settings,
  };
  return start([path.join(demo.root, 'bin/petpro.js'), 'serve', '--stop-with-stdin'], env);
}
