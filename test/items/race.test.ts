import type { Sql } from 'postgres';
import { expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import type { HoldItemsResult } from '../../src/daemon/store/items.ts';
import { hold } from '../helpers/booking.ts';
import { addOwners, createTestDatabase } from '../helpers/database.ts';
import { withoutGuard } from '../race/without-guard.ts';
import { addSalon, holdRow, slotAt } from './world.ts';

const ROUNDS = 12;
const RIVALS = 8;

type Answer = 'ok' | 'lost' | 'deadlock';

/** PostgreSQL's own word, as the cause of ours. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === '40P01') || isDeadlock(error.cause);
}

async function answerOf(work: Promise<{ outcome: HoldItemsResult['outcome'] }>): Promise<Answer> {
  try {
    const { outcome } = await work;
    if (outcome === 'ok') return 'ok';
    expect(['slot_taken', 'slot_locked', 'again']).toContain(outcome);
    return 'lost';
  } catch (error) {
    if (isDeadlock(error)) return 'deadlock';
    throw error;
  }
}

/**
 * Rows that cross: half of the rivals want a bath with Mia and then nails with Tom, the others nails
 * with Mia and a bath with Tom at the very same times, so that each row stands in the way of the
 * others' through other slots.
 */
async function crossing(sql: Sql, base_minute: number) {
  const salon = await addSalon(sql);
  const { mia, tom } = salon;
  const slot = (service_id: string, minute: number, staff_id: string) =>
    slotAt(sql, salon, service_id, base_minute + minute, { staff_id });
  const rows = [
    [await slot(salon.bath, 0, mia), await slot(salon.nails, 30, tom)],
    [await slot(salon.nails, 0, tom), await slot(salon.bath, 30, mia)],
    [await slot(salon.nails, 0, mia), await slot(salon.bath, 30, tom)],
    [await slot(salon.bath, 0, tom), await slot(salon.nails, 30, mia)],
  ] as const;
  return rows;
}

async function race(sql: Sql): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const rows = await crossing(sql, round * 60);
    const owners = await addOwners(sql, RIVALS + 2);
    const wishes = owners.map((owner, index) => {
      const row = rows[index % rows.length] ?? rows[0];
      // Two want only the second slot of a row.
      const single = index >= RIVALS ? hold(sql, row[1], owner) : null;
      return answerOf(single ?? holdRow(sql, row, owner));
    });
    answers.push(...(await Promise.all(wishes)));
    const torn = await sql`
      select i.reservation_id
      from reservation_items i
      left join slot_claims c on c.slot_id = i.slot_id and c.reservation_id = i.reservation_id
      group by i.reservation_id
      having count(c.seat) <> 2`;
    expect([...torn]).toEqual([]);
  }
  return answers;
}

/** A slow disk: vets are claimed at leisure, so that rows really meet half-way, in each of the tests. */
async function slowClaims(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create function slow_claim() returns trigger language plpgsql as $$
    begin
      perform pg_sleep(0.01);
      return new;
    end $$;
    create trigger slow_claim before insert on staff_claims
    for each row execute function slow_claim()`);
}

test('rows that cross, and single holds among them: whole rows or nothing, and nobody waits in a circle', async () => {
  const { sql } = await createTestDatabase({ max: RIVALS });
  await slowClaims(sql);
  const answers = await race(sql);
  expect(answers.filter((one) => one === 'deadlock')).toEqual([]);
  expect(answers.filter((one) => one === 'ok').length).toBeGreaterThanOrEqual(ROUNDS);
  await assertInvariants(sql);
});

test('control: taken in the order of slots instead of that of vets, rows wait for each other in circles', async () => {
  const { sql, name } = await createTestDatabase({ max: RIVALS });
  await slowClaims(sql);
  await sql.unsafe(`alter database ${name} set deadlock_timeout = '20ms'`);
  await withoutGuard(sql, {
    name: 'claim_items',
    guard: 'order by sl.staff_id, lower(busy_range(sl))',
    instead: 'order by sl.id',
    work: async () => {
      const answers: Answer[] = [];
      for (let tries = 0; tries < 10 && !answers.includes('deadlock'); tries += 1) {
        answers.push(...(await race(sql)));
      }
      expect(answers).toContain('deadlock');
    },
  });
});

test('control: without the undo of what was taken, a row that is refused keeps a part', async () => {
  const { sql } = await createTestDatabase({ max: 2 });
  const salon = await addSalon(sql);
  const bath = await slotAt(sql, salon, salon.bath, 540, { staff_id: salon.mia });
  const nails = await slotAt(sql, salon, salon.nails, 570, { staff_id: salon.tom });
  const [first, second] = await addOwners(sql, 2);
  if (!first || !second) throw new Error('no owners');
  const left = async () => {
    const rows = await sql`select from staff_claims where slot_id in (${bath}, ${nails})`;
    return rows.length;
  };
  // A rival who is faster on the seat, after the look and before the claim.
  await sql.unsafe(`
    create function rival_first() returns trigger language plpgsql as $$
    begin
      return case when new.slot_id = '${nails}' then null else new end;
    end $$;
    create trigger rival_first before insert on slot_claims
    for each row execute function rival_first()`);
  expect((await holdRow(sql, [bath, nails], first)).outcome).not.toBe('ok');
  expect(await left()).toBe(0);
  await withoutGuard(sql, {
    name: 'claim_items',
    guard: `        raise exception using errcode = 'PP003', message = 'not all items can be had';
      end if;
      items`,
    instead: `        exit;
      end if;
      items`,
    work: async () => {
      await holdRow(sql, [bath, nails], second);
      expect(await left()).toBeGreaterThan(0);
    },
  });
});
