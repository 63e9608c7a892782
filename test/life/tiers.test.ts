import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addScene, mustBook } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase();

type Tier = { percent: number; from_hours?: number; after_hours?: number };

/** The policy, read once more by other means: exact seconds, the strictest tier that is reached. */
function percentOf(policy: readonly Tier[], seconds: number): number {
  const bound = (tier: Tier) => (tier.from_hours ?? tier.after_hours ?? 0) * 3_600;
  const reached = policy.filter((tier) =>
    tier.from_hours === undefined ? bound(tier) < seconds : bound(tier) <= seconds,
  );
  return (
    reached.reduce<Tier | null>(
      (best, tier) => (best === null || bound(tier) > bound(best) ? tier : best),
      null,
    )?.percent ?? 0
  );
}

const policyOf = async (): Promise<readonly Tier[]> => {
  const { clinic } = await addScene(sql);
  const [row] = await sql<{ policy: Tier[] }[]>`
    select cancellation_policy as policy from clinics where id = ${clinic.id}`;
  return row!.policy;
};

const inSql = async (policy: readonly Tier[], pairs: readonly (readonly [string, string])[]) => {
  const now = pairs.map(([one]) => one);
  const start = pairs.map(([, one]) => one);
  const rows = await sql<{ percent: number }[]>`
    select refund_percent(
        ${sql.json([...policy])}, extract(epoch from t.start::timestamptz - t.now::timestamptz) / 3600
      ) as percent
    from unnest(${now}::text[], ${start}::text[]) with ordinality as t (now, start, i)
    order by t.i`;
  return rows.map(({ percent }) => percent);
};

test('tiers are elapsed time: SQL and the second reading agree to the second', async () => {
  const policy = await policyOf();
  const start = Temporal.Instant.from('2027-03-16T14:00:00Z');
  const near = fc.oneof(
    fc.integer({ min: -7_200, max: 400_000 }),
    // One second on either side of every bound.
    fc
      .tuple(fc.constantFrom(0, 24, 48), fc.integer({ min: -1, max: 1 }))
      .map(([hours, more]) => hours * 3_600 + more),
  );
  const seconds = fc.sample(near, 1_000);
  const pairs = seconds.map(
    (ahead) => [start.subtract({ seconds: ahead }).toString(), start.toString()] as const,
  );
  expect(await inSql(policy, pairs)).toEqual(seconds.map((ahead) => percentOf(policy, ahead)));
});

// Two days before by the clock on the wall is 47 hours when the clocks went forward in between, 49
// when they went back: the first is short of the tier, the second is past it.
test.each([
  ['2027-03-15', 'America/New_York', 47, 50],
  ['2027-11-08', 'America/New_York', 49, 100],
  ['2027-03-29', 'Europe/Berlin', 47, 50],
  ['2027-03-15', 'Asia/Tokyo', 48, null],
])(
  'a visit on %s at 09:00 in %s, cancelled two wall days before',
  async (day, zone, hours, percent) => {
    const policy = await policyOf();
    const visit = Temporal.PlainDateTime.from(`${day}T09:00`).toZonedDateTime(zone);
    const cancelled = visit.subtract({ days: 2 });
    const ahead = cancelled.toInstant().until(visit.toInstant()).total('hours');
    expect(ahead).toBe(hours);
    const pair = [cancelled.toInstant().toString(), visit.toInstant().toString()] as const;
    const [told] = await inSql(policy, [pair]);
    expect(told).toBe(percent ?? percentOf(policy, hours * 3_600));
  },
);

test('a move to any price: nobody pays twice, nobody gets more back than the difference', async () => {
  const { slot_id, owner } = await addScene(sql);
  // Paid in full: 250000 IDR.
  const booking_id = await mustBook(sql, slot_id, owner);
  const price = fc.oneof(fc.constant(250_000), fc.integer({ min: 0, max: 600_000 }));
  const cases = fc.sample(fc.tuple(price, fc.integer({ min: 0, max: 100 })), 500);
  const rows = await sql<{ amount: number; refund: number; due: number }[]>`
    select m.amount::float8 as amount, m.refund_amount::float8 as refund, m.due_amount::float8 as due
    from unnest(
      ${cases.map(([one]) => one)}::numeric[], ${cases.map(([, one]) => one)}::integer[]
    ) with ordinality as t (price, percent, i)
    cross join bookings b
    cross join lateral price_move(b, t.price, t.percent) m
    where b.id = ${booking_id}
    order by t.i`;
  expect(rows).toHaveLength(cases.length);
  for (const [index, [new_price, percent]] of cases.entries()) {
    const { amount, refund, due } = rows[index]!;
    const change = new_price - 250_000;
    expect(due).toBe(Math.max(change, 0));
    expect(amount).toBe(Math.max(new_price, 250_000));
    // Rupiah have two decimals at the provider: a percent of whole rupiah is exact.
    expect(Math.round(refund * 100)).toBe(Math.max(-change, 0) * percent);
  }
});
