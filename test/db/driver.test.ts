import type { Sql } from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/daemon/store/db.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { within } from '../helpers/within.ts';

/**
 * What published postgres 3.4.9 does when a connection is lost inside a transaction, and the patch
 * prevents (docs/adr/0002-patched-driver.md): writes outside of the transaction, errors that nobody
 * can catch, connections that never come back.
 */
const { sql: admin, url } = await createTestDatabase({ max: 2 });
await admin`create table notes (id int primary key, note text)`;
await admin`create table entries (id bigserial, tx text, amount int)`;

const uncaught: unknown[] = [];
const remember = (error: unknown) => uncaught.push(error);

beforeAll(() => {
  process.on('uncaughtException', remember);
  process.on('unhandledRejection', remember);
});

afterAll(() => {
  process.off('uncaughtException', remember);
  process.off('unhandledRejection', remember);
  expect(uncaught).toEqual([]);
});

const open = (application_name: string, max: number) =>
  openDatabase(url, { application_name, max });

/** Terminates a pool's backends and waits until the server has seen them go. */
async function killAll(application_name: string): Promise<number> {
  const killed = await admin`
    select pg_terminate_backend(pid, 2000) from pg_stat_activity
    where application_name = ${application_name}`;
  return killed.length;
}

test('a statement after the loss never runs outside of its transaction', async () => {
  const sql = open('outside', 1);
  const waiting: Promise<unknown>[] = [];
  const transaction = sql.begin(async (tx) => {
    await tx`insert into notes values (1, 'before the loss')`;
    // Queued in the pool while the transaction holds its only connection: they make it reconnect.
    for (let n = 0; n < 5; n += 1) waiting.push(sql`select ${n}::int`.then(() => 'done'));
    await killAll('outside');
    await within(Promise.allSettled(waiting), 1_000);
    await tx`insert into notes values (2, 'after the loss')`;
    throw new Error('and the caller wants it all undone');
  });
  await expect(transaction).rejects.toThrow();
  await within(Promise.allSettled(waiting), 3_000);
  expect(await sql`select 1 as alive`).toMatchObject([{ alive: 1 }]);
  expect(await admin`select id from notes`).toEqual([]);
  await sql.end({ timeout: 2 });
});

const fifty = async (sql: Sql) =>
  await Promise.all(
    Array.from({ length: 50 }, () => sql.begin(async (tx) => await tx`select 1 as one`)),
  );

/** A query may still meet a connection whose end the pool has not heard of; soon none may. */
async function stillWorks(sql: Sql): Promise<void> {
  await eventually('50 transactions on 5 connections', async () => {
    const done = await within(
      fifty(sql).then(
        (rows) => rows.length,
        () => 0,
      ),
      4_000,
    );
    return done === 50;
  });
}

test.each([
  {
    name: 'idle in a transaction',
    lose: async (sql: Sql, app: string) =>
      await sql.begin(async (tx) => {
        await tx`select 1`;
        await killAll(app);
        await tx`select 2`;
      }),
  },
  {
    name: 'in a statement',
    lose: async (sql: Sql, app: string) =>
      await sql.begin(async (tx) => {
        const slow = tx`select pg_sleep(20)`;
        slow.catch(() => {});
        await admin`select pg_sleep(0.1)`;
        await killAll(app);
        await slow;
      }),
  },
  {
    name: 'just before commit',
    lose: async (sql: Sql, app: string) =>
      await sql.begin(async (tx) => {
        await tx`select 1`;
        await killAll(app);
      }),
  },
])('a connection lost $name: the caller hears of it, the pool goes on', async ({ name, lose }) => {
  const app = `lost ${name}`;
  const sql = open(app, 5);
  await stillWorks(sql);
  await expect(lose(sql, app)).rejects.toThrow();
  await stillWorks(sql);
  await sql.end({ timeout: 2 });
});

test('idle connections lost: the next queries get new ones', async () => {
  const sql = open('idle', 5);
  await stillWorks(sql);
  expect(await killAll('idle')).toBeGreaterThan(0);
  const answers = Promise.all(
    Array.from({ length: 5 }, () =>
      sql`select 1 as one`.then(
        () => 'ok',
        () => 'lost',
      ),
    ),
  );
  expect(await within(answers, 8_000)).not.toBe('late');
  await stillWorks(sql);
  await sql.end({ timeout: 2 });
});

const CHAOS_MS = 3_000;

test('20 workers, 5 connections, a backend killed every 15 ms: whole or nothing', async () => {
  const sql = open('chaos', 5);
  const end_ms = performance.now() + CHAOS_MS;
  let committed = 0;
  let stuck = 20;
  const worker = async (w: number) => {
    for (let n = 0; performance.now() < end_ms; n += 1) {
      const id = `${w}-${n}`;
      const one = sql.begin(async (tx) => {
        await tx`insert into entries (tx, amount) values (${id}, 1)`;
        await tx`select pg_sleep(0.002)`;
        // A caller that swallows an error must not be able to commit half.
        await tx`insert into entries (tx, amount) values (${id}, 1)`.catch(() => {});
        await tx`insert into entries (tx, amount) values (${id}, -2)`;
      });
      committed += await one.then(
        () => 1,
        () => 0,
      );
    }
    stuck -= 1;
  };
  const workers = Promise.all(Array.from({ length: 20 }, (_, w) => worker(w)));
  let kills = 0;
  while (performance.now() < end_ms) {
    const hit = await admin`
      select pg_terminate_backend(pid), pg_sleep(0.015)
      from (
        select pid from pg_stat_activity where application_name = 'chaos'
        order by random() limit 1
      ) as one`;
    kills += hit.length;
  }
  await within(workers, 8_000);
  const torn = await admin`
    select tx from entries group by tx having sum(amount) <> 0 or count(*) <> 3`;
  expect({ stuck, torn: torn.length }).toEqual({ stuck: 0, torn: 0 });
  expect(kills).toBeGreaterThan(10);
  expect(committed).toBeGreaterThan(0);
  await stillWorks(sql);
  await sql.end({ timeout: 2 });
});
