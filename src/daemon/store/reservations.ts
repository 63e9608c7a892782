import type { ReservationStatus } from '../../domain/booking.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';
import type { PriceLines, TierItem, TierRule } from './prices.ts';
import type { SeatRule, SeatWish } from './seats.ts';
import type { SlotMeta } from './slots.ts';

export type HoldRequest = {
  /** Chosen by the caller, so that an unknown outcome can be looked up. */
  readonly reservation_id: string;
  readonly slot_id: string;
  readonly user_id: string;
  /** Null where nobody has to know for whom: everywhere but at a clinic. */
  readonly pet_id: string | null;
  readonly quantity: number;
  /** Preferred seats (those that the doorman locked), or null. */
  readonly seats: readonly number[] | null;
  readonly lock_id: string;
  readonly idempotency_key: string | null;
  /** Price tiers and the seats of each; none = the default. */
  readonly items?: readonly TierItem[] | null;
  /** Which numbered seats; none = those that the seat plan has left. */
  readonly wish?: SeatWish | null;
};

export type HoldOutcome =
  | 'ok'
  | 'replayed'
  | 'slot_taken'
  | 'slot_locked'
  | 'overdue_session'
  | 'invalid_slot'
  | 'service_unavailable'
  | 'not_found'
  | 'invalid_input'
  | 'policy_refused';

/** The reservation's own fields are null unless the outcome is `ok` or `replayed`. */
export type HoldResult = {
  readonly outcome: HoldOutcome;
  readonly reservation_id: string | null;
  readonly reference_code: string | null;
  readonly lock_id: string | null;
  readonly seats: readonly number[] | null;
  readonly fence: number | null;
  readonly expires_at: Temporal.Instant | null;
  readonly hold_ms: number | null;
  readonly amount: string | null;
  /** What has to be paid to confirm: the deposit, or all. */
  readonly amount_due: string | null;
  readonly currency: string | null;
  readonly clinic_id: string | null;
  readonly service_id: string | null;
  readonly clinic_name: string | null;
  readonly service_name: string | null;
  readonly starts_at: Temporal.Instant | null;
  /** With `overdue_session`: ask the provider to expire it, call expireReservation, try again. */
  readonly blocking_reservation_id: string | null;
  readonly blocking_session_id: string | null;
  readonly retry_after_ms: number | null;
  /** Which rule about price tiers, seats or time refused, and about which; also a tier that is sold out. */
  readonly rule: TierRule | SeatRule | 'too_soon' | 'too_far' | null;
  readonly tier: string | null;
  /** With `slot_taken` of a slot for one: whose claim stands in the way. */
  readonly blocking_user_id: string | null;
};

/** Beside the outcome, because only losers of a slot for one need it. */
const blocker = (sql: Db, slot_id: string) => sql`
  case when outcome = 'slot_taken' then (
    select c.user_id
    from slot_claims c
    join slots taken on taken.id = c.slot_id and taken.capacity = 1
    where c.slot_id = ${slot_id} and c.seat = 1
    limit 1
  ) end as blocking_user_id`;

/** The judge: holds seats or says why not. One round trip; a loser writes nothing. */
export async function holdSlot(sql: Db, hold: HoldRequest, actor: DbActor): Promise<HoldResult> {
  return await runOne(sql<HoldResult[]>`
    select outcome, reservation_id, reference_code, lock_id, seats, fence, expires_at, hold_ms,
      amount, amount_due, currency, clinic_id, service_id, clinic_name, service_name, starts_at,
      blocking_reservation_id, blocking_session_id, retry_after_ms, rule, tier,
      ${blocker(sql, hold.slot_id)}
    from hold_slot(
      ${hold.reservation_id}, ${hold.slot_id}, ${hold.user_id}, ${hold.pet_id}, ${hold.quantity},
      ${hold.seats}, ${hold.lock_id}, ${hold.idempotency_key}, ${sql.json(actor)},
      ${hold.items ? sql.json(hold.items) : null}, ${hold.wish ? sql.json({ ...hold.wish }) : null}
    )`);
}

/** A hold that tells of its slot too: for a slot that the caller has not read before. */
export type UnseenHold = HoldResult & {
  readonly slot: SlotMeta;
};

type SlotFacts = Pick<SlotMeta, 'staff_id' | 'capacity' | 'ends_at' | 'time_zone'> & {
  readonly slot_starts_at: SlotMeta['starts_at'];
  readonly slot_clinic_id: string;
  readonly clinic_hold_ms: number;
};

/**
 * The judge for a slot of which only the id is known: look-up and hold in one round trip. Null when
 * there is no such slot of this service, or it is in another clinic than the caller's.
 */
export async function holdUnseenSlot(
  sql: Db,
  hold: HoldRequest & { readonly service_id: string },
  actor: DbActor,
): Promise<UnseenHold | null> {
  const [row] = await run(sql<(HoldResult & SlotFacts)[]>`
    select h.outcome, h.reservation_id, h.reference_code, h.lock_id, h.seats, h.fence,
      h.expires_at, h.hold_ms, h.amount, h.amount_due, h.currency, h.clinic_id, h.service_id,
      h.clinic_name, h.service_name, h.starts_at, h.blocking_reservation_id,
      h.blocking_session_id, h.retry_after_ms, h.rule, h.tier,
      ${blocker(sql, hold.slot_id)}, sl.staff_id, sl.capacity,
      sl.starts_at as slot_starts_at, sl.ends_at, sl.clinic_id as slot_clinic_id, c.time_zone,
      c.hold_ms as clinic_hold_ms
    from slots sl
    join clinics c on c.id = sl.clinic_id
    cross join lateral hold_slot(
      ${hold.reservation_id}, sl.id, ${hold.user_id}, ${hold.pet_id}, ${hold.quantity},
      ${hold.seats}, ${hold.lock_id}, ${hold.idempotency_key}, ${sql.json(actor)},
      ${hold.items ? sql.json(hold.items) : null}, ${hold.wish ? sql.json({ ...hold.wish }) : null}
    ) as h
    where sl.id = ${hold.slot_id}
      and sl.service_id = ${hold.service_id}
      and (${actor.clinic_id ?? null}::uuid is null or sl.clinic_id = ${actor.clinic_id ?? null})`);
  if (!row) return null;
  const { staff_id, capacity, slot_starts_at, ends_at, slot_clinic_id, time_zone } = row;
  const slot: SlotMeta = {
    slot_id: hold.slot_id,
    service_id: hold.service_id,
    clinic_id: slot_clinic_id,
    staff_id,
    capacity,
    starts_at: slot_starts_at,
    ends_at,
    time_zone,
    hold_ms: row.clinic_hold_ms,
  };
  return { ...row, slot };
}

export type ExtendResult = {
  readonly outcome: 'ok' | 'not_found' | 'reservation_expired' | 'policy_refused' | 'conflict';
  readonly expires_at: Temporal.Instant | null;
};

/** Five more minutes, once. lock_id null = staff. */
export async function extendReservation(
  sql: Db,
  reservation_id: string,
  lock_id: string | null,
  actor: DbActor,
): Promise<ExtendResult> {
  return await runOne(sql<ExtendResult[]>`
    select outcome, expires_at
    from extend_reservation(${reservation_id}, ${lock_id}, ${sql.json(actor)})`);
}

export type CancelHoldResult = {
  readonly outcome: 'ok' | 'not_found' | 'reservation_expired' | 'conflict';
  readonly seats: readonly number[] | null;
  readonly slot_id: string | null;
  readonly lock_id: string | null;
  /** A provider's session that can still be paid: have it expired. */
  readonly session_id: string | null;
};

/** Gives a hold back. */
export async function cancelReservation(
  sql: Db,
  reservation_id: string,
  reason: string | null,
  actor: DbActor,
): Promise<CancelHoldResult> {
  return await runOne(sql<CancelHoldResult[]>`
    select outcome, seats, slot_id, lock_id, session_id
    from cancel_reservation(${reservation_id}, ${reason}, ${sql.json(actor)})`);
}

/**
 * Gives back a hold that cannot be paid, and its idempotency key with it. `conflict`: it is booked,
 * or somebody else's page for it is open.
 */
export async function giveUpReservation(
  sql: Db,
  reservation_id: string,
  reason: string,
  actor: DbActor,
): Promise<{ readonly outcome: 'ok' | 'not_found' | 'conflict' }> {
  return await runOne(sql<{ outcome: 'ok' | 'not_found' | 'conflict' }[]>`
    select outcome
    from give_up_reservation(${reservation_id}, ${reason}, ${sql.json(actor)})`);
}

export type ExpireResult = {
  readonly outcome: 'ok' | 'not_due' | 'not_found';
  readonly slot_id: string | null;
  readonly seats: readonly number[] | null;
  readonly lock_id: string | null;
};

/** Ends an overdue hold; `not_due` also when somebody else has it in hand right now. */
export async function expireReservation(sql: Db, reservation_id: string): Promise<ExpireResult> {
  return await runOne(sql<ExpireResult[]>`
    select outcome, slot_id, seats, lock_id from expire_reservation(${reservation_id})`);
}

export type Expired = {
  readonly reservation_id: string;
  readonly slot_id: string;
  readonly seats: readonly number[];
  readonly lock_id: string;
};

/** Ends up to `limit` overdue holds without an open payment page, in one statement. */
export async function expireDue(sql: Db, limit: number): Promise<readonly Expired[]> {
  return await run(sql<Expired[]>`
    select reservation_id, slot_id, seats, lock_id from expire_due(${limit})`);
}

/** `at_clinic` = to be paid at the visit; any other method = taken by staff just now. */
export type DeskPayment = 'cash' | 'card_terminal' | 'transfer' | 'at_clinic';

export type ConfirmRequest = {
  readonly reservation_id: string;
  readonly payment_method: DeskPayment;
  /** Decimal text; default: what is due. Another figure is refused. */
  readonly amount?: string | null;
  readonly currency?: string | null;
};

export type ConfirmResult =
  | { readonly outcome: 'ok'; readonly booking_id: string; readonly reference_code: string }
  | { readonly outcome: 'not_found' | 'reservation_expired' | 'conflict' | 'policy_refused' };

/** Staff (or the system, where nothing is due) confirm a hold without the payment provider. */
export async function confirmReservation(
  sql: Db,
  request: ConfirmRequest,
  actor: DbActor,
): Promise<ConfirmResult> {
  const { reservation_id, payment_method, amount = null, currency = null } = request;
  return await runOne(sql<ConfirmResult[]>`
    select outcome, booking_id, reference_code
    from confirm_reservation(
      ${reservation_id}, ${payment_method}, ${amount}, ${currency}, ${sql.json(actor)}
    )`);
}

export type DueReservation = {
  readonly reservation_id: string;
  readonly slot_id: string;
  readonly session_id: string | null;
};

/** Overdue holds, oldest first. */
export async function dueReservations(sql: Db, limit: number): Promise<readonly DueReservation[]> {
  return await run(sql<DueReservation[]>`
    select reservation_id, slot_id, session_id from due_reservations(${limit})`);
}

export type ReservationRow = {
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly status: ReservationStatus;
  readonly user_id: string;
  readonly pet_id: string | null;
  readonly clinic_id: string;
  readonly service_id: string;
  readonly slot_id: string;
  readonly lock_id: string;
  readonly starts_at: Temporal.Instant;
  readonly time_zone: string;
  readonly quantity: number;
  readonly seats: readonly number[];
  readonly fence: number;
  readonly amount: string;
  readonly amount_due: string;
  readonly currency: string;
  /** Null where price x seats says it all. */
  readonly price_lines: PriceLines | null;
  readonly tax_amount: string | null;
  readonly expires_at: Temporal.Instant;
  readonly extended: boolean;
  readonly booking_id: string | null;
  readonly payment_id: string | null;
  readonly session_id: string | null;
  /** Null once it is paid, failed or closed. */
  readonly payment_url: string | null;
  readonly approval: 'none' | 'awaiting' | 'approved' | 'rejected';
  readonly approval_asked_at: Temporal.Instant | null;
  readonly version: number;
  readonly created_at: Temporal.Instant;
};

/** One reservation within the caller's scope; null when there is none for them. */
export async function findReservation(
  sql: Db,
  reservation_id: string,
  scope: Scope,
): Promise<ReservationRow | null> {
  const [row] = await run(sql<ReservationRow[]>`
    select r.id as reservation_id, r.reference_code, r.status, r.user_id, r.pet_id, r.clinic_id,
      r.service_id, r.slot_id, r.lock_id, sl.starts_at, c.time_zone, r.quantity, r.seats, r.fence,
      r.amount, r.amount_due, r.currency, r.price_lines, r.tax_amount, r.expires_at, r.extended_at is not null as extended,
      b.id as booking_id, p.payment_id, p.session_id, p.payment_url, r.approval, r.approval_asked_at,
      r.version, r.created_at
    from reservations r
    join slots sl on sl.id = r.slot_id
    join clinics c on c.id = r.clinic_id
    left join bookings b on b.reservation_id = r.id
    left join lateral (
      select id as payment_id, session_id, payment_url
      from payments
      where reservation_id = r.id and status in ('pending', 'processing', 'failed')
        and session_closed_at is null
      order by created_at desc
      limit 1
    ) as p on true
    where r.id = ${reservation_id}
      ${scope.user_id === null ? sql`` : sql`and r.user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and r.clinic_id = ${scope.clinic_id}`}`);
  return row ?? null;
}

/** Keeps what the customer wrote; it goes into the booking. Not a state change: no event. */
export async function noteReservation(
  sql: Db,
  reservation_id: string,
  notes: string,
): Promise<void> {
  await run(sql`
    update reservations set notes = ${notes} where id = ${reservation_id} and status = 'pending'`);
}

export type LiveHold = {
  readonly reservation_id: string;
  readonly slot_id: string;
  readonly seats: readonly number[];
  readonly lock_id: string;
  readonly ttl_ms: number;
};

/**
 * Pending holds with time left, by id: the locks that should exist. Pages of `limit` holds by `after`; one row per
 * slot of each.
 */
export async function liveHolds(
  sql: Db,
  limit: number,
  after: string | null = null,
): Promise<readonly LiveHold[]> {
  return await run(sql<LiveHold[]>`
    select (h.hold).id as reservation_id, p.slot_id, p.seats, (h.hold).lock_id, h.ttl_ms
    from (
      select r as hold, ceil(extract(epoch from r.expires_at - now()) * 1000)::integer as ttl_ms
      from reservations r
      where r.status = 'pending'
        and r.expires_at > now()
        ${after === null ? sql`` : sql`and r.id > ${after}`}
      order by r.id
      limit ${limit}
    ) as h
    cross join lateral places_of(h.hold) p
    order by reservation_id`);
}

/** Which of these holds are pending with time left. */
export async function stillPending(
  sql: Db,
  reservation_ids: readonly string[],
): Promise<readonly string[]> {
  const rows = await run(sql<{ id: string }[]>`
    select id
    from reservations
    where id = any (${reservation_ids}::uuid[])
      and status = 'pending'
      and expires_at > now()`);
  return rows.map(({ id }) => id);
}

/** Milliseconds until the next hold lapses (negative: one is overdue); null when none is pending. */
export async function nextDueMs(sql: Db): Promise<number | null> {
  const [row] = await run(sql<{ due_in_ms: number }[]>`
    select ceil(extract(epoch from expires_at - now()) * 1000)::integer as due_in_ms
    from reservations
    where status = 'pending'
    order by expires_at
    limit 1`);
  return row?.due_in_ms ?? null;
}
