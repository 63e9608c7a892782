import type { WantedSlot } from './schedule.ts';
import type { Span } from './schedule-clock.ts';

/** What becomes of slots when the hours say something else. Pure; docs/schedules.md. */

/** A slot that is there, still to come. */
export type KnownSlot = {
  readonly slot_id: string;
  readonly service_id: string;
  readonly staff_id: string | null;
  readonly room_id: string | null;
  readonly starts_ms: number;
  readonly ends_ms: number;
  readonly busy_from_ms: number;
  readonly busy_to_ms: number;
  /** As made: without seats that were added for a day. */
  readonly capacity: number;
  /** null = by nobody that we know, and so nobody else's business, as those opened by hand. */
  readonly origin: 'schedule' | 'manual' | null;
  /** Closed by the hours, to be opened again by them. */
  readonly is_closed: boolean;
  /** Out of sale for another reason: time off, or by hand. */
  readonly is_blocked: boolean;
  /** Somebody holds or has booked it. */
  readonly is_claimed: boolean;
};

/** Where a vet or a room is taken; the time off of a vet too. */
export type Claim = Span & {
  readonly slot_id: string;
  readonly staff_id: string | null;
  readonly room_id: string | null;
};

export type Changes = {
  /** `reuse` names a closed slot of another shape that takes this one's place, so that few are left behind. */
  readonly open: readonly (WantedSlot & { readonly reuse: string | null })[];
  readonly reopen: readonly KnownSlot[];
  readonly close: readonly KnownSlot[];
  /** They fit no longer, but somebody has them. */
  readonly kept: readonly KnownSlot[];
  /** Not opened: the vet or the room is taken then, or another slot lies there. */
  readonly overlaps: readonly (WantedSlot & { readonly in_the_way: string })[];
  readonly unchanged: number;
};

type Place = Pick<WantedSlot, 'service_id' | 'staff_id' | 'starts_ms'>;
const keyOf = ({ service_id, staff_id, starts_ms }: Place) =>
  `${service_id}|${staff_id}|${starts_ms}`;

const isSame = (wanted: WantedSlot, known: KnownSlot) =>
  wanted.ends_ms === known.ends_ms &&
  wanted.room_id === known.room_id &&
  wanted.capacity === known.capacity &&
  wanted.busy_from_ms === known.busy_from_ms &&
  wanted.busy_to_ms === known.busy_to_ms;

/** Spans by their owner, to be asked what lies in a span. Sorted by start; none is longer than a day or two. */
function lookup<T extends Span>(items: readonly T[], ownerOf: (item: T) => string | null) {
  const by_owner = new Map<string, T[]>();
  for (const item of items.toSorted((a, b) => a.from - b.from)) {
    const owner = ownerOf(item);
    if (owner === null) continue;
    const list = by_owner.get(owner);
    if (list) list.push(item);
    else by_owner.set(owner, [item]);
  }
  const longest = items.reduce((most, { from, to }) => Math.max(most, to - from), 0);
  return (owner: string | null, span: Span): T | null => {
    const list = owner === null ? undefined : by_owner.get(owner);
    if (list === undefined) return null;
    // The first that can reach into the span, by halving.
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle]?.from ?? 0) < span.from - longest) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < list.length; index += 1) {
      const item = list[index];
      if (item === undefined || item.from >= span.to) return null;
      if (item.to > span.from) return item;
    }
    return null;
  };
}

const busyOf = (slot: Pick<WantedSlot, 'busy_from_ms' | 'busy_to_ms'>): Span => ({
  from: slot.busy_from_ms,
  to: slot.busy_to_ms,
});

/**
 * The way from the slots that are there to those that are wanted. Free ones that fit no longer are
 * closed, claimed ones stay, those opened by hand are left alone. Doing it and asking again changes
 * nothing.
 */
export function changesOf(
  wanted: readonly WantedSlot[],
  known: readonly KnownSlot[],
  claims: readonly Claim[],
): Changes {
  const open_known = Map.groupBy(
    known.filter((slot) => !slot.is_closed),
    keyOf,
  );
  const closed_known = Map.groupBy(
    known.filter((slot) => slot.is_closed),
    keyOf,
  );
  const used = new Set<string>();
  const candidates: WantedSlot[] = [];
  for (const slot of wanted) {
    const there = open_known.get(keyOf(slot)) ?? [];
    const same =
      there.find((one) => isSame(slot, one)) ??
      // One that is claimed, opened by hand or out of sale stands for the wanted one, whatever its shape.
      there.find((one) => one.is_claimed || one.is_blocked || one.origin !== 'schedule');
    if (same) used.add(same.slot_id);
    else candidates.push(slot);
  }
  const left = known.filter(
    (slot) =>
      slot.origin === 'schedule' && !slot.is_closed && !slot.is_blocked && !used.has(slot.slot_id),
  );
  const close = left.filter((slot) => !slot.is_claimed);
  const going = new Set(close.map(({ slot_id }) => slot_id));
  const staying = known
    .filter((slot) => !slot.is_closed && !going.has(slot.slot_id) && !used.has(slot.slot_id))
    .map((slot) => ({ ...slot, ...busyOf(slot) }));

  const staffTaken = lookup(claims, ({ staff_id }) => staff_id);
  const roomTaken = lookup(claims, ({ room_id }) => room_id);
  const offered = lookup(staying, (slot) => `${slot.service_id}|${slot.staff_id}`);
  const open: (WantedSlot & { reuse: string | null })[] = [];
  const reopen: KnownSlot[] = [];
  const overlaps: (WantedSlot & { in_the_way: string })[] = [];
  for (const slot of candidates) {
    const busy = busyOf(slot);
    const again = closed_known.get(keyOf(slot))?.find((one) => isSame(slot, one));
    if (again?.is_claimed) {
      // Somebody was faster than the closing: what lies over it is their own claim.
      reopen.push(again);
      continue;
    }
    const other =
      staffTaken(slot.staff_id, busy) ??
      roomTaken(slot.room_id, busy) ??
      offered(`${slot.service_id}|${slot.staff_id}`, busy);
    if (other) {
      overlaps.push({ ...slot, in_the_way: other.slot_id });
      continue;
    }
    const old = closed_known.get(keyOf(slot))?.find((one) => !one.is_claimed);
    if (again) reopen.push(again);
    else open.push({ ...slot, reuse: old?.slot_id ?? null });
  }
  const late = known.filter((slot) => slot.is_closed && slot.is_claimed && !reopen.includes(slot));
  return {
    open,
    reopen,
    close,
    kept: [...left.filter((slot) => slot.is_claimed), ...late],
    overlaps,
    unchanged: wanted.length - candidates.length,
  };
}
