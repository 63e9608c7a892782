import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { Sql } from 'postgres';
import { afterAll } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { inspectLock } from '../../src/daemon/actions/inspect-lock.ts';
import { listLocks } from '../../src/daemon/actions/list-locks.ts';
import { openApp } from '../../src/daemon/app.ts';
import type { Actor, App } from '../../src/daemon/app-types.ts';
import { lockKey } from '../../src/domain/lock.ts';
import type { Output } from '../../src/domain/shapes.ts';
import { openLog } from '../../src/log.ts';
import { type Redis as RedisServer, startRedis } from '../../src/sandbox/redis.ts';
import { customer, no_key, staff } from '../actions/bench.ts';
import { makeWorld, type World } from '../actions/world.ts';
import { createTestDatabase, type SlotOptions } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';

/** Real PostgreSQL and Redis, an app on them, and a second hand in Redis that plants what should not be there. */
export type OpsBench = {
  readonly app: App;
  readonly sql: Sql;
  readonly database_url: string;
  readonly redis: RedisServer;
  readonly raw: Redis;
  readonly home: string;
  /** Resolves when the doorman is asked again. */
  readonly redisBack: () => Promise<void>;
  /** What the app logged since it was opened. */
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
};

export const sre = staff('sre');

export async function openOpsBench(): Promise<OpsBench> {
  const database = await createTestDatabase({ max: 4 });
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-ops-'));
  afterAll(() => fs.rmSync(home, { recursive: true, force: true }));
  const redis = await startRedis({ dir: path.join(home, 'redis') });
  if (!redis) throw new Error('no Redis starts here');
  afterAll(() => redis.stop());
  const raw = new Redis(redis.url);
  raw.on('error', () => {});
  afterAll(() => raw.disconnect());
  const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, PETPRO_HOME: home };
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const app = await openApp(loadConfig({ env }), openLog({ level: 'info', destination }));
  afterAll(() => app[Symbol.asyncDispose]());
  const redisBack = async () => {
    await eventually('Redis is up', async () => (await app.locks.health()).state === 'up');
  };
  await redisBack();
  const logged = () => lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  return {
    app,
    sql: database.sql,
    database_url: database.url,
    redis,
    raw,
    home,
    redisBack,
    logged,
  };
}

export type Held = World & { readonly key: string; readonly reservation_id: string };

/** A slot that is held, with its lock. Made to look a minute old, so that no grace covers it. */
export async function heldSlot(bench: OpsBench, slot: SlotOptions = {}): Promise<Held> {
  const { app, sql } = bench;
  const world = await makeWorld(sql, slot);
  const who: Actor = customer(world.owner.user_id);
  const { payment_method: _, ...wish } = world.wish;
  const { reservation_id } = await createReservation(app, who, wish, no_key);
  await age(sql, reservation_id);
  return { ...world, reservation_id, key: lockKey(world.slot_id, 1) };
}

/** Moves a hold's beginning and last change a minute into the past. */
export async function age(sql: Sql, reservation_id: string): Promise<void> {
  await sql`
    update reservations
    set created_at = created_at - interval '1 minute', updated_at = updated_at - interval '1 minute'
    where id = ${reservation_id}`;
}

/** A lock of the right form that belongs to nothing, on a slot of its own. */
export async function leakedLock(bench: OpsBench): Promise<{ key: string; value: string }> {
  const { slot_id } = await makeWorld(bench.sql);
  const key = lockKey(slot_id, 1);
  const value = `leaked.${randomUUID()}`;
  await bench.raw.set(key, value, 'PX', 900_000);
  return { key, value };
}

type LockItem = Output<'list_locks'>['items'][number];

/** Every row of the board. */
export async function board(app: App): Promise<readonly LockItem[]> {
  return (await listLocks(app, sre, { limit: 200 })).items;
}

export async function inspect(app: App, key: string): Promise<Output<'inspect_lock'>> {
  return await inspectLock(app, sre, { key });
}

export type AuditRow = {
  readonly action: string;
  readonly actor_id: string | null;
  readonly reason: string | null;
  readonly before: Readonly<Record<string, unknown>> | null;
};

/** What the audit log says about one thing, oldest first. */
export async function auditOf(sql: Sql, target_id: string): Promise<readonly AuditRow[]> {
  return await sql<AuditRow[]>`
    select action, actor_id, reason, before from audit_log where target_id = ${target_id}
    order by id`;
}
