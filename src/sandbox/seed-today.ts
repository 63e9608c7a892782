import type { TransactionSql } from 'postgres';
import type { SeedClinic } from './seed-data.ts';
import { type Dice, dice, seedId } from './seed-random.ts';

/** What becomes of a seeded visit. `held` ends by itself when the hold lapses, as holds do. */
type Fate =
  | 'held'
  | 'booked'
  | 'paid'
  | 'arrived'
  | 'in-progress'
  | 'completed'
  | 'no-show'
  | 'off';

type Candidate = {
  readonly slot_id: string;
  readonly capacity: number;
  readonly day: number;
  /** Minutes from now to the start and to the end; negative = past. */
  readonly starts_in: number;
  readonly ends_in: number;
};

type Visit = {
  readonly n: number;
  readonly slot_id: string;
  readonly user_id: string;
  readonly pet_id: string;
  readonly reservation_id: string;
  readonly lock_id: string;
  readonly idempotency_key: string;
  readonly fate: Fate;
};

/** Of 60 owners, so that nobody is expected twice at one time. */
const MAX_VISITS = 50;
/** Of a class; of the visits that are over, so that owners are left for those to come. */
const MAX_CLASS = 3;
const MAX_PAST = 16;
/** Holds are for the future only: slots that have begun wait there while they are booked. */
const AWAY = '400 days';

const actor = { kind: 'system', id: null, source: 'cli' };

function fateOf(roll: Dice, slot: Candidate): Fate {
  if (slot.ends_in <= 0) {
    const luck = roll.below(10);
    return luck === 0 ? 'no-show' : luck === 1 ? 'off' : 'completed';
  }
  if (slot.starts_in <= 0) return 'in-progress';
  if (slot.day === 0 && slot.starts_in <= 40) return roll.pick(['arrived', 'arrived', 'paid']);
  return roll.pick(['booked', 'booked', 'paid', 'paid', 'off']);
}

function plan(roll: Dice, seed: number, clinic: SeedClinic, today: string, slots: Candidate[]) {
  const visits: Visit[] = [];
  // An empty desk teaches nothing; a full one leaves nothing to book.
  const percent = (slot: Candidate) => (slot.day > 0 ? 4 : slot.ends_in <= 0 ? 45 : 65);
  const wanted = slots.filter((slot) => roll.below(100) < percent(slot));
  const chosen = [
    ...wanted.filter((slot) => slot.ends_in <= 0).slice(-MAX_PAST),
    ...wanted.filter((slot) => slot.ends_in > 0),
  ];
  // Two are being held right now.
  const still_free = chosen.filter((slot) => slot.starts_in > 40);
  const held = new Set(still_free.slice(0, 2).map((slot) => slot.slot_id));
  for (const slot of chosen) {
    const takers = slot.capacity === 1 ? 1 : 1 + roll.below(MAX_CLASS);
    for (let i = 0; i < takers && visits.length < MAX_VISITS; i += 1) {
      const n = visits.length;
      const label = `${clinic.code}:${today}:${n}`;
      visits.push({
        n,
        slot_id: slot.slot_id,
        user_id: seedId(seed, `${clinic.code}:user:${n}`),
        pet_id: seedId(seed, `${clinic.code}:pet:${n}:0`),
        reservation_id: seedId(seed, `reservation:${label}`),
        lock_id: seedId(seed, `lock:${label}`),
        idempotency_key: `seed:${label}`,
        fate: held.has(slot.slot_id) && slot.capacity === 1 ? 'held' : fateOf(roll, slot),
      });
    }
  }
  return visits;
}

async function candidates(sql: TransactionSql, clinic_id: string): Promise<Candidate[]> {
  return await sql<Candidate[]>`
    select sl.id as slot_id, sl.capacity,
      sl.slot_date - (now() at time zone c.time_zone)::date as day,
      round(extract(epoch from sl.starts_at - now()) / 60)::int as starts_in,
      round(extract(epoch from sl.ends_at - now()) / 60)::int as ends_in
    from slots sl
    join clinics c on c.id = sl.clinic_id
    where sl.clinic_id = ${clinic_id}
      and sl.slot_date < (now() at time zone c.time_zone)::date + 7
      and sl.slot_date >= (now() at time zone c.time_zone)::date
    order by sl.starts_at, sl.id
    limit 2000
  `;
}

/** Moves begun slots away and back again, with everything that copies their time. */
async function moveSlots(sql: TransactionSql, slot_ids: string[], by: string): Promise<void> {
  const ids = sql.array(slot_ids);
  const shift = sql`${by}::interval`;
  await sql`
    update slots set starts_at = starts_at + ${shift}, ends_at = ends_at + ${shift}
    where id = any (${ids}::uuid[])
  `;
  await sql`
    update slot_claims set starts_at = starts_at + ${shift}, ends_at = ends_at + ${shift}
    where slot_id = any (${ids}::uuid[])
  `;
  for (const table of ['staff_claims', 'room_claims']) {
    await sql`
      update ${sql(table)}
      set during = tstzrange(lower(during) + ${shift}, upper(during) + ${shift})
      where slot_id = any (${ids}::uuid[])
    `;
  }
  await sql`
    update bookings set booking_time = booking_time + ${shift}
    where slot_id = any (${ids}::uuid[])
  `;
  // Reminders of visits that have begun would all be sent at once.
  await sql`
    delete from booking_reminders r using bookings b
    where b.id = r.booking_id and b.slot_id = any (${ids}::uuid[])
  `;
  await sql`
    update booking_events_outbox e
    set payload = e.payload || jsonb_build_object('starts_at', sl.starts_at)
    from slots sl
    where sl.id = any (${ids}::uuid[])
      and e.payload ->> 'slot_id' = sl.id::text
      and e.payload ? 'starts_at'
      and e.sequence is null
  `;
}

/** The same functions as in production make every row, so that all invariants hold. */
async function book(sql: TransactionSql, visits: readonly Visit[]): Promise<void> {
  const rows = sql.json([...visits]);
  await sql`
    select h.outcome
    from jsonb_to_recordset(${rows}) as v (
      n int, slot_id uuid, user_id uuid, pet_id uuid, reservation_id uuid, lock_id text,
      idempotency_key text
    ),
    lateral hold_slot(
      v.reservation_id, v.slot_id, v.user_id, v.pet_id, 1, null, v.lock_id, v.idempotency_key,
      ${sql.json(actor)}
    ) as h
  `;
  await sql`
    select c.outcome
    from jsonb_to_recordset(${rows}) as v (reservation_id uuid, fate text)
    join reservations r on r.id = v.reservation_id,
    lateral confirm_reservation(
      r.id, case when v.fate = 'paid' or v.fate = 'completed' then 'cash' else 'at_clinic' end,
      null, null, ${sql.json(actor)}
    ) as c
    where v.fate <> 'held'
  `;
  await sql`
    select c.outcome
    from jsonb_to_recordset(${rows}) as v (reservation_id uuid, fate text)
    join bookings b on b.reservation_id = v.reservation_id,
    lateral cancel_booking(
      b.id, 'plans changed', 'clinic', null, false, ${sql.json(actor)}
    ) as c
    where v.fate = 'off'
  `;
}

async function setStatuses(sql: TransactionSql, visits: readonly Visit[]): Promise<void> {
  const steps: readonly { status: string; fates: readonly Fate[] }[] = [
    { status: 'arrived', fates: ['arrived', 'in-progress', 'completed'] },
    { status: 'in-progress', fates: ['in-progress', 'completed'] },
    { status: 'completed', fates: ['completed'] },
    { status: 'no-show', fates: ['no-show'] },
  ];
  for (const { status, fates } of steps) {
    const ids = visits.filter((visit) => fates.includes(visit.fate)).map((v) => v.reservation_id);
    await sql`
      select s.outcome
      from bookings b,
      lateral set_booking_status(b.id, ${status}, null, ${sql.json(actor)}) as s
      where b.reservation_id = any (${sql.array(ids)}::uuid[])
    `;
  }
  // The visits happened when they were due, not all at this moment.
  await sql`
    update bookings b
    set arrived_at = least(b.booking_time - interval '4 minutes', now()),
      started_at = case when b.started_at is not null then b.booking_time end,
      completed_at = case when b.completed_at is not null then sl.ends_at end
    from slots sl
    where sl.id = b.slot_id
      and b.arrived_at is not null
      and b.reservation_id = any (${sql.array(visits.map((v) => v.reservation_id))}::uuid[])
  `;
}

/** Fills a clinic's today and the week after with visits in all states, once per local date. */
export async function seedToday(
  sql: TransactionSql,
  seed: number,
  clinic: SeedClinic,
): Promise<void> {
  const clinic_id = seedId(seed, `${clinic.code}:clinic`);
  const [state] = await sql<{ today: string; done: boolean }[]>`
    select d.today, exists (
      select from reservations r
      where r.clinic_id = c.id
        and r.idempotency_key like 'seed:' || c.code || ':' || d.today || ':%'
    ) as done
    from clinics c,
    lateral (select to_char(now() at time zone c.time_zone, 'YYYY-MM-DD') as today) as d
    where c.id = ${clinic_id}
  `;
  if (!state || state.done) return;
  const slots = await candidates(sql, clinic_id);
  const salt = Number.parseInt(seedId(seed, `${clinic.code}:${state.today}`).slice(0, 8), 16);
  const visits = plan(dice(salt), seed, clinic, state.today, slots);
  const begun = slots.filter((slot) => slot.starts_in <= 0).map((slot) => slot.slot_id);
  await moveSlots(sql, begun, AWAY);
  await book(sql, visits);
  await moveSlots(sql, begun, `-${AWAY}`);
  await setStatuses(sql, visits);
}
