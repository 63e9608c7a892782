import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, expect } from 'vitest';
import { openLog } from '../../src/log.ts';
import { freePort } from '../../src/sandbox/process.ts';
import { startRedis } from '../../src/sandbox/redis.ts';
import { eventually } from './poll.ts';

/** Real Redis servers that can be stopped, frozen and killed one by one. */

const START_MS = 15_000;

const on_path = (name: string) =>
  (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file)) ?? null;

/** Sentinel and Cluster are modes of the native server; the WebAssembly engine has neither. */
export const native_redis = on_path('redis-server') ?? on_path('valkey-server');

/** What somebody without a native server is told. */
export async function expectNoNativeRedis(): Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-redis-'));
  const lines: string[] = [];
  const log = openLog({ destination: { write: (line) => lines.push(line) } });
  try {
    expect(await startRedis({ dir, kind: 'redis-server', log })).toBeNull();
    expect(lines.join('')).toContain('apt-get install redis-server');
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

export type RedisNode = {
  readonly port: number;
  readonly address: string;
  readonly pid: () => number;
  /** A client of the tests' own; it reconnects by itself. */
  readonly raw: Redis;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends it at once, as a power cut does. */
  readonly kill: () => Promise<void>;
  /** Starts it again with the same port and files. */
  readonly start: () => Promise<void>;
};

type NodeOptions = {
  readonly config: (port: number, dir: string) => readonly string[];
  readonly password: string | null;
  readonly is_sentinel?: boolean;
};

const quiet = [
  'bind 127.0.0.1',
  'save ""',
  'appendonly no',
  'daemonize no',
  'maxmemory-policy noeviction',
];

/** Starts one server on a free loopback port; it is killed when the test file ends. */
export async function startNode(options: NodeOptions): Promise<RedisNode> {
  const command = native_redis;
  if (command === null) throw new Error('redis-server is not on PATH');
  const { password, is_sentinel = false } = options;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-redis-'));
  const port = await freePort();
  const file = path.join(dir, 'redis.conf');
  const common = is_sentinel ? quiet.slice(0, 1) : quiet;
  const lines = [...common, `port ${port}`, `dir ${dir}`, ...options.config(port, dir)];
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  let child: ChildProcess | null = null;
  const raw = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    ...(password === null ? {} : { password }),
    commandTimeout: 2_000,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
  });
  raw.on('error', () => {});
  const kill = async () => {
    const running = child;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  };
  const start = async () => {
    child = spawn(command, is_sentinel ? [file, '--sentinel'] : [file], { stdio: 'ignore' });
    child.on('error', () => {});
    await eventually(
      `the server on port ${port} answers`,
      async () => {
        if (child?.exitCode !== null) throw new Error(`redis-server ended: ${child?.exitCode}`);
        return (await raw.ping().catch(() => '')) === 'PONG';
      },
      START_MS,
    );
  };
  afterAll(async () => {
    raw.disconnect();
    await kill();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  await start();
  return {
    port,
    address: `127.0.0.1:${port}`,
    pid: () => child?.pid ?? -1,
    raw,
    signal: (signal) => {
      child?.kill(signal);
    },
    kill,
    start,
  };
}
