import { type Db, run } from './db.ts';

/** What requests in the words of the source documents leave out. */

export type Performance = { readonly slot_id: string; readonly service_id: string };

/** Coming slots that an event's id may mean: the slot, or those of a service or of a venue; the soonest first. */
export async function comingSlots(
  sql: Db,
  event_id: string,
  limit: number,
): Promise<readonly Performance[]> {
  return await run(sql<Performance[]>`
    select id as slot_id, service_id
    from slots
    where starts_at > now() and status <> 'blocked'
      and (
        id = ${event_id}
        or service_id in (
          select id from services where id = ${event_id} or clinic_id = ${event_id}
        )
      )
    order by starts_at, id
    limit ${limit}`);
}

/** An owner's pets, the longest known first, and what kind of place the slot belongs to. */
export async function petsFor(
  sql: Db,
  user_id: string,
  slot_id: string | null,
): Promise<readonly { readonly pet_id: string; readonly kind: string | null }[]> {
  return await run(sql<{ pet_id: string; kind: string | null }[]>`
    select p.id as pet_id, (
        select c.kind from slots sl join clinics c on c.id = sl.clinic_id where sl.id = ${slot_id}
      ) as kind
    from pets p
    where p.user_id = ${user_id}
    order by p.created_at, p.id
    limit 2`);
}

/** Whose holds of a slot stand; at most two. */
export async function holdsOfSlot(
  sql: Db,
  slot_id: string,
  clinic_id: string | null,
): Promise<readonly string[]> {
  const rows = await run(sql<{ id: string }[]>`
    select distinct r.id
    from slot_claims c
    join reservations r on r.id = c.reservation_id
    where c.slot_id = ${slot_id} and r.status = 'pending'
      ${clinic_id === null ? sql`` : sql`and r.clinic_id = ${clinic_id}`}
    limit 2`);
  return rows.map(({ id }) => id);
}

/** The hold that a payment is for, if it has this lock. Locks have no index: the payment leads there. */
export async function holdOfLock(
  sql: Db,
  payment_id: string,
  lock_id: string,
): Promise<string | null> {
  const [row] = await run(sql<{ id: string }[]>`
    select r.id
    from payments p
    join reservations r on r.id = p.reservation_id
    where p.id = ${payment_id} and r.lock_id = ${lock_id}`);
  return row?.id ?? null;
}

export type PaymentOfHold = { readonly status: string; readonly booking_id: string | null };

/** A payment, if it is of that hold. */
export async function paymentOfHold(
  sql: Db,
  payment_id: string,
  reservation_id: string,
): Promise<PaymentOfHold | null> {
  const [row] = await run(sql<PaymentOfHold[]>`
    select status, booking_id
    from payments
    where id = ${payment_id} and reservation_id = ${reservation_id}`);
  return row ?? null;
}
