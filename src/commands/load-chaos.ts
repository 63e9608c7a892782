import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { decodeJwt } from 'jose';
import { inheritedEnv } from '../config.ts';
import { openRedisClient } from '../daemon/adapters/redis-client.ts';
import { AppError } from '../domain/errors.ts';
import { startBalancer } from '../load/balancer.ts';
import { type Chaos, type ChaosPart, chaos_parts } from '../load/chaos.ts';
import { type DemoState, demoPaths, loadSecrets, readState } from '../sandbox/demo-home.ts';
import {
  freePort,
  isSameProcess,
  type ProcessRef,
  refOf,
  stopProcess,
  tailOf,
  until,
} from '../sandbox/process.ts';

/** `petpro load run --chaos`: a second daemon and a balancer beside a demo, and a hand that kills its parts. */

const READY_MS = 45_000;
const STOP_MS = 15_000;
const PROBE_MS = 2_000;
const ASK_REDIS_MS = 2_000;

/** `redis,daemon` -> both, each once. Throws `invalid_input`. */
export function chaosOf(text: string | null): readonly ChaosPart[] {
  if (text === null) return [];
  const words = [...new Set(text.split(',').map((word) => word.trim()))];
  return words.map((word) => {
    const found = chaos_parts.find((part) => part === word);
    if (found !== undefined) return found;
    throw new AppError('invalid_input', `--chaos ${word} is none of ${chaos_parts.join(', ')}.`, {
      next: 'petpro load run --chaos redis,daemon',
    });
  });
}

/** The demo whose parts may be killed; nobody else's are. Throws `policy_refused`. */
export function needDemo(home: string, url: string, parts: readonly ChaosPart[]): DemoState {
  const state = readState(home);
  if (state === null || state.url !== url || !isSameProcess(state.pids.supervisor)) {
    const detail = `--chaos kills parts of a demo only, and ${url} is not the demo of ${home}.`;
    throw new AppError('policy_refused', detail, { next: 'petpro demo up --detach' });
  }
  for (const part of ['redis', 'postgres'] as const) {
    if (!parts.includes(part) || state.pids[part] !== null) continue;
    const detail = `The demo of ${home} has no ${part} of its own to kill.`;
    throw new AppError('policy_refused', detail, { next: 'petpro demo up --home DIR --detach' });
  }
  return state;
}

/** The environment of the demo's daemon, as its supervisor made it, on another port. */
function secondEnv(state: DemoState, port: number): Record<string, string | undefined> {
  const secrets = loadSecrets(state.home);
  // The demo's own customer token names its issuer and audience.
  const { iss, aud } = decodeJwt(state.tokens.customer);
  return {
    PETPRO_RATE_LIMIT: '0',
    ...inheritedEnv(),
    PETPRO_HOST: '127.0.0.1',
    PETPRO_PORT: String(port),
    PETPRO_TCP_PORT: '0',
    PETPRO_PUBLIC_URL: state.url,
    DATABASE_URL: state.database_url,
    REDIS_URL: state.redis_url ?? '',
    STRIPE_SECRET_KEY: secrets.stripe_secret_key,
    STRIPE_WEBHOOK_SECRET: secrets.stripe_webhook_secret,
    STRIPE_API_BASE: state.stripe_url,
    SMTP_URL: `smtp://127.0.0.1:${secrets.ports['smtp']}`,
    AUTH_JWKS_URL: `http://127.0.0.1:${secrets.ports['issuer']}/.well-known/jwks.json`,
    AUTH_ISSUER: iss ?? '',
    AUTH_AUDIENCE: String(aud ?? ''),
    PETPRO_HOME: state.home,
    PETPRO_ENV: 'dev',
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(PROBE_MS) })).ok;
  } catch {
    return false;
  }
}

async function startSecond(state: DemoState) {
  const port = await freePort();
  const log_file = path.join(state.home, 'daemon-2.log');
  const log = fs.openSync(log_file, 'a', 0o600);
  let child: ChildProcess;
  try {
    // Its stdin is our end of a pipe: however we die, it notices and drains.
    const args = [path.resolve(process.argv[1] ?? ''), 'serve', '--stop-with-stdin'];
    child = spawn(process.execPath, args, {
      env: secondEnv(state, port),
      stdio: ['pipe', log, log],
      detached: true,
    });
  } finally {
    fs.closeSync(log);
  }
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  const ref = refOf(child.pid ?? 0);
  const stop = async () => {
    if (child.pid === undefined) return;
    await stopProcess(ref, [
      { signal: 'SIGTERM', wait_ms: STOP_MS },
      { signal: 'SIGKILL', wait_ms: 2_000 },
    ]);
  };
  const outcome = await until(READY_MS, async () => {
    if (child.exitCode !== null || child.pid === undefined) return 'ended';
    return (await isReady(`http://127.0.0.1:${port}`)) ? 'ready' : null;
  });
  if (outcome === 'ready') return { port, ref, stop };
  await stop();
  const last = tailOf(log_file).split('\n').at(-1)?.slice(0, 300) ?? '';
  throw new AppError('unavailable', `The second daemon did not become ready. ${last}`, {
    next: `tail ${log_file}`,
  });
}

/** The demo's file names the first Redis; its supervisor may have started others since. */
async function redisNow(state: DemoState): Promise<ProcessRef | null> {
  const { redis } = state.pids;
  if (redis && isSameProcess(redis)) return redis;
  const client = openRedisClient({
    url: state.redis_url ?? '',
    name: 'petpro-load',
    timeout_ms: ASK_REDIS_MS,
    on_error: () => {},
  });
  try {
    // Refused until it is connected.
    const info = await until(
      ASK_REDIS_MS,
      async () => await client.info('server').catch(() => null),
    );
    const [, pid] = /process_id:(\d+)/.exec(info ?? '') ?? [];
    return pid === undefined ? null : refOf(Number(pid));
  } finally {
    client.disconnect();
  }
}

/** The same for PostgreSQL, which writes its id into its folder. */
function postgresNow(state: DemoState): ProcessRef | null {
  const { postgres } = state.pids;
  if (postgres && isSameProcess(postgres)) return postgres;
  const folder = fs.realpathSync(demoPaths(state.home).postgres);
  const [pid] = fs.readFileSync(path.join(folder, 'postmaster.pid'), 'utf8').split('\n');
  return pid ? refOf(Number(pid)) : null;
}

export type ChaosRig = Chaos & AsyncDisposable & { readonly url: string };

/** Starts the second daemon and the balancer; disposing stops both. The killed parts are the supervisor's to mend. */
export async function openChaos(state: DemoState, parts: readonly ChaosPart[]): Promise<ChaosRig> {
  await using starting = new AsyncDisposableStack();
  const second = await startSecond(state);
  starting.defer(second.stop);
  const first_port = Number(new URL(state.url).port);
  const balancer = await startBalancer([first_port, second.port]);
  starting.defer(balancer.close);
  // Looked up before the run, so that nothing delays the blow.
  const victims: Readonly<Record<ChaosPart, () => Promise<ProcessRef | null>>> = {
    daemon: async () => second.ref,
    redis: async () => await redisNow(state),
    postgres: async () => postgresNow(state),
  };
  const found = new Map<ChaosPart, ProcessRef>();
  for (const part of parts) {
    const ref = await victims[part]();
    if (ref === null || !isSameProcess(ref)) {
      throw new AppError('unavailable', `The process of ${part} was not found.`, {
        next: 'petpro demo status',
      });
    }
    found.set(part, ref);
  }
  const opened = starting.move();
  return {
    url: balancer.url,
    cut_requests: balancer.cut_requests,
    parts,
    kill: async (part) => {
      const ref = found.get(part);
      if (!ref || !isSameProcess(ref)) throw new Error(`${part} ended before it was killed`);
      // PostgreSQL's children would outlive a SIGKILL of their parent for a while: its immediate stop is the same blow.
      process.kill(ref.pid, part === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
    },
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  };
}
