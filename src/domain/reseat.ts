/** Who could be seen when instead: a proposal for visits that a vet cannot keep. Pure and repeatable. */

type Span = {
  /** Milliseconds since the epoch; half-open. */
  readonly starts_ms: number;
  readonly ends_ms: number;
};

/** A visit that has to go. */
export type Visit = Span & {
  readonly booking_id: string;
  readonly user_id: string;
  readonly service_id: string;
  readonly quantity: number;
  /** Of the clinic's calendar. */
  readonly date: string;
  readonly booked_ms: number;
};

/** A slot that is free as far as anybody can see. */
export type Place = Span & {
  readonly slot_id: string;
  readonly service_id: string;
  readonly staff_id: string | null;
  readonly room_id: string | null;
  readonly date: string;
  readonly remaining: number;
};

/** Where an owner is already. */
export type Busy = Span & { readonly user_id: string };

const overlap = (a: Span, b: Span) => a.starts_ms < b.ends_ms && b.starts_ms < a.ends_ms;

/**
 * One place for each visit, or null where there is none. Who booked first chooses first: the same day
 * before other days, then the nearest time. No seat, vet or room is proposed twice, and no owner is
 * sent to two places at one time.
 */
export function proposeSeats(
  visits: readonly Visit[],
  places: readonly Place[],
  busy: readonly Busy[],
): ReadonlyMap<string, Place | null> {
  const left = new Map(places.map((place) => [place.slot_id, place.remaining]));
  const used: Place[] = [];
  const occupied: Busy[] = [...busy];
  const seats = new Map<string, Place | null>();
  const isFree = (place: Place): boolean =>
    used.every(
      (one) =>
        one.slot_id === place.slot_id ||
        !overlap(one, place) ||
        ((one.staff_id === null || one.staff_id !== place.staff_id) &&
          (one.room_id === null || one.room_id !== place.room_id)),
    );
  const order = visits.toSorted(
    (a, b) => a.booked_ms - b.booked_ms || (a.booking_id < b.booking_id ? -1 : 1),
  );
  for (const visit of order) {
    const away = (place: Place) =>
      (place.date === visit.date ? 0 : 1e12) + Math.abs(place.starts_ms - visit.starts_ms);
    const own = occupied.filter(({ user_id }) => user_id === visit.user_id);
    const [best = null] = places
      .filter(
        (place) =>
          place.service_id === visit.service_id &&
          (left.get(place.slot_id) ?? 0) >= visit.quantity &&
          own.every((one) => !overlap(one, place)) &&
          isFree(place),
      )
      .toSorted((a, b) => away(a) - away(b) || (a.slot_id < b.slot_id ? -1 : 1));
    seats.set(visit.booking_id, best);
    if (best === null) continue;
    left.set(best.slot_id, (left.get(best.slot_id) ?? 0) - visit.quantity);
    used.push(best);
    const { starts_ms, ends_ms } = best;
    occupied.push({ user_id: visit.user_id, starts_ms, ends_ms });
  }
  return seats;
}
