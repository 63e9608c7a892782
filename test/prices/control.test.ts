import { expect, test } from 'vitest';
import { runInvariants } from '../../src/daemon/store/invariants.ts';
import { hold } from '../helpers/booking.ts';
import { addOwners, createTestDatabase } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { addShow } from './scene.ts';

const { sql } = await createTestDatabase({ max: 30 });
const GATE = 7_042;

test('control: without the numbered places, counting and then taking oversells a tier', async () => {
  await sql`drop index slot_claims_tier_place`;
  // Nobody's places become visible before two have counted.
  await sql.unsafe(`
    create function wait_at_gate() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${GATE});
      return new;
    end $$;
    create trigger wait_at_gate before update of tier_place on slot_claims
    for each row execute function wait_at_gate();`);
  const { slot_id } = await addShow(sql, {
    tiers: [{ name: 'Child', price: '60000', seats_limit: 1, is_default: true }],
  });
  const owners = await addOwners(sql, 20);
  let fight: Promise<readonly { outcome: string }[]> = Promise.resolve([]);
  await sql.begin(async (gate) => {
    await gate`select pg_advisory_xact_lock(${GATE})`;
    fight = Promise.all(owners.map((owner) => hold(sql, slot_id, owner)));
    await eventually('two takers before the gate', async () => {
      const [waiting] = await gate<{ count: number }[]>`
        select count(*) from pg_locks
        where locktype = 'advisory' and objid = ${GATE} and not granted`;
      return Number(waiting?.count) >= 2;
    });
  });
  const won = (await fight).filter(({ outcome }) => outcome === 'ok');
  expect(won.length).toBeGreaterThan(1);
  const broken = (await runInvariants(sql)).filter(({ rows }) => rows > 0);
  expect(broken.map(({ name }) => name)).toEqual(['tiers']);
});
