import type { TransactionSql } from 'postgres';
import { planSeats } from '../domain/seat-plan.ts';
import { seedId } from './seed-random.ts';

/** Places of the demo that sell time to people, not to pets: a salon, and a venue with numbered seats. */

/** Two weeks of slots, today included. */
const DAYS = 14;

const actor = { kind: 'system', id: null, source: 'cli' };

const salon = {
  code: 'GLM',
  name: 'Glow Salon Senopati',
  kind: 'salon',
  city: 'Jakarta',
  address: 'Jl. Senopati 41, Jakarta Selatan',
  phone: '+62 21-5550-0141',
  email: 'halo@glow-salon.example',
  // A stylist may take one more beside a long treatment.
  overbooking_percent: 10,
} as const;

const venue = {
  code: 'BMS',
  name: 'Balai Musik Senayan',
  kind: 'venue',
  city: 'Jakarta',
  address: 'Jl. Asia Afrika 8, Jakarta Pusat',
  phone: '+62 21-5550-0108',
  email: 'tiket@balai-musik.example',
  overbooking_percent: 5,
} as const;

/** 120 seats; the stalls have an aisle in the middle. */
const hall = planSeats({
  categories: [{ category: 'Tribun' }, { category: 'Balkon' }],
  rows: [
    ...['A', 'B', 'C', 'D', 'E'].map((row) => ({ row, places: '1-8,10-17', category: 'Tribun' })),
    ...['F', 'G'].map((row) => ({ row, places: '1-20', category: 'Balkon' })),
  ],
}).seats;

const salon_services = [
  { key: 'cut', name: 'Potong rambut', category: 'hair', price: '120000', minutes: 60 },
  { key: 'bath', name: 'Creambath', category: 'hair', price: '180000', minutes: 90 },
] as const;

type Place = typeof salon | typeof venue;

async function seedPlace(sql: TransactionSql, seed: number, place: Place): Promise<string> {
  const id = seedId(seed, `${place.code}:clinic`);
  const row = { ...place, id, time_zone: 'Asia/Jakarta', currency: 'IDR', lang: 'id' as const };
  await sql`insert into clinics ${sql({ ...row, country: 'ID' })} on conflict (id) do nothing`;
  return id;
}

/** Slots of a service on every day, at these hours of the clinic's clock. */
async function seedSlots(
  sql: TransactionSql,
  seed: number,
  slots: {
    readonly service_id: string;
    readonly staff_id: string | null;
    readonly hours: readonly number[];
    readonly minutes: number;
  },
): Promise<void> {
  const { service_id, staff_id, hours, minutes } = slots;
  await sql`
    insert into slots (
      id, clinic_id, service_id, staff_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, capacity
    )
    select
      overlay(overlay(md5(concat_ws(':', ${seed}::int, sv.id, local_start))
        placing '4' from 13) placing '8' from 17)::uuid,
      sv.clinic_id, sv.id, ${staff_id}::uuid, local_start at time zone c.time_zone,
      (local_start at time zone c.time_zone) + ${minutes} * interval '1 minute',
      local_start::date, local_start::time,
      (local_start + ${minutes} * interval '1 minute')::time, sv.capacity
    from services sv
    join clinics c on c.id = sv.clinic_id,
    generate_series(0, ${DAYS - 1}::int) as day,
    unnest(${sql.array([...hours])}::int[]) as hour,
    lateral (
      select (now() at time zone c.time_zone)::date + day + hour * interval '1 hour'
    ) as l (local_start)
    where sv.id = ${service_id}
    on conflict do nothing`;
}

/** Booked by owners of the first clinic, through the functions of production; no pet comes along. */
async function seedBookings(
  sql: TransactionSql,
  seed: number,
  bookings: readonly {
    readonly service_id: string;
    readonly owner: number;
    /** Which of the coming slots, from 0. */
    readonly slot: number;
    readonly quantity: number;
    readonly labels: readonly string[] | null;
  }[],
): Promise<void> {
  const rows = bookings.map((one) => ({
    ...one,
    user_id: seedId(seed, `BSD:user:${one.owner}`),
    reservation_id: seedId(seed, `reservation:${one.service_id}:${one.owner}`),
  }));
  await sql`
    select h.outcome
    from jsonb_to_recordset(${sql.json(rows)}) as v (
      service_id uuid, slot int, quantity int, labels jsonb, user_id uuid, reservation_id uuid
    )
    cross join lateral (
      select sl.id
      from slots sl
      where sl.service_id = v.service_id and sl.starts_at > now() + interval '1 hour'
      order by sl.starts_at, sl.id
      offset v.slot limit 1
    ) as s
    cross join lateral hold_slot(
      v.reservation_id, s.id, v.user_id, null, v.quantity, null, v.reservation_id::text,
      'seed:' || v.reservation_id, ${sql.json(actor)}, null,
      case when jsonb_typeof(v.labels) = 'array' then jsonb_build_object('labels', v.labels) end
    ) as h`;
  await sql`
    select c.outcome
    from jsonb_to_recordset(${sql.json(rows)}) as v (reservation_id uuid)
    join reservations r on r.id = v.reservation_id and r.status = 'pending',
    lateral confirm_reservation(r.id, 'cash', null, null, ${sql.json(actor)}) as c`;
}

async function seedSalon(sql: TransactionSql, seed: number): Promise<void> {
  const clinic_id = await seedPlace(sql, seed, salon);
  const id = (label: string) => seedId(seed, `${salon.code}:${label}`);
  for (const [index, { key, minutes, ...service }] of salon_services.entries()) {
    const staff_id = id(`staff:${index}`);
    const service_id = id(`service:${key}`);
    const stylist = {
      id: staff_id,
      clinic_id,
      name: index === 0 ? 'Rani' : 'Tika',
      title: 'Stylist',
    };
    await sql`insert into staff ${sql(stylist)} on conflict (id) do nothing`;
    const row = {
      ...service,
      id: service_id,
      clinic_id,
      currency: 'IDR',
      duration_minutes: minutes,
    };
    await sql`insert into services ${sql(row)} on conflict (id) do nothing`;
    const hours = index === 0 ? [10, 11, 12, 14, 15, 16, 17] : [10, 12, 14, 16];
    await seedSlots(sql, seed, { service_id, staff_id, hours, minutes });
  }
  const service_id = id('service:cut');
  const cut = { service_id, quantity: 1, labels: null };
  await seedBookings(sql, seed, [
    { ...cut, owner: 50, slot: 0 },
    { ...cut, owner: 51, slot: 2 },
  ]);
}

async function seedVenue(sql: TransactionSql, seed: number): Promise<void> {
  const clinic_id = await seedPlace(sql, seed, venue);
  const service_id = seedId(seed, `${venue.code}:service:concert`);
  const concert = {
    id: service_id,
    clinic_id,
    name: 'Konser Senja',
    category: 'music',
    price: '150000',
    currency: 'IDR',
    duration_minutes: 120,
    capacity: 120,
    has_tiers: true,
  };
  await sql`insert into services ${sql(concert)} on conflict (id) do nothing`;
  const tier = (name: string, price: string, is_default: boolean) => ({
    id: seedId(seed, `${venue.code}:tier:${name}`),
    service_id,
    clinic_id,
    name,
    price,
    is_default,
  });
  const tiers = [tier('Tribun', '150000', true), tier('Balkon', '90000', false)];
  await sql`insert into price_tiers ${sql(tiers)} on conflict do nothing`;
  await sql`
    select p.outcome
    from set_seat_plan(
      ${service_id}, ${sql.json([...hall])}, 0, false, ${sql.json(actor)}
    ) as p`;
  await seedSlots(sql, seed, { service_id, staff_id: null, hours: [19], minutes: 120 });
  const show = { service_id, slot: 0 };
  await seedBookings(sql, seed, [
    { ...show, owner: 52, quantity: 2, labels: ['A-8', 'A-10'] },
    { ...show, owner: 53, quantity: 4, labels: ['C-3', 'C-4', 'C-5', 'C-6'] },
    { ...show, owner: 54, quantity: 3, labels: ['F-1', 'F-2', 'G-1'] },
    { ...show, owner: 55, quantity: 5, labels: null },
  ]);
}

/** Adds what is missing of the two, as the rest of the demo does. */
export async function seedPlaces(sql: TransactionSql, seed: number): Promise<void> {
  await seedSalon(sql, seed);
  await seedVenue(sql, seed);
}
