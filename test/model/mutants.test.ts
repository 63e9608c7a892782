import fc from 'fast-check';
import type { Sql } from 'postgres';
import { expect, test } from 'vitest';
import { openModelBench } from './bench.ts';
import { runSteps } from './run.ts';
import { anyStep } from './steps.ts';

/** A guard taken out must be noticed within so many steps; most are within the first hundred. */
const STEPS_MAX = 4_000;
const STEPS_PER_RUN = 200;

const bench = await openModelBench();
const { sql } = bench;

/** One guard of the product each, as it stands in the function, and what a careless hand makes of it. */
const mutants = [
  [
    'hold_slot',
    "if v_status = 'blocked' or v_starts_at <= now() then",
    'if v_starts_at <= now() then',
  ],
  ['hold_slot', 'and c.ends_at > v_starts_at', 'and false'],
  ['hold_slot', "if not found then v_place := 'staff_busy'; end if;", ''],
  [
    'claim_one_seat',
    'from generate_series(1, p_slot.capacity) as s',
    'from generate_series(1, p_slot.capacity + 1) as s',
  ],
  ['clear_overdue', 'if v_session is not null then', 'if false then'],
  ['free_place', 'delete from staff_claims c where c.slot_id = p_slot_id;', ''],
  ['end_reservation', 'perform free_place(v_r.slot_id, v_r.id, v_r.seats);', ''],
  ['extend_reservation', "when v_r.extended_at is not null then 'policy_refused'", ''],
  [
    'extend_reservation',
    "when p_lock_id is not null and p_lock_id <> v_r.lock_id then 'conflict'",
    '',
  ],
  [
    'cancel_reservation',
    "if v_r.status = 'pending' then",
    "if v_r.status in ('pending', 'confirmed') then",
  ],
  ['confirm_reservation', "when v_r.status = 'expired' then 'reservation_expired'", ''],
  ['take_payment_event', "elsif v_p.status in ('success', 'refunded') then", 'elsif false then'],
  [
    'settle_success',
    'if p_amount <> p_p.amount or p_currency <> p_p.currency then',
    'if false then',
  ],
  ['settle_success', "p.id <> p_p.id and p.status = 'success'", 'false'],
  ['settle_success', "if p_r.status = 'cancelled' or seats is null", 'if false'],
  [
    'retake_place',
    "if v_slot.status = 'blocked' or v_slot.starts_at <= now() then return null; end if;",
    '',
  ],
  ['make_booking', 'set expires_at = null', 'set expires_at = c.expires_at'],
  ['cancel_booking', "when v_b.status <> 'confirmed' then 'policy_refused'", ''],
  ['cancel_booking', 'perform free_place(v_b.slot_id, v_b.reservation_id, v_seats);', ''],
  ['cancel_booking', "when 'clinic' then 100", "when 'clinic' then 50"],
  [
    'set_booking_status',
    "when v_old.status = 'in-progress' and p_status = 'completed'",
    "when p_status = 'completed'",
  ],
  [
    'finish_refund',
    "status = case when v_done = p.amount then 'refunded' else p.status end",
    'status = p.status',
  ],
] as const;

async function definitionOf(name: string): Promise<string> {
  const [row] = await sql<{ text: string }[]>`
    select pg_get_functiondef(oid) as text from pg_proc where proname = ${name}`;
  if (!row) throw new Error(`there is no function ${name}`);
  return row.text;
}

/** Steps until the walk complains; null when it never does. */
async function stepsToNotice(parts: Omit<typeof bench, 'sql'> & { readonly sql: Sql }) {
  let steps = 0;
  const count = () => {
    steps += 1;
  };
  const length = { minLength: STEPS_PER_RUN, maxLength: STEPS_PER_RUN };
  // Always the same walks: a control must not depend on luck.
  const walks = fc.sample(fc.array(anyStep, length), {
    seed: 3,
    numRuns: STEPS_MAX / STEPS_PER_RUN,
  });
  for (const walk of walks) {
    try {
      await runSteps({ ...parts, count }, walk);
    } catch {
      return steps;
    }
  }
  return null;
}

test.for(mutants)(
  '%s without "%s" is noticed',
  { timeout: 120_000 },
  async ([name, guard, instead]) => {
    const original = await definitionOf(name);
    expect(original.split(guard)).toHaveLength(2);
    await sql.unsafe(original.replace(guard, instead));
    try {
      const steps = await stepsToNotice(bench);
      expect(steps).not.toBeNull();
    } finally {
      await sql.unsafe(original);
    }
  },
);

test('the same walks with every guard in place end well', async () => {
  const some = fc.sample(fc.array(anyStep, { minLength: 100, maxLength: 100 }), {
    seed: 3,
    numRuns: 3,
  });
  for (const walk of some) await runSteps({ ...bench, count: () => {} }, walk);
});
