import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Sql } from 'postgres';
import { afterAll, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/daemon/store/db.ts';
import { migrateUp } from '../../src/daemon/store/migrate.ts';
import { type Postgres, removePostgresData, startPostgres } from '../../src/sandbox/postgres.ts';
import { isAlive } from '../../src/sandbox/process.ts';
import { startRedis } from '../../src/sandbox/redis.ts';
import {
  type Crowd,
  hammer,
  lostHolds,
  makeCrowd,
  recoveryMs,
  type Tally,
} from '../helpers/chaos-load.ts';
import { expectSound, openCrashBench, patiently } from './bench.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A server of this file's own, with fsync: what was promised must be there after a hard stop. */
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-crash-pg-'));
const data_dir = path.join(dir, 'data');
let postgres: Postgres = await startPostgres({ data_dir, watchdog: true });
afterAll(async () => {
  await postgres.stop();
  removePostgresData(data_dir);
  fs.rmSync(dir, { recursive: true, force: true });
});
const sql: Sql = openDatabase(postgres.url, { application_name: 'crash-test', max: 3 });
afterAll(() => sql.end({ timeout: 5 }));
await migrateUp(sql);
const bench = await openCrashBench({ sql, url: postgres.url });
const { desk: token, raw } = bench;

/** design §9. */
const RECOVERY_MS = 5_000;
/** The daemon's own limit for a request is 15 s; none of these faults may cost nearly as much. */
const ANSWERED_MS = 10_000;
const LOAD = { for_ms: 2_000 } as const;

function expectFair(tally: Tally, also: readonly string[] = []): void {
  const fair = ['201', '409', '422', ...also];
  const strange = Object.keys(tally.statuses).filter((one) => !fair.includes(one));
  expect(strange, JSON.stringify(tally.statuses)).toEqual([]);
  expect(tally.statuses[201]).toBeGreaterThan(0);
  expect(tally.slowest_ms).toBeLessThan(ANSWERED_MS);
}

async function doormanIsBack(url: string): Promise<void> {
  await patiently('the doorman is back', async () => {
    const report: unknown = await (await fetch(`${url}/readyz`)).json();
    return Reflect.get(Object(report), 'status') === 'ok';
  });
}

async function startUnderLoad(): Promise<{ readonly url: string; readonly crowd: Crowd }> {
  const { url } = await bench.start();
  return { url, crowd: await makeCrowd(sql, 300) };
}

test('Redis is flushed again and again while holds run: nobody notices', async () => {
  const { url, crowd } = await startUnderLoad();
  let is_over = false;
  const load = hammer({ url, token }, crowd, LOAD).finally(() => {
    is_over = true;
  });
  let flushes = 0;
  while (!is_over) {
    await raw.flushall();
    flushes += 1;
    // Breath for the others: one round trip through PostgreSQL.
    await sql`select pg_sleep(0.02)`;
  }
  const tally = await load;
  expectFair(tally);
  expect(flushes).toBeGreaterThan(10);
  expect(await lostHolds(sql, tally.promised)).toEqual([]);
  await doormanIsBack(url);
  await expectSound(bench);
});

test('Redis stands still, then goes on: holds never wait for it', async () => {
  const { url, crowd } = await startUnderLoad();
  process.kill(bench.redis.pid, 'SIGSTOP');
  let tally: Tally;
  try {
    tally = await hammer({ url, token }, crowd, LOAD);
  } finally {
    process.kill(bench.redis.pid, 'SIGCONT');
  }
  expectFair(tally);
  expect(await lostHolds(sql, tally.promised)).toEqual([]);
  await doormanIsBack(url);
  expectFair(await hammer({ url, token }, crowd, { for_ms: 500 }));
  await expectSound(bench);
});

test('every connection to PostgreSQL dies sooner or later, one each 15 ms', async () => {
  const { url, crowd } = await startUnderLoad();
  let is_over = false;
  const load = hammer({ url, token }, crowd, LOAD).finally(() => {
    is_over = true;
  });
  let killed = 0;
  while (!is_over) {
    const rows = await sql`
      select pg_terminate_backend(pid), pg_sleep(0.015)
      from (
        select pid from pg_stat_activity
        where application_name = 'petpro'
        order by random()
        limit 1
      ) as one`;
    killed += rows.length;
  }
  const tally = await load;
  expectFair(tally, ['503']);
  expect(killed).toBeGreaterThan(20);
  expect(await lostHolds(sql, tally.promised)).toEqual([]);
  expect(await recoveryMs({ url, token }, crowd, 2 * RECOVERY_MS)).toBeLessThan(RECOVERY_MS);
  await expectSound(bench);
});

test('PostgreSQL stops at once and recovers: 503 meanwhile, no promise broken', async () => {
  const { url, crowd } = await startUnderLoad();
  const { port, pid } = postgres;
  let is_over = false;
  const load = hammer({ url, token }, crowd, { for_ms: 5_000 }).finally(() => {
    is_over = true;
  });
  await patiently('holds are under way', async () => {
    const held = await sql`
      select from slot_claims where slot_id = any (${[...crowd.slot_ids]}::uuid[])`;
    return held.length > 20;
  });
  expect(is_over).toBe(false);
  process.kill(pid, 'SIGQUIT');
  await patiently('it has stopped', () => !isAlive(pid));
  postgres = await startPostgres({ data_dir, port, watchdog: true });
  expect(postgres.port).toBe(port);
  expect(await recoveryMs({ url, token }, crowd, 2 * RECOVERY_MS)).toBeLessThan(RECOVERY_MS);
  const tally = await load;
  expectFair(tally, ['503']);
  expect(await lostHolds(sql, tally.promised)).toEqual([]);
  await expectSound(bench);
});

test('Redis is killed and comes back empty: the locks are written anew', async () => {
  const { url, crowd } = await startUnderLoad();
  const { port, password, pid, exited } = bench.redis;
  const load = hammer({ url, token }, crowd, LOAD);
  process.kill(pid, 'SIGKILL');
  await exited;
  const tally = await load;
  expectFair(tally);
  expect(await lostHolds(sql, tally.promised)).toEqual([]);
  const again = await startRedis({ dir: path.join(dir, 'redis'), port, password });
  if (!again) throw new Error('Redis does not start again');
  afterAll(() => again.stop());
  await doormanIsBack(url);
  const [row] = await sql<{ held: number }[]>`
    select count(*) as held from reservations r
    where r.status = 'pending' and r.expires_at > now()`;
  await patiently('every hold has its lock', async () => {
    const keys = await raw.keys('hold:*');
    return keys.length >= (row?.held ?? 0);
  });
  expectFair(await hammer({ url, token }, crowd, { for_ms: 500 }));
  await expectSound(bench);
});
