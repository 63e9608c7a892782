import type { Sql } from 'postgres';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { rememberSlots } from '../../src/daemon/actions/find-slot.ts';
import { startDaemon } from '../../src/daemon/main.ts';
import { findSlotMeta } from '../../src/daemon/store/slots.ts';
import { openLog } from '../../src/log.ts';
import { addClinic, addOwners, addService, addSlot } from '../helpers/database.ts';
import { type Bullet, burst } from './burst.ts';
import { type Harness, startHarness, startSurroundings } from './harness.ts';

/** Seed 004, Load Testing: this many users want one slot. */
const contenders = 1_000;
const sockets = 250;

/** One slot and a thousand customers, each with a pet and a token of their own. */
async function crowd(sql: Sql, mint: Harness['mintCustomerToken'], count: number) {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id);
  const owners = await addOwners(sql, count);
  const bullets: readonly Bullet[] = await Promise.all(
    owners.map(async ({ user_id, pet_id }) => ({
      token: await mint(user_id),
      body: { service_id, slot_id, pet_id },
    })),
  );
  return { slot_id, bullets };
}

type Count = { readonly count: number };

async function countOf(rows: Promise<readonly Count[]>): Promise<number> {
  return (await rows)[0]?.count ?? -1;
}

const booking_target = (base: string) => ({ base, address: '/v1/bookings' });

describe('a thousand customers want one slot', async () => {
  const harness = await startHarness();
  const { sql, daemon } = harness;

  it('one gets it, the others are told so, and nothing else happens', async () => {
    const { slot_id, bullets } = await crowd(sql, harness.mintCustomerToken, contenders);
    const shots = await burst(booking_target(daemon.url), bullets, sockets);

    expect(shots).toHaveLength(contenders);
    const winners = shots.filter(({ status }) => status === 201);
    const losers = shots.filter(({ status }) => status === 409);
    expect(shots.filter(({ status }) => status >= 500)).toEqual([]);
    expect({ winners: winners.length, losers: losers.length }).toEqual({
      winners: 1,
      losers: contenders - 1,
    });
    const codes = new Set(losers.map(({ code }) => code));
    for (const code of codes) expect(['slot_taken', 'slot_locked']).toContain(code);

    const claims = sql<Count[]>`
      select count(*)::int as count from slot_claims where slot_id = ${slot_id}`;
    expect(await countOf(claims)).toBe(1);
    const reservations = sql<Count[]>`
      select count(*)::int as count from reservations where slot_id = ${slot_id}`;
    expect(await countOf(reservations)).toBe(1);
    const sessions = sql<Count[]>`
      select count(*)::int as count from payments where session_id is not null`;
    expect(await countOf(sessions)).toBe(1);
    expect(JSON.parse(winners[0]?.text ?? '{}').payment_url).toMatch(/^http/);
  });
});

/**
 * Makes the judge naive: no unique seat, and it trusts what it read a moment before. Works on the
 * real functions, whatever they look like, so that the control cannot grow out of date.
 */
async function removeGuard(sql: Sql): Promise<void> {
  const guard = 'on conflict (slot_id, seat) do nothing';
  const judges = await sql<{ definition: string }[]>`
    select pg_get_functiondef(oid) as definition
    from pg_proc
    where pronamespace = current_schema()::regnamespace and position(${guard} in prosrc) > 0`;
  expect(judges.length).toBeGreaterThan(0);
  await sql`alter table slot_claims drop constraint slot_claims_pkey`;
  for (const { definition } of judges) await sql.unsafe(definition.replaceAll(guard, ''));
  // Time between reading and writing, as a naive program spends it on its round trips.
  await sql`
    create function dawdle() returns trigger language plpgsql as $$
    begin
      perform pg_sleep(0.1);
      return new;
    end
    $$`;
  await sql`
    create trigger dawdle before insert on slot_claims for each row execute function dawdle()`;
}

describe('the same without any guard', async () => {
  const { sql, env, issuer } = await startSurroundings({ redis: false });

  it('sells the slot twice: so the race above would notice', async () => {
    await removeGuard(sql);
    const config = loadConfig({ env: { ...env, PETPRO_ONLY: 'api' } });
    const daemon = await startDaemon(config, openLog({ level: 'silent' }));
    try {
      const mint = (user_id: string) => issuer.mintCustomerToken(user_id, 600);
      const { slot_id, bullets } = await crowd(sql, mint, 100);
      // All have seen the slot: otherwise the rest would wait for the first to look at it.
      const slot = await findSlotMeta(sql, slot_id);
      if (slot) rememberSlots(daemon.app, [slot]);
      // All connections open: on a single one the statements would queue instead of racing.
      const { database_pool_max } = config;
      await Promise.all(
        Array.from({ length: database_pool_max }, () => daemon.app.sql`select pg_sleep(0.1)`),
      );
      const shots = await burst(booking_target(daemon.url), bullets, 50);
      expect(shots.filter(({ status }) => status === 201).length).toBeGreaterThan(1);
      const claims = sql<Count[]>`
        select count(*)::int as count from slot_claims where slot_id = ${slot_id}`;
      expect(await countOf(claims)).toBeGreaterThan(1);
    } finally {
      await daemon.stop();
    }
  });
});
