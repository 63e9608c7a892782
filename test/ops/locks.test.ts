import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { cleanupLocks } from '../../src/daemon/actions/cleanup-locks.ts';
import { createReservation } from '../../src/daemon/actions/create-reservation.ts';
import { listLocks } from '../../src/daemon/actions/list-locks.ts';
import { releaseLock } from '../../src/daemon/actions/release-lock.ts';
import { system_actor } from '../../src/daemon/store/actor.ts';
import { cancelReservation, expireReservation } from '../../src/daemon/store/reservations.ts';
import { LOCK_UNDECIDED_MS, lockKey } from '../../src/domain/lock.ts';
import { expectProblem, no_key, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld } from '../actions/world.ts';
import { lapse } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { age, auditOf, board, heldSlot, inspect, leakedLock, openOpsBench, sre } from './bench.ts';

const bench = await openOpsBench();
const { app, sql, raw } = bench;

const release = (
  key: string,
  token: string,
  more: Partial<Parameters<typeof releaseLock>[2]> = {},
) =>
  releaseLock(app, sre, {
    key,
    token,
    reason: 'INC-221',
    cancel_reservation: false,
    foreign: false,
    dry_run: false,
    ...more,
  });

const rowsOf = async (key: string) => (await board(app)).filter((row) => row.key === key);
const classOf = async (key: string) =>
  (await rowsOf(key)).map((row) => `${row.class} ${row.cause}`);

describe('the board', () => {
  test('shows a held slot as live, with everything but names', async () => {
    const held = await heldSlot(bench);
    const [row] = await rowsOf(held.key);
    expect(row).toMatchObject({
      class: 'live',
      cause: 'held',
      slot_id: held.slot_id,
      seat: 1,
      clinic_id: held.clinic.id,
      reservation_id: held.reservation_id,
      reservation_status: 'pending',
      extended: false,
      holder: `u:${held.owner.user_id.slice(0, 4)}**`,
    });
    expect(row?.age_ms).toBeGreaterThan(60_000);
    const value = await raw.get(held.key);
    const text = JSON.stringify(row);
    expect(text).not.toContain(value);
    expect(text).not.toContain(held.owner.user_id);
  });

  test('shows each way to leak', async () => {
    const never = await leakedLock(bench);
    expect(await classOf(never.key)).toEqual(['leaked no_reservation']);

    const no_end = await heldSlot(bench);
    await raw.persist(no_end.key);
    expect(await classOf(no_end.key)).toEqual(['leaked no_end']);

    const expired = await heldSlot(bench);
    await lapse(sql, expired.reservation_id);
    await expireReservation(sql, expired.reservation_id);
    expect(await classOf(expired.key)).toEqual(['live ending']);
    await age(sql, expired.reservation_id);
    expect(await classOf(expired.key)).toEqual(['leaked reservation_expired']);

    const cancelled = await heldSlot(bench);
    await cancelReservation(sql, cancelled.reservation_id, null, system_actor);
    await age(sql, cancelled.reservation_id);
    expect(await classOf(cancelled.key)).toEqual(['leaked reservation_cancelled']);
    await raw.del(never.key, expired.key, cancelled.key);
    await raw.pexpire(no_end.key, 500_000);
  });

  test('gives a hold that is being decided its time', async () => {
    const { slot_id } = await makeWorld(sql);
    const key = lockKey(slot_id, 1);
    await raw.set(key, 'owner.random', 'PX', 10_000);
    expect(await classOf(key)).toEqual(['live in_flight']);
    const lock = await inspect(app, key);
    await expectProblem(release(key, lock.token), 'policy_refused');
    expect(await raw.exists(key)).toBe(1);
    await raw.del(key);
  });

  test('and so does the real hold path, however long PostgreSQL takes', async () => {
    const world = await makeWorld(sql);
    const key = lockKey(world.slot_id, 1);
    const { payment_method: _, ...wish } = world.wish;
    const decided = Promise.withResolvers<void>();
    // Nobody can claim a seat until this transaction ends.
    const blocked = sql.begin(async (tx) => {
      await tx`lock table slot_claims in exclusive mode`;
      await decided.promise;
    });
    await eventually('the table is locked', async () => {
      const [row] = await sql<{ held: boolean }[]>`
        select exists (
          select from pg_locks where relation = 'slot_claims'::regclass
            and mode = 'ExclusiveLock' and granted
        ) as held`;
      return row?.held;
    });
    const holding = createReservation(app, world.who, wish, no_key);
    await eventually('the doorman let it in', async () => (await raw.exists(key)) === 1);
    expect(await raw.pttl(key)).toBeLessThanOrEqual(LOCK_UNDECIDED_MS);
    expect(await classOf(key)).toEqual(['live in_flight']);
    const { token } = await inspect(app, key);
    await expectProblem(release(key, token, { cancel_reservation: true }), 'policy_refused');
    // Even a caller that is sure cannot: the script leaves locks with so short a life alone.
    expect(await app.locks.forceRelease(key, token, LOCK_UNDECIDED_MS)).toBe('changed');
    decided.resolve();
    await blocked;
    await holding;
    expect(await classOf(key)).toEqual(['live held']);
  });

  test('shows a hold whose lock is gone, or not its own, as a ghost', async () => {
    const held = await heldSlot(bench);
    await raw.del(held.key);
    expect(await classOf(held.key)).toEqual(['ghost no_lock']);
    const value = `thief.${randomUUID()}`;
    await raw.set(held.key, value, 'PX', 900_000);
    expect((await classOf(held.key)).toSorted()).toEqual([
      'ghost other_lock',
      'leaked no_reservation',
    ]);
    await raw.del(held.key);
  });

  test('shows only the missing seat of a hold of several', async () => {
    const { owner: _, ...held } = await heldSlot(bench, { capacity: 5 });
    const [row] = await sql<{ seats: number[] }[]>`
      select seats from reservations where id = ${held.reservation_id}`;
    const [seat = 0] = row?.seats ?? [];
    const key = lockKey(held.slot_id, seat);
    expect(await classOf(key)).toEqual(['live held']);
    // The same token on a seat that the hold does not have.
    const extra = lockKey(held.slot_id, seat === 5 ? 4 : seat + 1);
    await raw.set(extra, String(await raw.get(key)), 'PX', 500_000);
    expect(await classOf(extra)).toEqual(['leaked no_reservation']);
    await raw.del(extra);
  });

  test('shows what is not ours, whatever type and bytes it has', async () => {
    const { slot_id } = await makeWorld(sql);
    const ours = lockKey(slot_id, 1);
    const binary = Buffer.from([0x68, 0x6f, 0x6c, 0x64, 0x3a, 0xff, 0xfe, 0x00]);
    const huge = `hold:${'k'.repeat(10_000)}`;
    const control = 'hold:\u001b[2J';
    await raw.set(ours, 'not a token of ours');
    await raw.rpush('hold:list', 'a');
    await raw.hset('hold:hash', 'a', 'b');
    await raw.set(binary, 'x');
    await raw.set(huge, 'x'.repeat(100_000));
    await raw.set(control, 'owner.random');
    const rows = (await board(app)).filter((row) => row.class === 'foreign');
    expect(rows).toHaveLength(6);
    expect(await classOf(ours)).toEqual(['foreign strange_value']);
    expect(await classOf('hold:list')).toEqual(['foreign strange_key']);
    // None of it tells its content.
    expect(JSON.stringify(rows)).not.toContain('not a token');
    await raw.del(ours, 'hold:list', 'hold:hash', binary, huge, control);
  });

  test('says that Redis is away instead of calling everything lost', async () => {
    const held = await heldSlot(bench);
    process.kill(bench.redis.pid, 'SIGSTOP');
    try {
      const page = await listLocks(app, sre, { limit: 200 });
      expect(page.doorman).toBe('down');
      expect(page.items.find((row) => row.key === held.key)).toMatchObject({
        class: 'ghost',
        cause: 'degraded',
      });
    } finally {
      process.kill(bench.redis.pid, 'SIGCONT');
      await bench.redisBack();
    }
  });
});

describe('releasing one lock', () => {
  test('frees a leaked one, and says who and why', async () => {
    const { key } = await leakedLock(bench);
    const lock = await inspect(app, key);
    expect(lock).toMatchObject({ class: 'leaked', can_release: true });
    const rehearsed = await release(key, lock.token, { dry_run: true });
    expect(rehearsed).toMatchObject({ dry_run: true, released: false });
    expect(await raw.exists(key)).toBe(1);
    expect(await release(key, lock.token)).toMatchObject({ released: true, class: 'leaked' });
    expect(await raw.exists(key)).toBe(0);
    const audit = await auditOf(sql, key);
    expect(audit.map(({ action }) => action)).toEqual(['lock.release_started', 'lock.released']);
    expect(audit[1]).toMatchObject({ actor_id: sre.id, reason: 'INC-221' });
    expect(audit[1]?.before).toMatchObject({ class: 'leaked', cause: 'no_reservation' });
    const gone = await expectProblem(release(key, lock.token), 'not_found');
    expect(gone.facts['reason']).toBe('INC-221');
  });

  test('is fenced: what changed since it was looked at stays', async () => {
    const { key } = await leakedLock(bench);
    const { token } = await inspect(app, key);
    const other = `other.${randomUUID()}`;
    await raw.set(key, other, 'PX', 900_000);
    await expectProblem(release(key, token), 'conflict');
    expect(await raw.get(key)).toBe(other);
    expect(await auditOf(sql, key)).toEqual([]);
    // The script itself looks too: between our reading and its deleting the lock may change hands.
    expect(await app.locks.forceRelease(key, token, 0)).toBe('changed');
    expect(await app.locks.forceRelease(lockKey(randomUUID(), 1), token, 0)).toBe('none');
    expect(await raw.get(key)).toBe(other);
    await raw.pexpire(key, 9_000);
    const now = await app.locks.inspect(key);
    if (now === null || now === 'none') throw new Error('the lock is gone');
    expect(await app.locks.forceRelease(key, now.token, 10_000)).toBe('changed');
    expect(await raw.get(key)).toBe(other);
    await raw.del(key);
  });

  test('never frees what PostgreSQL holds, unless the hold goes with it', async () => {
    const held = await heldSlot(bench);
    const { token } = await inspect(app, held.key);
    const refused = await expectProblem(release(held.key, token), 'policy_refused');
    expect(refused.facts['reservation_id']).toBe(held.reservation_id);
    expect(await raw.exists(held.key)).toBe(1);
    const done = await release(held.key, token, { cancel_reservation: true });
    expect(done).toMatchObject({ released: true, cancelled_reservation: true });
    expect(await raw.exists(held.key)).toBe(0);
    const [row] = await sql<{ status: string; cancellation_reason: string }[]>`
      select status, cancellation_reason from reservations where id = ${held.reservation_id}`;
    expect(row).toEqual({ status: 'cancelled', cancellation_reason: 'INC-221' });
    const [claims] = await sql<{ count: number }[]>`
      select count(*)::int as count from slot_claims where slot_id = ${held.slot_id}`;
    expect(claims?.count).toBe(0);
    expect((await auditOf(sql, held.reservation_id)).map(({ action }) => action)).toEqual([
      'lock.reservation_cancelled',
    ]);
    expect((await auditOf(sql, held.key)).map(({ action }) => action)).toEqual(['lock.released']);
  });

  test('ends a ghost only together with its hold', async () => {
    const held = await heldSlot(bench);
    await raw.del(held.key);
    const { token, can_release } = await inspect(app, held.key);
    expect(can_release).toBe(false);
    await expectProblem(release(held.key, token), 'policy_refused');
    await expectProblem(
      release(held.key, 'ffffffffffffffff', { cancel_reservation: true }),
      'conflict',
    );
    await release(held.key, token, { cancel_reservation: true });
    await expectProblem(inspect(app, held.key), 'not_found');
  });

  test('does not end a hold that became somebody else or something else meanwhile', async () => {
    const held = await heldSlot(bench);
    const { token } = await inspect(app, held.key);
    await cancelReservation(sql, held.reservation_id, null, system_actor);
    // The lock still stands, its hold is over: nothing is pending that could be cancelled with it.
    await age(sql, held.reservation_id);
    const done = await release(held.key, token, { cancel_reservation: true });
    expect(done).toMatchObject({ released: true, cancelled_reservation: false });
  });

  test('leaves foreign keys alone until told twice', async () => {
    const key = 'hold:of-another-program';
    await raw.rpush(key, 'a', 'b');
    const { token } = await inspect(app, key);
    await expectProblem(release(key, token), 'policy_refused');
    expect(await raw.exists(key)).toBe(1);
    expect(await release(key, token, { foreign: true })).toMatchObject({ released: true });
    expect(await raw.exists(key)).toBe(0);
    expect((await auditOf(sql, key)).map(({ action }) => action)).toContain('lock.released');
  });

  test.each(['petpro:locks_epoch', 'session:1', randomUUID(), 'HOLD:{x}:1'])(
    'does not know %s, whatever is said',
    async (key) => {
      await raw.set('session:1', 'somebody else');
      await expectProblem(inspect(app, key), 'not_found');
      await expectProblem(release(key, 'x', { foreign: true }), 'not_found');
      expect(await raw.get('session:1')).toBe('somebody else');
      expect(await raw.exists('petpro:locks_epoch')).toBe(1);
    },
  );

  test('stays within the clinic of the key', async () => {
    const held = await heldSlot(bench);
    const leaked = await leakedLock(bench);
    const elsewhere = staff('sre', (await makeWorld(sql)).clinic.id);
    const page = await listLocks(app, elsewhere, { limit: 200 });
    expect(page.items).toEqual([]);
    await expectProblem(
      listLocks(app, elsewhere, { limit: 5, clinic_id: held.clinic.id }),
      'not_found',
    );
    const { token } = await inspect(app, leaked.key);
    const asked = { key: leaked.key, token, reason: 'x', foreign: true };
    await expectProblem(
      releaseLock(app, elsewhere, { ...asked, cancel_reservation: true, dry_run: false }),
      'not_found',
    );
    expect(await raw.exists(leaked.key)).toBe(1);
    await raw.del(leaked.key);
  });
});

describe('releasing many', () => {
  const cleanup = (more: Partial<Parameters<typeof cleanupLocks>[2]> = {}) =>
    cleanupLocks(app, sre, {
      class: 'leaked',
      max: 100,
      dry_run: false,
      reason: 'INC-222',
      ...more,
    });

  test('acts on the frozen plan only: later locks stay, changed ones too', async () => {
    const [one, two, three] = [
      await leakedLock(bench),
      await leakedLock(bench),
      await leakedLock(bench),
    ];
    const held = await heldSlot(bench);
    const plan = await cleanup({ dry_run: true });
    expect(plan).toMatchObject({ dry_run: true, planned: 3, released: 0, kept: 0 });
    expect(await raw.exists(one.key, two.key, three.key)).toBe(3);
    const late = await leakedLock(bench);
    await raw.set(two.key, `new.${randomUUID()}`, 'PX', 900_000);
    await raw.del(three.key);
    const { plan_id } = plan;
    if (plan_id === null) throw new Error('no plan');
    const done = await cleanup({ plan_id });
    expect(done).toMatchObject({ planned: 3, released: 1, kept: 2 });
    const why = new Map(done.items.map((item) => [item.key, item.why]));
    expect(why.get(one.key)).toBeNull();
    expect(why.get(two.key)).toBe('changed');
    expect(why.get(three.key)).toBe('gone');
    expect(await raw.exists(one.key)).toBe(0);
    expect(await raw.exists(two.key, late.key, held.key)).toBe(3);
    expect((await auditOf(sql, plan_id)).map(({ action }) => action)).toEqual([
      'locks.cleanup.plan_taken',
    ]);
    expect((await auditOf(sql, one.key)).map(({ action }) => action)).toEqual(['lock.released']);
    await expectProblem(cleanup({ plan_id }), 'conflict');
    expect(await raw.exists(two.key, late.key)).toBe(2);
    await raw.del(two.key, late.key);
  });

  test('keeps a lock that a hold has got since the plan', async () => {
    const held = await heldSlot(bench);
    const value = String(await raw.get(held.key));
    // As if the plan had been made from a lock that later became a real one.
    await sql`update reservations set lock_id = 'x.y' where id = ${held.reservation_id}`;
    const plan = await cleanup({ dry_run: true });
    expect(plan.items.map(({ key }) => key)).toEqual([held.key]);
    await sql`update reservations set lock_id = ${value} where id = ${held.reservation_id}`;
    const done = await cleanup({ plan_id: plan.plan_id ?? '' });
    expect(done).toMatchObject({ released: 0, kept: 1 });
    expect(done.items[0]?.why).toBe('held');
    expect(await raw.get(held.key)).toBe(value);
  });

  test('takes no more than asked, no younger than asked, and never without a reason', async () => {
    const planted = [await leakedLock(bench), await leakedLock(bench)];
    expect((await cleanup({ dry_run: true, max: 1 })).planned).toBe(1);
    const young = await heldSlot(bench);
    await cancelReservation(sql, young.reservation_id, null, system_actor);
    await age(sql, young.reservation_id);
    const old_ones = await cleanup({ dry_run: true, older_than_ms: 600_000 });
    // Nobody can know how old the planted ones are, so they count as old.
    expect(old_ones.items.map(({ key }) => key).toSorted()).toEqual(
      planted.map(({ key }) => key).toSorted(),
    );
    await expectProblem(cleanup({ reason: undefined }), 'invalid_input');
    expect(await raw.exists(...planted.map(({ key }) => key))).toBe(2);
    expect(await cleanup({})).toMatchObject({ planned: 3, released: 3, kept: 0 });
    expect(await cleanup({})).toMatchObject({ planned: 0, released: 0, kept: 0 });
  });

  test('refuses plans that are too old, of another kind, or of nobody', async () => {
    await leakedLock(bench);
    const { plan_id } = await cleanup({ dry_run: true });
    await sql`update plans set expires_at = now() - interval '1 second' where id = ${String(plan_id).slice(2)}`;
    await expectProblem(cleanup({ plan_id: plan_id ?? '' }), 'conflict');
    await expectProblem(cleanup({ plan_id: 'PL999999999' }), 'not_found');
    await sql`
      insert into plans (kind, items) values ('reconcile', '[]') returning id`;
    const [row] = await sql<{ id: number }[]>`select max(id) as id from plans`;
    await expectProblem(cleanup({ plan_id: `PL${row?.id}` }), 'not_found');
    await cleanup({});
  });

  test('two at once carry one plan out once', async () => {
    const { key } = await leakedLock(bench);
    const { plan_id } = await cleanup({ dry_run: true });
    const both = await Promise.allSettled([
      cleanup({ plan_id: plan_id ?? '' }),
      cleanup({ plan_id: plan_id ?? '' }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await auditOf(sql, key)).length).toBe(1);
  });
});

test('pages follow the order of the board and repeat nothing', async () => {
  const planted = await Promise.all(Array.from({ length: 5 }, () => leakedLock(bench)));
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listLocks(app, sre, { limit: 2, cursor });
    keys.push(...page.items.map((row) => row.key));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(keys).toEqual((await board(app)).map((row) => row.key));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.slice(0, 5).toSorted()).toEqual(planted.map(({ key }) => key).toSorted());
  await expectProblem(listLocks(app, sre, { limit: 2, cursor: 'nonsense' }), 'invalid_input');
});

test('after all that every invariant holds', async () => {
  await expectInvariants(sql);
});

test('a key of another type in the place of a lock costs speed on that slot only', async () => {
  const { slot_id } = await makeWorld(sql);
  await raw.rpush(lockKey(slot_id, 1), 'not a lock');
  const asked = { slot_id, lock_id: 'owner.random', quantity: 1, capacity: 1, ttl_ms: 5_000 };
  for (let round = 0; round < 10; round += 1) {
    expect(await app.locks.acquire(asked)).toMatchObject({ outcome: 'bypass' });
  }
  expect(await app.locks.health()).toMatchObject({ state: 'up', breaker: 'closed' });
  await raw.del(lockKey(slot_id, 1));
});
