import { z } from 'zod';
import { id } from './basics.ts';
import { ITEMS_MAX } from './item-limits.ts';
import { tier_name } from './price-schema.ts';

/** Several services in one booking: which slots in a row can be had. docs/items.md. */

/** An owner waits no longer than this between two items; the twin of item_gap() there. */
export const ITEM_GAP_MINUTES = 10;
/** Slots that are looked at for one beginning; a day of many vets has dead ends, but not endless ones. */
const STEPS_MAX = 2_000;
const GAP_MS = ITEM_GAP_MINUTES * 60_000;
/** The longest buffer before a visit (services_buffer_range, sql/migrations/0060_schedules.sql). */
const BUFFER_MAX_MS = 240 * 60_000;

const seats = z.number().int().min(1).max(50);

/** Seats of several tiers of one slot, or several services: `checkItems` tells which. */
export const booking_items = z
  .array(
    z.strictObject({
      service_id: id.optional().describe('A service; then all items name one'),
      slot_id: id.optional(),
      staff_id: id.optional().describe('Default: whoever is free'),
      tier: tier_name.optional(),
      quantity: seats.optional().describe('Default: 1, with a service'),
    }),
  )
  .min(1)
  .max(10)
  .readonly();

type Item = z.output<typeof booking_items>[number];
export type TierItem = { readonly tier: string; readonly quantity: number };
export type ServiceItem = {
  readonly service_id: string;
  readonly slot_id?: string | undefined;
  readonly staff_id?: string | undefined;
  readonly tier?: string | undefined;
  readonly quantity: number;
};

/** The items of a request for several services; null for any other request. */
export function serviceItems(items: readonly Item[] | undefined): readonly ServiceItem[] | null {
  if (items === undefined) return null;
  const found = items.flatMap(({ service_id, quantity = 1, ...rest }) =>
    service_id === undefined ? [] : { ...rest, service_id, quantity },
  );
  return found.length === items.length ? found : null;
}

/** The items of a request for seats of several tiers. */
export function tierItems(items: readonly Item[] | undefined): readonly TierItem[] | undefined {
  return items?.flatMap(({ tier, quantity }) =>
    tier === undefined || quantity === undefined ? [] : { tier, quantity },
  );
}

type Choice = {
  readonly service_id?: string | undefined;
  readonly slot_id?: string | undefined;
  readonly date?: string | undefined;
  readonly time?: string | undefined;
  readonly starts_at?: string | undefined;
  readonly tier?: string | undefined;
  readonly quantity: number;
  readonly items?: readonly Item[] | undefined;
  readonly seats?: readonly string[] | undefined;
  readonly seat_preference?: string | undefined;
};

type Fault = { readonly message: string; readonly path: (string | number)[] };

function tierFaults(choice: Choice): readonly Fault[] {
  const faults: Fault[] = (choice.items ?? []).flatMap((item, index) => {
    const path = ['items', index];
    if (item.slot_id ?? item.staff_id) {
      return { message: 'Slots and staff of items go with their service_id', path };
    }
    return item.tier === undefined || item.quantity === undefined
      ? { message: 'Give service_id, or tier and quantity', path }
      : [];
  });
  if (choice.service_id === undefined) {
    faults.push({ message: 'Give it, or items with a service each', path: ['service_id'] });
  }
  if (choice.starts_at !== undefined) {
    const message = 'Goes with items of services; else give slot_id, or date and time';
    faults.push({ message, path: ['starts_at'] });
  } else if (!choice.slot_id && !(choice.date && choice.time)) {
    faults.push({ message: 'Give slot_id, or date and time', path: ['slot_id'] });
  }
  return faults;
}

function serviceFaults(choice: Choice, items: readonly ServiceItem[]): readonly Fault[] {
  const faults: Fault[] = [];
  const add = (message: string, ...path: string[]) => faults.push({ message, path });
  if (items.length < 2 || items.length > ITEMS_MAX) {
    add(`Give 2 to ${ITEMS_MAX} services; for one, give service_id`, 'items');
  }
  if (choice.service_id !== undefined) add('Give service_id or items, not both', 'service_id');
  if (choice.quantity !== 1) add('Say it in each item', 'quantity');
  if (choice.tier !== undefined) add('Say it in each item', 'tier');
  for (const field of ['seats', 'seat_preference'] as const) {
    if (choice[field] !== undefined) add('Numbered seats are not booked in a row', field);
  }
  const named = items.filter(({ slot_id }) => slot_id !== undefined).length;
  const begins = [
    choice.slot_id,
    choice.starts_at,
    choice.date ?? choice.time,
    named > 0 ? named : undefined,
  ].filter((one) => one !== undefined).length;
  const is_half = (choice.date === undefined) !== (choice.time === undefined);
  if (begins !== 1 || is_half) {
    add(
      'Say once when it begins: starts_at, date and time, slot_id, or a slot_id in each',
      'items',
    );
  } else if (named > 0 && named < items.length) {
    add('Give every item its slot_id, or none', 'items');
  }
  return faults;
}

/** What is wrong with how a request says its slot or slots. */
export function choiceFaults(choice: Choice): readonly Fault[] {
  const items = serviceItems(choice.items);
  if (items !== null) return serviceFaults(choice, items);
  const is_mixed = choice.items?.some(({ service_id }) => service_id !== undefined) === true;
  if (is_mixed) return [{ message: 'Name a service in every item, or in none', path: ['items'] }];
  return tierFaults(choice);
}

/** A slot that item `position` (from 1) can have. */
export type OpenSlot = {
  readonly position: number;
  readonly slot_id: string;
  readonly staff_id: string | null;
  readonly room_id: string | null;
  readonly starts_ms: number;
  readonly ends_ms: number;
  /** While vet and room are taken: the visit and its buffers. */
  readonly busy_from_ms: number;
  readonly busy_to_ms: number;
};

const meets = (a: OpenSlot, b: OpenSlot) =>
  a.busy_from_ms < b.busy_to_ms && b.busy_from_ms < a.busy_to_ms;
const shares = (a: OpenSlot, b: OpenSlot) =>
  (a.staff_id !== null && a.staff_id === b.staff_id) ||
  (a.room_id !== null && a.room_id === b.room_id);

/** Whether a slot can follow those of the items before it. */
function canFollow(row: readonly OpenSlot[], next: OpenSlot): boolean {
  const last = row.at(-1);
  if (last === undefined) return true;
  return (
    next.starts_ms >= last.ends_ms &&
    next.busy_from_ms <= last.busy_to_ms + GAP_MS &&
    !row.some((one) => shares(one, next) && meets(one, next))
  );
}

/** The first of a sorted list that begins then or later. */
function firstFrom(slots: readonly OpenSlot[], starts_ms: number): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle]?.starts_ms ?? 0) < starts_ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Slots that may come next: who waits least first, then the vet who is there already. */
function followers<S extends OpenSlot>(row: readonly S[], slots: readonly S[]): readonly S[] {
  const last = row.at(-1);
  if (last === undefined) return [];
  const found: S[] = [];
  const latest = last.busy_to_ms + GAP_MS + BUFFER_MAX_MS;
  for (let at = firstFrom(slots, last.ends_ms); at < slots.length; at += 1) {
    const slot = slots[at];
    if (slot === undefined || slot.starts_ms > latest) break;
    if (canFollow(row, slot)) found.push(slot);
  }
  const is_same = (slot: S) => (slot.staff_id === last.staff_id ? 0 : 1);
  return found.toSorted((a, b) => a.starts_ms - b.starts_ms || is_same(a) - is_same(b));
}

function complete<S extends OpenSlot>(
  first: S,
  by_position: readonly (readonly S[])[],
): readonly S[] | null {
  let steps = 0;
  const go = (row: readonly S[]): readonly S[] | null => {
    const slots = by_position[row.length];
    if (slots === undefined) return row;
    for (const next of followers(row, slots)) {
      steps += 1;
      if (steps > STEPS_MAX) return null;
      const found = go([...row, next]);
      if (found !== null) return found;
    }
    return null;
  };
  return go([first]);
}

/**
 * Rows of open slots, one per beginning in [from_ms, to_ms), earliest first: of each item the slot that
 * follows soonest. Of several rows with one beginning, the one that ends first.
 */
export function findRows<S extends OpenSlot>(
  slots: readonly S[],
  count: number,
  { from_ms, to_ms, limit }: { from_ms: number; to_ms: number; limit: number },
): readonly (readonly S[])[] {
  const sorted = slots.toSorted((a, b) => a.starts_ms - b.starts_ms);
  const by_position = Array.from({ length: count }, (_, index) =>
    sorted.filter(({ position }) => position === index + 1),
  );
  const best = new Map<number, readonly S[]>();
  for (const first of by_position[0] ?? []) {
    const { starts_ms } = first;
    if (starts_ms < from_ms || starts_ms >= to_ms) continue;
    if (best.size >= limit && !best.has(starts_ms)) break;
    const row = complete(first, by_position);
    const known = best.get(starts_ms);
    const ends_ms = row?.at(-1)?.ends_ms ?? Number.POSITIVE_INFINITY;
    const is_better = known === undefined || ends_ms < (known.at(-1)?.ends_ms ?? 0);
    if (row !== null && is_better) best.set(starts_ms, row);
  }
  return [...best.values()];
}
