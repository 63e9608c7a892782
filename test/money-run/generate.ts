import type { Sql } from 'postgres';
import { addClinic, addOwners, addService, type Clinic } from '../helpers/database.ts';

/**
 * Bookings by the ten thousand through the product's own SQL functions, a thousand per statement:
 * paid by page, in cash, in parts, late; cancelled, moved and refunded. Nothing is written into a
 * money table by hand.
 */

/** Currencies with two, no and three decimals, odd rates, and days that begin at different times. */
const clinics = [
  {
    currency: 'IDR',
    time_zone: 'Asia/Jakarta',
    commission_bp: 1_000,
    tax_bp: 1_100,
    price: '250000.37',
  },
  { currency: 'JPY', time_zone: 'Asia/Tokyo', commission_bp: 850, tax_bp: 1_000, price: '7301' },
  {
    currency: 'EUR',
    time_zone: 'Europe/Berlin',
    commission_bp: 1_255,
    tax_bp: 1_900,
    price: '89.95',
  },
  { currency: 'KWD', time_zone: 'Asia/Kuwait', commission_bp: 333, tax_bp: 0, price: '12.345' },
] as const;

const ACTOR = { kind: 'operator', source: 'api', request_id: 'money-run' };
const STATEMENT_MAX = 1_000;
/** Batches under way at once; they share no owner and no slot. */
const LANES = 3;

export type Generated = {
  readonly clinics: readonly (Clinic & {
    readonly commission_bp: number;
    readonly tax_bp: number;
  })[];
};

/** Clinics, owners, a slot for each booking and one to move to, and the plan of what happens. */
async function prepare(sql: Sql, count: number, owners: number): Promise<Generated> {
  await sql`
    create table run_plan (
      n integer primary key, kind integer not null, user_id uuid not null, pet_id uuid not null,
      slot_id uuid not null default gen_random_uuid(),
      other_slot_id uuid not null default gen_random_uuid(),
      reservation_id uuid not null default gen_random_uuid(),
      payment_id uuid not null default gen_random_uuid()
    )`;
  await sql`create table run_owners (n integer primary key, user_id uuid, pet_id uuid)`;
  const made = await addOwners(sql, owners);
  await sql`
    insert into run_owners
    select t.i, t.user_id, t.pet_id
    from unnest(
      ${made.map(({ user_id }) => user_id)}::uuid[], ${made.map(({ pet_id }) => pet_id)}::uuid[]
    ) with ordinality as t (user_id, pet_id, i)`;
  const all = [];
  for (const [index, one] of clinics.entries()) {
    const { price, ...options } = one;
    const clinic = await addClinic(sql, options);
    const service_id = await addService(sql, clinic, { price, deposit: null });
    const deposit_id = await addService(sql, clinic, { price, deposit: price });
    await sql`
      update services s set deposit = trunc(s.price / 3, c.exponent)
      from currencies c
      where s.id = ${deposit_id} and c.code = s.currency`;
    all.push({ ...clinic, commission_bp: one.commission_bp, tax_bp: one.tax_bp });
    await sql`
      insert into run_plan (n, kind, user_id, pet_id)
      select g.n, g.n / ${clinics.length}::integer % 12, o.user_id, o.pet_id
      from generate_series(
        ${index}::integer, ${count}::integer, ${clinics.length}::integer
      ) as g (n)
      join run_owners o on o.n = g.n % ${owners}::integer + 1
      where g.n > 0`;
    await sql`
      insert into slots (
        id, clinic_id, service_id, starts_at, ends_at, slot_date, slot_start_time, slot_end_time, price
      )
      select
        case k.is_other when 0 then p.slot_id else p.other_slot_id end, ${clinic.id}, sv.id, t.at,
        t.at + interval '30 minutes', (t.at at time zone ${clinic.time_zone})::date,
        (t.at at time zone ${clinic.time_zone})::time,
        ((t.at + interval '30 minutes') at time zone ${clinic.time_zone})::time,
        -- Each price is another one; the place to move to is cheaper or dearer.
        sv.price + (p.n % 89) / power(10::numeric, c.exponent)
          + k.is_other * case when p.n % 2 = 0 then 1 else -1 end * trunc(sv.price / 7, c.exponent)
      from run_plan p
      cross join (values (0), (1)) as k (is_other)
      -- An owner's visits lie five hours apart, so that all tiers of the policy occur.
      cross join lateral (
        select date_trunc('hour', now())
          + (10 + p.n / ${owners}::integer * 5 + k.is_other * 200) * interval '1 hour' as at
      ) as t
      join services sv
        on sv.id = case when p.kind in (7, 8) then ${deposit_id}::uuid else ${service_id}::uuid end
      join currencies c on c.code = sv.currency
      where p.n % ${clinics.length}::integer = ${index}`;
  }
  await sql`analyze`;
  return { clinics: all };
}

/** Holds, pages, payments: how each of a range of bookings comes to its money. */
async function book(sql: Sql, from: number, to: number): Promise<void> {
  const range = sql`p.n > ${from} and p.n <= ${to}`;
  await sql`
    select count(h.outcome) from run_plan p
    cross join lateral hold_slot(
      p.reservation_id, p.slot_id, p.user_id, p.pet_id, 1, null, p.reservation_id::text, null,
      ${sql.json(ACTOR)}
    ) h
    where ${range}`;
  await sql`
    select count(s.outcome) from run_plan p
    cross join lateral record_payment_session(
      p.payment_id, p.reservation_id, 'cs_' || p.n, 'http://127.0.0.1/' || p.n,
      now() + interval '31 minutes', ${sql.json(ACTOR)}
    ) s
    where ${range} and p.kind not in (4, 5)`;
  // Given back while the page stayed open: the money comes late.
  await sql`
    select count(c.outcome) from run_plan p
    cross join lateral cancel_reservation(p.reservation_id, 'run', ${sql.json(ACTOR)}) c
    where ${range} and p.kind = 9`;
  await sql`
    select count(c.outcome) from run_plan p
    cross join lateral confirm_reservation(
      p.reservation_id, case p.kind when 4 then 'cash' else 'at_clinic' end, null, null,
      ${sql.json(ACTOR)}
    ) c
    where ${range} and p.kind in (4, 5)`;
  await sql`
    select count(e.outcome) from run_plan p
    join payments m on m.id = p.payment_id
    cross join lateral take_payment_event(
      'evt_' || p.n, 'run', '{}', m.session_id, 'pi_' || p.n, 'success', m.amount, m.currency
    ) e
    where ${range} and p.kind not in (4, 5)`;
  // The same news again, under another name.
  await sql`
    select count(e.outcome) from run_plan p
    join payments m on m.id = p.payment_id
    cross join lateral take_payment_event(
      'evt_again_' || p.n, 'run', '{}', m.session_id, 'pi_' || p.n, 'success', m.amount, m.currency
    ) e
    where ${range} and p.kind = 3`;
}

/** What happens to a range of bookings afterwards: parts at the desk, moves, cancels, goodwill. */
async function live(sql: Sql, from: number, to: number): Promise<void> {
  const range = sql`p.n > ${from} and p.n <= ${to}`;
  await sql`
    select count(d.outcome) from run_plan p
    join bookings b on b.reservation_id = p.reservation_id
    join currencies c on c.code = b.currency
    cross join lateral pay_booking(
      b.id, 'cash', trunc(b.amount / 3, c.exponent), b.version, ${sql.json(ACTOR)}
    ) d
    where ${range} and p.kind = 5`;
  await sql`
    select count(d.outcome) from run_plan p
    join bookings b on b.reservation_id = p.reservation_id
    cross join lateral pay_booking(b.id, 'card_terminal', null, null, ${sql.json(ACTOR)}) d
    where ${range} and p.kind in (5, 7)`;
  await sql`
    select count(m.outcome) from run_plan p
    join bookings b on b.reservation_id = p.reservation_id
    cross join lateral reschedule_booking(
      b.id, p.other_slot_id, case when p.n % 3 = 0 then 'clinic' else 'owner' end, null, 'run', null,
      false, ${sql.json(ACTOR)}
    ) m
    where ${range} and p.n % 13 = 0`;
  await sql`
    select count(c.outcome) from run_plan p
    join bookings b on b.reservation_id = p.reservation_id
    cross join lateral cancel_booking(
      b.id, 'run', case when p.n % 2 = 0 then 'owner' else 'clinic' end, null, false,
      ${sql.json(ACTOR)}
    ) c
    where ${range} and p.n % 7 = 0`;
  await sql`
    select count(r.outcome) from run_plan p
    join bookings b on b.reservation_id = p.reservation_id
    join currencies c on c.code = b.currency
    cross join lateral request_refund(
      b.id, trunc(b.amount / 11, c.exponent), 'goodwill', false, ${sql.json(ACTOR)}
    ) r
    where ${range} and p.n % 17 = 0`;
}

/** Sends all refunds back: the provider's by the worker, cash by hand; some are returned and retried. */
async function payBack(sql: Sql): Promise<void> {
  for (;;) {
    const [done] = await sql<{ count: number }[]>`
      select count(d.outcome)::integer as count
      from claim_refunds(${STATEMENT_MAX}, 60000) f
      cross join lateral finish_refund(
        f.refund_id, case when f.external_reference is null then 'failed' else 'completed' end,
        case when f.external_reference is not null then 're_' || f.refund_id end, null
      ) d`;
    if (done?.count === 0) break;
  }
  await sql`
    select count(complete_refund(f.id, 'cash', 'run', ${sql.json(ACTOR)})) from refunds f
    where f.status = 'failed'`;
  await sql`
    select count(take_refund_event(
      'evt_returned_' || f.id, 'run', '{}', f.external_reference, f.id, null, 'failed', f.amount,
      f.currency, 'account closed'
    ))
    from refunds f
    where f.external_reference is not null and hashtext(f.id::text) % 5 = 0`;
  await sql`
    select count(r.outcome) from refunds f
    cross join lateral retry_refund(f.id, 'run', ${sql.json(ACTOR)}) r
    where f.returned_at is not null and hashtext(f.id::text) % 2 = 0`;
  await sql`
    select count(d.outcome)
    from claim_refunds(100000, 60000) f
    cross join lateral finish_refund(f.refund_id, 'completed', 're_' || f.refund_id, null) d`;
}

/** Spreads what the ledger says over the last forty days: its time is the only row changed by hand. */
async function spread(sql: Sql): Promise<void> {
  await sql`
    update financial_entries e
    set created_at = e.created_at
      - (abs(hashtext(e.id::text)) % 57600) * interval '1 minute'`;
}

/** Makes that many bookings; the figures of what came of it are read from the tables. */
export async function generate(
  sql: Sql,
  count: number,
  tell: (done: number) => void = () => {},
): Promise<Generated> {
  const owners = Math.max(300, Math.floor(count / 10));
  const batch = Math.min(STATEMENT_MAX, Math.floor(owners / LANES));
  const generated = await prepare(sql, count, owners);
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const from = next;
      next += batch;
      await book(sql, from, from + batch);
      await live(sql, from, from + batch);
      tell(Math.min(from + batch, count));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await payBack(sql);
  await spread(sql);
  await sql`analyze`;
  return generated;
}
