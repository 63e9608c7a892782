/** Years of closed bookings, written straight into the tables: what a clinic group leaves behind. */
import type { Sql } from 'postgres';

export const CLINICS = 20;
const VETS = 10;
const SERVICES = 5;
const YEARS = 5;
const BATCH = 25_000;
/** Holds that came to nothing, for each booking. */
const LAPSED = 2;
/** Seats of older visits are forgotten (docs/history.md). */
const SEAT_DAYS = 90;

export type Past = {
  readonly bookings: number;
  readonly of: number;
  /** What is left where nothing useless was ever kept: no lapsed holds, old seats, logs or messages. */
  readonly lean: boolean;
};

/**
 * Places, people, and the open slots of the days to come: `ahead` half-hours of each vet, the same
 * however long the past.
 */
export async function fillPresent(sql: Sql, owners: number, ahead: number): Promise<void> {
  await sql`set session_replication_role = replica`;
  await sql`
    insert into clinics (code, name, city, time_zone, currency)
    select 'H' || n, 'Clinic ' || n, 'Jakarta', 'Asia/Jakarta', 'IDR'
    from generate_series(1, ${CLINICS}::int) n`;
  await sql`
    insert into staff (clinic_id, name)
    select c.id, 'Vet ' || n from clinics c, generate_series(1, ${VETS}::int) n`;
  await sql`
    insert into services (clinic_id, name, price, currency)
    select c.id, 'Service ' || n, 250000, 'IDR' from clinics c, generate_series(1, ${SERVICES}::int) n`;
  await sql`
    with u as (
      insert into users (full_name, email, phone)
      select 'Owner ' || n, 'owner' || n || '@example.com', '+62812' || lpad(n::text, 8, '0')
      from generate_series(1, ${owners}::int) n
      returning id
    )
    insert into pets (user_id, name, species) select id, 'Mochi', 'cat' from u`;
  await sql`
    create unlogged table bench_vets as
    select row_number() over () - 1 as n, s.id as staff_id, s.clinic_id,
      (select sv.id from services sv where sv.clinic_id = s.clinic_id
        order by md5(sv.id::text || s.id::text) limit 1) as service_id
    from staff s`;
  await sql`
    create unlogged table bench_owners as
    select row_number() over () - 1 as n, user_id, id as pet_id from pets`;
  await sql`create index on bench_owners (n)`;
  await sql`
    insert into slots (
      clinic_id, service_id, staff_id, starts_at, ends_at, slot_date, slot_start_time, slot_end_time
    )
    select v.clinic_id, v.service_id, v.staff_id, t, t + interval '30 min',
      (t at time zone 'Asia/Jakarta')::date, (t at time zone 'Asia/Jakarta')::time,
      ((t + interval '30 min') at time zone 'Asia/Jakarta')::time
    from bench_vets v, generate_series(1, ${ahead}::int) g (nth),
      lateral (select date_trunc('hour', now()) + g.nth * interval '2 hours' as t) x`;
  await sql`set session_replication_role = default`;
}

/** Version 7 ids, as the program makes them: they grow at one end of their index. */
const v7 = (sql: Sql, column: string) => sql`(
    lpad(to_hex((extract(epoch from ${sql.unsafe(column)}) * 1000)::bigint), 12, '0')
    || '7' || substr(md5(random()::text), 1, 3) || 'a' || substr(md5(random()::text), 1, 15)
  )::uuid`;

/** Who was when with whom: one row per booking, and one per hold that lapsed (`place` > 0). */
async function planBatch(sql: Sql, from: number, to: number, past: Past): Promise<void> {
  const { of, lean } = past;
  // No vet sees two pets at once.
  const gap_s = Math.max(31 * 60, Math.floor((YEARS * 365 * 86_400 * CLINICS * VETS) / of));
  await sql`drop table if exists batch`;
  await sql`
    create temp table batch as
    select g.i, p as place, v.clinic_id, v.service_id, v.staff_id, o.user_id, o.pet_id, t.starts_at,
      t.starts_at - interval '5 days' as made_at, gen_random_uuid() as slot_id,
      ${v7(sql, "t.starts_at - interval '5 days'")} as reservation_id,
      gen_random_uuid() as booking_id, gen_random_uuid() as payment_id, nextval('hold_numbers') as fence
    from generate_series(${from}::int, ${to}::int) g (i)
    cross join generate_series(0, ${lean ? 0 : LAPSED}::int) p
    join bench_vets v on v.n = g.i % ${CLINICS * VETS}::int
    join bench_owners o on o.n = (g.i::bigint * 7919 + p) % (select count(*) from bench_owners)
    cross join lateral (
      select date_trunc('minute', now()) - interval '1 day' - (g.i / ${CLINICS * VETS}::int)
        * make_interval(secs => ${gap_s}::int) as starts_at
    ) t`;
}

async function writePayments(sql: Sql): Promise<void> {
  await sql`
    insert into payments (
      id, reservation_id, booking_id, clinic_id, user_id, session_id, session_expires_at,
      session_closed_at, payment_url, external_reference, amount, payment_method, status, paid_at,
      created_at, updated_at
    )
    select payment_id, reservation_id, case when place = 0 then booking_id end, clinic_id, user_id,
      'cs_test_' || md5(payment_id::text) || md5(fence::text), made_at + interval '31 min',
      made_at + interval '10 min', 'https://checkout.example.com/c/pay/' || repeat(md5(fence::text), 8),
      case when place = 0 then 'pi_' || md5(payment_id::text) end, 250000, 'checkout',
      case when place = 0 then 'success' else 'failed' end, case when place = 0 then made_at end,
      made_at, made_at
    from batch`;
}

async function writeHolds(sql: Sql, { lean }: Past): Promise<void> {
  await sql`
    insert into reservations (
      id, user_id, pet_id, clinic_id, service_id, slot_id, lock_id, fence, reference_code, status,
      seats, amount, amount_due, currency, expires_at, source, correlation_id, version, created_at,
      updated_at
    )
    select reservation_id, user_id, pet_id, clinic_id, service_id, slot_id, md5(fence::text), fence,
      reference_code(fence), case when place = 0 then 'confirmed' else 'expired' end, '{1}', 250000,
      250000, 'IDR', made_at + interval '10 min', 'api', reservation_id::text, 2, made_at,
      made_at + interval '10 min'
    from batch`;
  await writePayments(sql);
  if (lean) return;
  await sql`
    insert into reservation_log_entries (
      reservation_id, reservation_version, action, previous_status, status, source, request_id,
      created_at
    )
    select reservation_id, n, case when n = 1 then 'reservation.created' when place = 0
        then 'reservation.confirmed' else 'reservation.expired' end,
      case when n = 2 then 'pending' end,
      case when n = 1 then 'pending' when place = 0 then 'confirmed' else 'expired' end, 'api',
      reservation_id::text, made_at
    from batch, generate_series(1, 2) n`;
  await sql`
    insert into payment_attempts (payment_id, event_id, result, amount, currency, created_at)
    select payment_id, 'evt_' || md5(payment_id::text),
      case when place = 0 then 'success' else 'expired' end, 250000, 'IDR', made_at
    from batch`;
  await sql`
    insert into webhook_events (event_id, event_type, payload, outcome, payment_id, received_at)
    select 'evt_' || md5(payment_id::text), 'checkout.session.completed',
      jsonb_build_object('object', 'checkout.session', 'filling', repeat(md5(fence::text), 20)),
      'confirmed', payment_id, made_at
    from batch`;
}

async function writeBookings(sql: Sql, { lean }: Past): Promise<void> {
  await sql`delete from batch where place > 0`;
  await sql`
    insert into slots (
      id, clinic_id, service_id, staff_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, status, booked_count, version
    )
    select slot_id, clinic_id, service_id, staff_id, starts_at, starts_at + interval '30 min',
      (starts_at at time zone 'Asia/Jakarta')::date, (starts_at at time zone 'Asia/Jakarta')::time,
      ((starts_at + interval '30 min') at time zone 'Asia/Jakarta')::time, 'available', 1, 2
    from batch`;
  await sql`
    insert into slot_claims (slot_id, seat, reservation_id, user_id, starts_at, ends_at)
    select slot_id, 1, reservation_id, user_id, starts_at, starts_at + interval '30 min' from batch
    where ${!lean} or starts_at > now() - make_interval(days => ${SEAT_DAYS}::int)`;
  await sql`
    insert into staff_claims (slot_id, staff_id, clinic_id, during)
    select slot_id, staff_id, clinic_id, tstzrange(starts_at, starts_at + interval '30 min') from batch
    where ${!lean} or starts_at > now() - make_interval(days => ${SEAT_DAYS}::int)`;
  await sql`
    insert into bookings (
      id, reservation_id, user_id, pet_id, clinic_id, service_id, slot_id, payment_id,
      reference_code, amount, amount_due, currency, status, pet_snapshot, service_snapshot,
      user_snapshot, booking_time, arrived_at, started_at, completed_at, source, version, created_at,
      updated_at
    )
    select booking_id, reservation_id, user_id, pet_id, clinic_id, service_id, slot_id, payment_id,
      reference_code(fence), 250000, 250000, 'IDR', 'completed', '{"name": "Mochi", "species": "cat"}',
      '{"name": "Vaccination", "duration_minutes": 30}', '{"full_name": "Owner", "phone": "+6281234567"}',
      starts_at, starts_at, starts_at, starts_at + interval '30 min', 'api', 4, made_at, starts_at
    from batch`;
  if (lean) return;
  await sql`
    with log as (
      insert into booking_logs (booking_id, created_at)
      select booking_id, made_at from batch
      returning id, created_at
    )
    insert into booking_log_entries (
      log_id, booking_version, action, status, previous_state, new_state, source, created_at
    )
    select id, n, 'booking.status_changed', case when n < 4 then 'confirmed' else 'completed' end,
      '{"status": "confirmed"}', '{"status": "confirmed"}', 'tui', created_at
    from log, generate_series(1, 4) n`;
}

async function writeTraces(sql: Sql): Promise<void> {
  await sql`
    insert into financial_entries (
      booking_id, payment_id, clinic_id, type, total_amount, platform_fee, clinic_amount, tax_amount,
      currency, created_at
    )
    select booking_id, payment_id, clinic_id, 'payment', 250000, 25000, 225000, 0, 'IDR', made_at
    from batch`;
  await sql`
    insert into booking_reminders (
      booking_id, clinic_id, reminder_type, scheduled_time, booking_time, status, sent_at, created_at,
      updated_at
    )
    select booking_id, clinic_id, 'upcoming', starts_at - interval '1 day', starts_at, 'sent',
      starts_at - interval '1 day', made_at, starts_at
    from batch`;
  await sql`
    insert into notifications (user_id, booking_id, event_id, type, title, content, delivery_status, created_at)
    select user_id, booking_id, gen_random_uuid(), 'booking_confirmed', 'Your visit is booked',
      repeat('It is on Monday. ', 8), 'sent', made_at
    from batch`;
  await sql`
    insert into deliveries (
      event_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload, status,
      attempts, sent_at, created_at
    )
    select gen_random_uuid(), clinic_id, booking_id, user_id, 'email', 'booking_confirmed',
      'owner@example.com', 'en', jsonb_build_object('filling', repeat(md5(fence::text), 15)), 'sent',
      1, made_at, made_at
    from batch, generate_series(1, 2)`;
}

/** Bookings `from` to `bookings`, going back from yesterday so that `of` of them fill five years. */
export async function fillPast(sql: Sql, from: number, past: Past): Promise<void> {
  // Everything is written as it would be; checking each row's keys would take most of the time.
  await sql`set session_replication_role = replica`;
  for (let start = from; start < past.bookings; start += BATCH) {
    const end = Math.min(past.bookings, start + BATCH) - 1;
    await planBatch(sql, start, end, past);
    await writeHolds(sql, past);
    await writeBookings(sql, past);
    if (!past.lean) await writeTraces(sql);
  }
  await sql`set session_replication_role = default`;
  await sql`vacuum analyze`;
  await sql`checkpoint`;
}
