import postgres from 'postgres';
import { expect, test } from 'vitest';
import { openBench } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { expireUnseen, makeWorld, rivalOf, startBooking } from '../actions/world.ts';

const { app, sql, pay, drain, control, database_url } = await openBench();

/** Takes the database away from everybody while `work` runs. */
async function withoutDatabase(work: () => Promise<void>): Promise<void> {
  const url = new URL(database_url);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const admin = postgres(url.href, { max: 1, onnotice: () => {} });
  try {
    await admin`alter database ${admin(name)} with allow_connections false`;
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
    await work();
  } finally {
    await admin`alter database ${admin(name)} with allow_connections true`;
    await admin.end({ timeout: 5 });
  }
}

const booked = async (ref: string) => {
  const [row] = await sql<{ n: number }[]>`
    select count(*) as n from bookings b join payments p on p.booking_id = b.id
    where b.reference_code = ${ref} and p.status = 'success'`;
  return Number(row?.n ?? 0);
};

/** The provider's next tries, until it has none left to make. */
async function deliverAgain(): Promise<void> {
  for (let fired = 1; fired > 0; ) {
    ({ fired } = (await control('flush', { kinds: ['deliver'] })) as { fired: number });
  }
}

test('a webhook that finds no database comes again, and ends as if it had been the first', async () => {
  const world = await makeWorld(sql);
  const on_time = await startBooking(app, world);
  const late_world = await makeWorld(sql);
  const late = await startBooking(app, late_world);
  await expireUnseen(app, late.reservation_id);
  await startBooking(app, await rivalOf(sql, late_world));
  await withoutDatabase(async () => {
    await pay(on_time.reference_code);
    await pay(late.reference_code);
    const refused = await control('deliveries?status=failed');
    expect(JSON.stringify(refused)).toContain('"response_status":500');
  });
  await expect.poll(() => booked(on_time.reference_code).catch(() => -1)).toBeGreaterThanOrEqual(0);
  await deliverAgain();
  await expect.poll(() => booked(on_time.reference_code)).toBe(1);
  await expect
    .poll(async () => {
      await drain('refunds');
      return await sql`
        select status, reason from refunds where reservation_id = ${late.reservation_id}`;
    })
    .toMatchObject([{ status: 'completed', reason: 'slot_taken' }]);
  await expectInvariants(sql);
});
