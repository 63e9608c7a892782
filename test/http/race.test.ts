import type { Sql } from 'postgres';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startDaemon } from '../../src/daemon/main.ts';
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

describe('the same without any guard', async () => {
  const { sql, env, issuer } = await startSurroundings({ redis: false });

  it('sells the slot twice: so the race above would notice', async () => {
    // Only here: no doorman, no unique seat, and a claim that trusts what it read a moment before.
    await sql`alter table slot_claims drop constraint slot_claims_pkey`;
    await sql`
      create or replace function claim_place(
        p_r reservations, p_slot slots, out outcome text, out seats integer[]
      )
      language plpgsql
      as $$
      begin
        perform pg_sleep(0.01);
        insert into slot_claims (
          slot_id, seat, reservation_id, user_id, starts_at, ends_at, expires_at
        )
        values (
          p_slot.id, 1, p_r.id, p_r.user_id, p_slot.starts_at, p_slot.ends_at, p_r.expires_at
        );
        outcome := 'ok';
        seats := '{1}';
      end
      $$`;
    const config = loadConfig({ env: { ...env, PETPRO_ONLY: 'api' } });
    const daemon = await startDaemon(config, openLog({ level: 'silent' }));
    try {
      const mint = (user_id: string) => issuer.mintCustomerToken(user_id, 600);
      const { slot_id, bullets } = await crowd(sql, mint, 100);
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
