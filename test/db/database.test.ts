import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  inTransaction,
  openDatabase,
  refuseUnpatchedDriver,
  run,
} from '../../src/daemon/store/db.ts';
import { toReachError } from '../../src/daemon/store/pg-errors.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql, url } = await createTestDatabase();
await sql`create table counted (id int primary key, n int not null default 0)`;

test('times come as Temporal values, numbers exact, and go back unchanged', async () => {
  const [row] = await sql`
    select
      timestamptz '2026-11-20 14:30:00.123456+07' as instant,
      date '2026-03-29' as day,
      time '23:59:30' as clock,
      250000.10::numeric(15, 3) as amount,
      9007199254740991::int8 as big,
      '{"snake_case": 1}'::jsonb as json`;
  const instant = Temporal.Instant.from('2026-11-20T07:30:00.123456Z');
  expect(row).toEqual({
    instant,
    day: Temporal.PlainDate.from('2026-03-29'),
    clock: Temporal.PlainTime.from('23:59:30'),
    amount: '250000.100',
    big: 9_007_199_254_740_991,
    json: { snake_case: 1 },
  });
  const [back] = await sql<{ same: boolean }[]>`
    select ${instant.toString()}::timestamptz = ${'2026-11-20 14:30:00.123456+07'}::timestamptz
      as same`;
  expect(back!.same).toBe(true);
});

test('an int8 that a number cannot hold is an error, not another number', async () => {
  await expect(sql`select 9007199254740993::int8 as big`).rejects.toThrow('safe range');
});

test('a statement that takes too long ends as unavailable', async () => {
  const slow = openDatabase(url, { application_name: 'slow', max: 1, statement_timeout_ms: 50 });
  await expect(run(slow`select pg_sleep(5)`)).rejects.toMatchObject({
    code: 'unavailable',
    facts: { sqlstate: '57014' },
  });
  await slow.end();
});

test('no server there: unavailable, with a time to come back', async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const gone = openDatabase(`postgres://x@127.0.0.1:${port}/x`, { application_name: 'x', max: 1 });
  await expect(run(gone`select 1`)).rejects.toMatchObject({
    code: 'unavailable',
    facts: { retry_after_ms: 1000 },
  });
  await gone.end({ timeout: 1 });
});

test('constraints are told by name, wrong values as invalid input', async () => {
  const insert = run(sql`
    insert into clinics (code, name, city, time_zone, currency)
    values ('TWICE', 'a', 'b', 'UTC', 'EUR'), ('TWICE', 'a', 'b', 'UTC', 'EUR')`);
  await expect(insert).rejects.toMatchObject({ name: 'AppError', code: 'conflict' });
  await expect(run(sql`select * from clinics where id = 'x'`)).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

test('a transaction that is not idempotent is never tried twice', async () => {
  let tries = 0;
  const unit = inTransaction(sql, async (tx) => {
    tries += 1;
    await tx`select pg_terminate_backend(pg_backend_pid())`;
  });
  await expect(unit).rejects.toMatchObject({ code: 'unavailable' });
  expect(tries).toBe(1);
});

test('an idempotent one is tried again after its connection is lost', async () => {
  await sql`insert into counted (id) values (1)`;
  let tries = 0;
  const result = await inTransaction(
    sql,
    async (tx) => {
      tries += 1;
      await tx`update counted set n = n + 1 where id = 1`;
      if (tries === 1) await tx`select pg_terminate_backend(pg_backend_pid())`;
      return tries;
    },
    { idempotent: true },
  );
  expect(result).toBe(2);
  expect(await sql`select n from counted where id = 1`).toMatchObject([{ n: 1 }]);
});

test('deadlocks of idempotent units resolve; tries have a ceiling', async () => {
  await sql`insert into counted (id) values (10), (11)`;
  const both = [
    [10, 11],
    [11, 10],
  ].map(([first, second]) =>
    inTransaction(
      sql,
      async (tx) => {
        await tx`update counted set n = n + 1 where id = ${first!}`;
        await tx`select pg_sleep(0.05)`;
        await tx`update counted set n = n + 1 where id = ${second!}`;
      },
      { idempotent: true },
    ),
  );
  await Promise.all(both);
  expect(await sql`select n from counted where id in (10, 11)`).toMatchObject([{ n: 2 }, { n: 2 }]);
  let tries = 0;
  const hopeless = inTransaction(
    sql,
    async (tx) => {
      tries += 1;
      await tx`do $$ begin raise exception 'again' using errcode = '40001'; end $$`;
    },
    { idempotent: true, retries: 2 },
  );
  await expect(hopeless).rejects.toMatchObject({ code: 'unavailable' });
  expect(tries).toBe(3);
});

test('the published driver is refused with the command that helps', () => {
  expect(() => refuseUnpatchedDriver()).not.toThrow();
  const entry = createRequire(import.meta.url).resolve('postgres');
  const source = entry.slice(0, entry.lastIndexOf(`${path.sep}postgres${path.sep}`) + 9);
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-driver-'));
  fs.cpSync(path.join(source, 'src'), path.join(copy, 'src'), { recursive: true });
  expect(() => refuseUnpatchedDriver(copy)).not.toThrow();
  fs.appendFileSync(path.join(copy, 'src/connection.js'), '\n');
  expect(() => refuseUnpatchedDriver(copy)).toThrow('not patched (src/connection.js)');
  fs.rmSync(copy, { recursive: true });
});

test.each([
  ['a server that is not there', { port: '1' }, /^PostgreSQL at \S+:1 does not answer/],
  ['a wrong password', { password: 'wrong' }, /refuses the user or password of DATABASE_URL\.$/],
  ['a database that is not there', { pathname: '/no_such' }, /has no database "no_such"\.$/],
])('%s is told with the address, the next step and no secret', async (_what, part, sentence) => {
  const wrong = Object.assign(new URL(url), part);
  const pool = openDatabase(wrong.href, { application_name: 'reach', max: 1 });
  try {
    const error = await run(pool`select 1`).then(
      () => null,
      (refused: unknown) => toReachError(refused, wrong.href),
    );
    expect(error).toMatchObject({ code: 'unavailable', detail: expect.stringMatching(sentence) });
    expect(error).toMatchObject({ facts: { next: expect.stringMatching(/^(petpro|createdb) /) } });
    expect(JSON.stringify(error)).not.toContain(wrong.password);
  } finally {
    await pool.end({ timeout: 1 });
  }
});
