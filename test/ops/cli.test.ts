import { describe, expect, test } from 'vitest';
import { system_actor } from '../../src/daemon/store/actor.ts';
import { cancelReservation } from '../../src/daemon/store/reservations.ts';
import { type CliOptions, cli } from '../cli/harness.ts';
import { addKey } from '../http/harness.ts';
import { age, auditOf, heldSlot, leakedLock, openOpsBench } from './bench.ts';

// Operators' commands while no daemon runs: they work on PostgreSQL and Redis themselves.

const bench = await openOpsBench();
const { app, sql, raw } = bench;

const env = {
  DATABASE_URL: bench.database_url,
  REDIS_URL: bench.redis.url,
  PETPRO_HOME: bench.home,
};
const run = (words: readonly string[], options: CliOptions = {}) =>
  cli(words, { ...options, env: { ...env, ...options.env } });

async function json(words: readonly string[], exit = 0) {
  const { out, code, err } = await run([...words, '--json']);
  expect(`${err} exit ${code}`).toMatch(new RegExp(`exit ${exit}$`));
  return JSON.parse(out);
}

test('a list says that the daemon is down, and shows what stands', async () => {
  const { key } = await leakedLock(bench);
  const held = await heldSlot(bench);
  const { out, err, code } = await run(['locks', 'list'], {
    terminal: 140,
    env: { NO_COLOR: '1' },
  });
  expect(code).toBe(0);
  expect(err).toContain('No daemon answers: working on PostgreSQL and Redis themselves.');
  expect(err).toContain('1 live, 1 leaked, 0 ghost, 0 foreign');
  expect(out.split('\n')[0]).toMatch(/^SLOT +VET +SERVICE +HOLDER +TTL +HOLD +CLASS +CAUSE$/);
  expect(out).toMatch(/leaked +no_reservation/);
  expect(out).toMatch(/live +held/);
  const leaked = await json(['locks', 'list', '--leaked', '--older-than', '10m']);
  expect(leaked.kind).toBe('LockList');
  expect(leaked.items.map((item: { key: string }) => item.key)).toEqual([key]);
  const names = await run(['locks', 'list', '--class', 'live', '-o', 'name', '--direct']);
  expect(names.out).toBe(`${held.key}\n`);
  expect(names.err).not.toContain('No daemon');
  await raw.del(key);
});

test('a lock is found by clinic, day, time and service, and told with its history', async () => {
  const held = await heldSlot(bench, { in_hours: 100 });
  const [slot] = await sql<{ words: string; code: string }[]>`
    select c.code, c.code || ' ' || to_char(sl.starts_at at time zone c.time_zone, 'YYYY-MM-DD HH24:MI')
      || ' ' || sv.name as words
    from slots sl
    join clinics c on c.id = sl.clinic_id
    join services sv on sv.id = sl.service_id
    where sl.id = ${held.slot_id}`;
  const words = slot?.words ?? '';
  const { out, code } = await run(['locks', 'inspect', words]);
  expect(code).toBe(0);
  expect(out).toContain(`Lock\t${held.key}`);
  expect(out).toContain('LIVE: as it should be');
  expect(out).toContain('reservation.created');
  const [item] = (await json(['locks', 'inspect', held.key])).items;
  expect(item).toMatchObject({ reservation_id: held.reservation_id, can_release: false });
  const of_clinic = await json(['locks', 'list', '--clinic', slot?.code ?? '']);
  expect(of_clinic.items).toHaveLength(1);
  await json(['locks', 'inspect', `${slot?.code} 2031-01-01 09:00`], 3);
  await json(['locks', 'inspect', 'nonsense'], 2);
  await json(['locks', 'inspect', 'session:1'], 3);
});

describe('release', () => {
  test('asks for a reason and for the time of the slot, and is audited', async () => {
    const { key } = await leakedLock(bench);
    const [item] = (await json(['locks', 'inspect', key])).items;
    const time = String(item.starts_at).slice(11, 16).replace(':', '');
    const alone = await run(['locks', 'release', key, '--reason', 'INC-1']);
    expect(alone.code).toBe(2);
    expect(alone.err).toContain(`--confirm ${time}`);
    expect((await run(['locks', 'release', key, '--yes'])).code).toBe(2);
    const wrong = await run(['locks', 'release', key, '--reason', 'x', '--confirm', '9999']);
    expect(wrong.code).toBe(2);
    const no = await run(['locks', 'release', key, '--reason', 'x'], { answers: ['no'] });
    expect(no.code).toBe(130);
    expect(await raw.exists(key)).toBe(1);
    expect(await auditOf(sql, key)).toEqual([]);
    const dry = await json(['locks', 'release', key, '--dry-run']);
    expect(dry.items[0]).toMatchObject({ dry_run: true, released: false });
    const done = await run(['locks', 'release', key], { answers: ['INC-1', time] });
    expect(done.code).toBe(0);
    expect(await raw.exists(key)).toBe(0);
    expect((await auditOf(sql, key)).at(-1)).toMatchObject({
      action: 'lock.released',
      reason: 'INC-1',
    });
    const again = await run(['locks', 'inspect', key]);
    expect(again.code).toBe(3);
    expect(again.err).toContain('INC-1');
  });

  test('refuses what a hold needs (9), what has changed (6) and what contradicts itself (2)', async () => {
    const held = await heldSlot(bench);
    const say = ['--reason', 'x', '--yes'];
    expect((await run(['locks', 'release', held.key, ...say])).code).toBe(9);
    expect((await run(['locks', 'release', held.key, ...say, '--token', 'ffff'])).code).toBe(6);
    expect((await run(['locks', 'release', ...say])).code).toBe(2);
    expect((await run(['locks', 'release', held.key, '--leaked', ...say])).code).toBe(2);
    expect((await run(['locks', 'release', held.key, '--max', '3', ...say])).code).toBe(2);
    expect((await run(['locks', 'release', '--leaked', '--foreign', ...say])).code).toBe(2);
    expect((await run(['locks', 'list', '--leaked', '--class', 'live'])).code).toBe(2);
    expect(await raw.exists(held.key)).toBe(1);
    const both = await json(['locks', 'release', held.key, ...say, '--cancel-reservation']);
    expect(both.items[0]).toMatchObject({ released: true, cancelled_reservation: true });
    expect(await raw.exists(held.key)).toBe(0);
  });

  test.each([
    ['that clears the screen', 'hold:\u001b[2J', 2],
    ['of 10 kB', `hold:${'k'.repeat(10_000)}`, 2],
    ['with U+0000', 'hold:\u0000', 2],
    ['of nobody', 'hold:unknown', 3],
    ['of another prefix', 'petpro:locks_epoch', 3],
    ['of an unknown slot', 'hold:{00000000-0000-0000-0000-000000000000}:1', 3],
  ])('a key %s is refused and touches nothing', async (_, key, exit) => {
    await raw.set('petpro:locks_epoch_of_a_test', '1');
    const { code, err } = await run([
      'locks',
      'release',
      key,
      '--reason',
      'x',
      '--yes',
      '--foreign',
    ]);
    expect(code).toBe(exit);
    expect(err).not.toContain('\u001b[2J');
    expect(await raw.exists('petpro:locks_epoch', 'petpro:locks_epoch_of_a_test')).toBe(2);
  });
});

describe('bulk', () => {
  test('plan, then carry it out: exit 14 when something was kept', async () => {
    const one = await leakedLock(bench);
    const two = await leakedLock(bench);
    const plan = await run(['locks', 'release', '--leaked', '--max', '20', '--dry-run']);
    expect(plan.code).toBe(0);
    const plan_id = /PL\d+/.exec(plan.err)?.[0] ?? '';
    expect(plan.err).toContain(`${plan_id}: 2 locks`);
    await raw.del(two.key);
    const words = ['locks', 'cleanup', '--plan', plan_id, '--reason', 'INC-2'];
    expect((await run(words)).code).toBe(2);
    expect(await raw.exists(one.key)).toBe(1);
    const done = await run([...words, '--confirm', plan_id]);
    expect(done.code).toBe(14);
    expect(done.err).toContain('1 released, 1 kept');
    expect(await raw.exists(one.key)).toBe(0);
    expect((await run([...words, '--yes'])).code).toBe(6);
  });

  test('at once: the number of locks is what has to be typed', async () => {
    expect((await run(['locks', 'cleanup', '--reason', 'x', '--yes'])).code).toBe(0);
    const planted = [await leakedLock(bench), await leakedLock(bench), await leakedLock(bench)];
    const keys = planted.map(({ key }) => key);
    const wrong = await run(['locks', 'cleanup', '--reason', 'x'], { answers: ['2'] });
    expect(wrong.code).toBe(130);
    expect(await raw.exists(...keys)).toBe(3);
    const done = await run(['locks', 'cleanup', '--reason', 'x'], { answers: ['3'] });
    expect(done.code).toBe(0);
    expect(await raw.exists(...keys)).toBe(0);
  });
});

describe('reconcile', () => {
  test('0 when all fits, 12 when not, repairs only from a plan that was read', async () => {
    expect((await run(['reconcile', 'run'])).code).toBe(0);
    const ghost = await heldSlot(bench);
    const value = await raw.get(ghost.key);
    await raw.del(ghost.key);
    const found = await json(['reconcile', 'run'], 12);
    expect(found.items[0]).toMatchObject({ is_ok: false, mismatches: 1 });
    expect((await run(['reconcile', 'run', '--fix'])).code).toBe(2);
    expect((await run(['reconcile', 'run', '--plan', 'PL1'])).code).toBe(2);
    const plan = await run(['reconcile', 'run', '--fix', '--dry-run']);
    expect(plan.code).toBe(12);
    const plan_id = /PL\d+/.exec(plan.err)?.[0] ?? '';
    const words = ['reconcile', 'run', '--fix', '--plan', plan_id, '--reason', 'INC-3'];
    expect((await run(words)).code).toBe(2);
    expect(await raw.exists(ghost.key)).toBe(0);
    const done = await run([...words, '--yes']);
    expect(done.code).toBe(0);
    expect(done.err).toContain('1 of 1 done');
    expect(await raw.get(ghost.key)).toBe(value);
  });

  test('14 when a repair was not needed any more', async () => {
    const ghost = await heldSlot(bench);
    await raw.del(ghost.key);
    const plan = await run(['reconcile', 'run', '--dry-run']);
    const plan_id = /PL\d+/.exec(plan.err)?.[0] ?? '';
    await cancelReservation(sql, ghost.reservation_id, null, system_actor);
    await age(sql, ghost.reservation_id);
    const words = ['reconcile', 'run', '--fix', '--plan', plan_id, '--reason', 'x', '--yes'];
    expect((await run(words)).code).toBe(14);
  });
});

test('a token still decides what its bearer may, daemon or not', async () => {
  const desk = await addKey(sql, 'desk');
  expect((await run(['locks', 'list'], { env: { PETPRO_TOKEN: desk } })).code).toBe(5);
  const { key } = await leakedLock(bench);
  const refused = await run(['locks', 'release', key, '--reason', 'x', '--yes'], {
    env: { PETPRO_TOKEN: desk },
  });
  expect(refused.code).toBe(5);
  expect(await raw.exists(key)).toBe(1);
  const sre = await addKey(sql, 'sre');
  const done = await run(['locks', 'release', key, '--reason', 'x', '--yes'], {
    env: { PETPRO_TOKEN: sre },
  });
  expect(done.code).toBe(0);
  const [audit] = await sql<{ name: string }[]>`
    select k.name from audit_log a join api_keys k on k.id = a.actor_id where a.target_id = ${key}`;
  expect(audit?.name).toBe('test sre');
});

test('without a database there is nothing to work on', async () => {
  const { code, err } = await cli(['locks', 'list'], { env: { PETPRO_HOME: '/nonexistent' } });
  expect(code).toBe(11);
  expect(err).toContain('DATABASE_URL is not set');
  const away = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: '' };
  const second = await run(['locks', 'list', '--timeout', '1s'], { env: away });
  expect(second.code).toBe(11);
  expect(app.config.redis_url).not.toBeNull();
});
