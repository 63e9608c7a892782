import { randomUUIDv7 } from 'node:crypto';
import { AppError, type Json } from '../../domain/errors.ts';
import type { ServiceItem } from '../../domain/items.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { newRowLockId } from '../locks/places.ts';
import { itemsOf, ownRow, type RowRule } from '../store/items.ts';
import type { TierRule } from '../store/prices.ts';
import { findReservation } from '../store/reservations.ts';
import { findSlotMeta, type SlotMeta, slotsStartingAt } from '../store/slots.ts';
import { ownerOf } from './actor.ts';
import { isWindowRule, windowFailure } from './booking-window.ts';
import { claimRow, type RowRefusal, type WantedPlace } from './claim-row.ts';
import { explainHold } from './explain.ts';
import { clinicOfItems, type FoundRow, rowsBetween, startOfRow } from './find-rows.ts';
import type { Holding } from './hold.ts';
import { failure } from './outcome.ts';
import { petMissing } from './seat-wish.ts';
import { tierFailure } from './tier-refusal.ts';

/** Other rows that begin at the same time are tried when somebody is faster on a slot of the first. */
const TRIES_MAX = 3;
/** A loser is shown this many other beginnings of the day. */
const NEAREST_COUNT = 3;
const ROWS_LOOKED_AT = 200;

export type RowInput = {
  readonly slot_id?: string | undefined;
  readonly starts_at?: string | undefined;
  readonly date?: string | undefined;
  readonly time?: string | undefined;
  readonly staff_id?: string | undefined;
  /** Left out where nobody has to know for whom. */
  readonly pet_id?: string | undefined;
  readonly user_id?: string | undefined;
};

type Owner = { readonly user_id: string; readonly pet_id: string | null };

type Wish = {
  readonly actor: Actor;
  readonly clinic_id: string;
  readonly time_zone: string;
  readonly items: readonly ServiceItem[];
};

const isTierRule = (rule: RowRule | TierRule | null): rule is TierRule =>
  rule?.startsWith('tier_') === true;

const rules: Readonly<Partial<Record<RowRule | TierRule, string>>> = {
  items_clinic: 'All services of one booking are of one clinic.',
  items_currency: 'All services of one booking have prices in one currency.',
  items_overlap: 'This slot begins before the one before it has ended; choose a later one.',
  items_gap:
    'This slot begins more than 10 minutes after the one before it; choose an earlier one.',
  quantity_over_capacity: 'This slot has fewer seats than that.',
  items_seats: 'Numbered seats are booked for themselves, not in a row with other services.',
};

function wantedOf(slots: readonly SlotMeta[], items: readonly ServiceItem[]) {
  return slots.map((slot, index): WantedPlace => {
    const { quantity = 1, tier } = items[index] ?? {};
    return { slot, quantity, tier };
  });
}

/** The slots that the items name, which hold_items judges. */
async function namedSlots(app: App, wish: Wish): Promise<readonly WantedPlace[]> {
  const slots = await Promise.all(
    wish.items.map(async ({ slot_id = '', service_id }) => {
      const slot = await findSlotMeta(app.sql, slot_id);
      if (slot?.service_id === service_id && slot.clinic_id === wish.clinic_id) return slot;
      throw new AppError('not_found', `There is no such slot of this service: ${slot_id}.`);
    }),
  );
  return wantedOf(slots, wish.items);
}

async function rowAt(
  app: App,
  wish: Wish,
  starts_at: Temporal.Instant,
  without: ReadonlySet<string>,
): Promise<readonly WantedPlace[] | null> {
  const { actor, items, clinic_id } = wish;
  const [row] = await rowsBetween(app, {
    clinic_id,
    items,
    from: starts_at,
    to: starts_at.add({ milliseconds: 1 }),
    is_owner: actor.role === 'customer',
    limit: 1,
    without,
  });
  return row === undefined ? null : wantedOf(row, items);
}

/** Other beginnings of that day, the nearest first. */
async function nearestRows(
  app: App,
  { actor, items, clinic_id, time_zone }: Wish,
  starts_at: Temporal.Instant,
): Promise<readonly Json[]> {
  const { from, to } = dayRange(localTime(starts_at, time_zone).date, time_zone);
  const any_slot = items.map(({ slot_id: _, ...item }) => item);
  const rows = await rowsBetween(app, {
    clinic_id,
    items: any_slot,
    from,
    to,
    is_owner: actor.role === 'customer',
    limit: ROWS_LOOKED_AT,
  });
  const distance = (row: FoundRow) =>
    Math.abs((row[0]?.starts_ms ?? 0) - starts_at.epochMilliseconds);
  return rows
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, NEAREST_COUNT)
    .flatMap((row): readonly Json[] => {
      const [first] = row;
      if (first === undefined) return [];
      const { date, time, text } = localTime(first.starts_at, time_zone);
      const { slot_id, staff_name } = first;
      return [{ slot_id, starts_at: text, date, time, staff_name }];
    });
}

/** There is no row then: because the clinic offers none, or because somebody has part of it. */
async function noRow(app: App, wish: Wish, starts_at: Temporal.Instant): Promise<Error> {
  const [first] = wish.items;
  const { service_id = '', staff_id } = first ?? {};
  const { date, time } = localTime(starts_at, wish.time_zone);
  const [offered, nearest] = await Promise.all([
    slotsStartingAt(app.sql, service_id, starts_at, staff_id ?? null),
    nearestRows(app, wish, starts_at),
  ]);
  if (offered.length === 0) {
    const detail = `The first service has no slot at ${date} ${time}.`;
    return failure('invalid_slot', { nearest: [...nearest] }, detail);
  }
  const detail = `Not all of these services are free one after another from ${date} ${time}.`;
  return failure('slot_taken', { nearest: [...nearest] }, detail);
}

async function refuse(
  app: App,
  wish: Wish,
  owner: Owner & { readonly places: readonly WantedPlace[] },
  verdict: RowRefusal,
): Promise<Error> {
  const { code, rule, tier, slot_id, retry_after_ms } = verdict;
  const place = owner.places.find(({ slot }) => slot.slot_id === slot_id);
  const facts: Record<string, Json> = {};
  if (rule !== null) facts['rule'] = rule;
  if (slot_id !== null) facts['slot_id'] = slot_id;
  if (isWindowRule(rule)) return windowFailure(rule);
  if (isTierRule(rule)) {
    const outcome = code === 'invalid_input' ? code : 'policy_refused';
    return tierFailure(outcome, rule, tier, slot_id ?? '');
  }
  if (rule === 'owner_busy') {
    const [first] = owner.places;
    const { slot, quantity } = place ?? first ?? {};
    if (slot === undefined || quantity === undefined) return failure(code, facts);
    return await explainHold(app, wish.actor, { slot, user_id: owner.user_id, quantity });
  }
  if (code === 'slot_taken' || code === 'slot_locked') {
    const starts_at = owner.places[0]?.slot.starts_at;
    if (starts_at !== undefined) facts['nearest'] = [...(await nearestRows(app, wish, starts_at))];
    if (retry_after_ms !== null) facts['retry_after_ms'] = retry_after_ms;
    return failure(code, facts);
  }
  if (code === 'not_found' && owner.pet_id === null) return petMissing();
  if (code === 'not_found') {
    return failure(code, {}, 'There is no such slot, or the owner has no such pet.');
  }
  return failure(code, facts, rule === null ? undefined : rules[rule]);
}

/** A repeated request must be the same request, and its hold must still stand. */
async function replay(
  app: App,
  again: {
    readonly user_id: string;
    readonly pet_id: string | null;
    readonly items: readonly ServiceItem[];
    readonly starts_at: Temporal.Instant;
  },
  reservation_id: string,
): Promise<Holding> {
  const { user_id, pet_id } = again;
  const [earlier, items] = await Promise.all([
    findReservation(app.sql, reservation_id, { user_id, clinic_id: null }),
    itemsOf(app.sql, reservation_id),
  ]);
  if (!earlier) throw new Error(`The replayed hold ${reservation_id} is not there`);
  const slot = await findSlotMeta(app.sql, earlier.slot_id);
  const is_same =
    items.length === again.items.length &&
    items.every(({ service_id, quantity }, index) => {
      const item = again.items[index];
      return item?.service_id === service_id && item.quantity === quantity;
    });
  if (!slot?.starts_at.equals(again.starts_at) || !is_same || earlier.pet_id !== pet_id) {
    const detail =
      'This repeats an earlier request with other contents, or the owner holds a slot of it already.';
    throw failure('conflict', { reservation_id }, detail);
  }
  if (earlier.status === 'expired') throw failure('reservation_expired', { reservation_id });
  if (earlier.status === 'cancelled') {
    throw failure('conflict', { reservation_id }, 'This hold was given back already.');
  }
  return { held: earlier, slot, user_id, earlier, items };
}

/** Any row that begins then; another one when somebody is faster on a slot of the first. */
async function holdAnyRow(
  app: App,
  wish: Wish,
  owner: Owner,
  starts_at: Temporal.Instant,
  idempotency_key: string | null,
): Promise<Holding> {
  const lost = new Set<string>();
  let refused: Error | null = null;
  for (let round = 1; ; round += 1) {
    const places = await rowAt(app, wish, starts_at, lost);
    if (places === null) throw refused ?? (await noRow(app, wish, starts_at));
    const verdict = await claim(app, wish, owner, places, idempotency_key);
    if ('held' in verdict) return verdict;
    const { code, slot_id } = verdict;
    const is_busy = code === 'slot_taken' || code === 'slot_locked';
    refused = await refuse(app, wish, { ...owner, places }, verdict);
    if (!is_busy || slot_id === null || round >= TRIES_MAX) throw refused;
    lost.add(slot_id);
  }
}

async function claim(
  app: App,
  { actor, items }: Wish,
  { user_id, pet_id }: Owner,
  places: readonly WantedPlace[],
  idempotency_key: string | null,
): Promise<Holding | RowRefusal> {
  const [first] = places;
  if (first === undefined) throw new Error('A row without slots');
  const verdict = await claimRow(app, {
    reservation_id: randomUUIDv7(),
    lock_id: newRowLockId(user_id),
    user_id,
    pet_id,
    places,
    actor,
    idempotency_key,
  });
  if (verdict.outcome === 'refused') return verdict;
  if (verdict.outcome === 'replayed') {
    const { starts_at } = first.slot;
    return await replay(app, { user_id, pet_id, items, starts_at }, verdict.reservation_id);
  }
  app.wake.relay();
  const { held, items: held_items } = verdict;
  return { held, slot: first.slot, user_id, earlier: null, items: held_items };
}

/**
 * Holds a row of slots, one per item, all or none. Slots are those that the items name, or any that
 * are free one after another from the given time on.
 */
export async function holdRow(
  app: App,
  actor: Actor,
  input: RowInput,
  wanted: readonly ServiceItem[],
  { idempotency_key }: Call,
): Promise<Holding> {
  const owner = { user_id: ownerOf(actor, input.user_id), pet_id: input.pet_id ?? null };
  const items = wanted.map((item, index) => ({
    ...item,
    staff_id: item.staff_id ?? input.staff_id,
    ...(index === 0 && input.slot_id !== undefined ? { slot_id: input.slot_id } : {}),
  }));
  const wish: Wish = { actor, items, ...(await clinicOfItems(app, actor, items)) };
  if (items.every(({ slot_id }) => slot_id !== undefined)) {
    const places = await namedSlots(app, wish);
    const verdict = await claim(app, wish, owner, places, idempotency_key);
    if ('held' in verdict) return verdict;
    throw await refuse(app, wish, { ...owner, places }, verdict);
  }
  const starts_at = await startOfRow(app, input, wish.time_zone);
  const earlier = await ownRow(app.sql, { ...owner, starts_at, idempotency_key });
  if (earlier === null) return await holdAnyRow(app, wish, owner, starts_at, idempotency_key);
  return await replay(app, { ...owner, items, starts_at }, earlier);
}
