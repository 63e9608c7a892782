import type { Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { App } from '../app-types.ts';
import {
  lastOpen,
  type NearPlace,
  nearPlaces,
  placesAt,
  type SeriesPlace,
} from '../store/series-places.ts';
import { ownersBusy } from '../store/time-off.ts';

/** Where each visit of a series could be, and why some cannot be anywhere. A look only: PostgreSQL decides. */

export type Conflict = Output<'create_series'>['conflicts'][number];
export type Reason = Conflict['reason'];

/** A visit that is wanted: a time on the clinic's clock, and its moment unless the clock skips it. */
export type Wanted = {
  readonly position: number;
  readonly date: string;
  readonly time: string;
  readonly starts_at: Temporal.Instant | null;
  /** Of the visit that is to move here. */
  readonly reference_code?: string;
};

export type Wish = {
  readonly service_id: string;
  readonly user_id: string;
  readonly time_zone: string;
  readonly quantity: number;
  /** Only this vet. */
  readonly staff_id: string | null;
  /** One vet for all, whoever can do most of them. */
  readonly same_vet: boolean;
  readonly wanted: readonly Wanted[];
  /** What these take up is free for the visits: it is what moves. */
  readonly going: ReadonlySet<string>;
  readonly going_slots: ReadonlySet<string>;
};

export type Planned = {
  readonly wanted: Wanted;
  /** The best first. */
  readonly places: readonly [SeriesPlace, ...SeriesPlace[]];
};
export type Unplanned = { readonly wanted: Wanted; readonly reason: Reason };
export type Plan = {
  readonly visits: readonly Planned[];
  readonly conflicts: readonly Unplanned[];
  readonly last_open: Temporal.Instant | null;
};

const keyOf = (at: Temporal.Instant) => at.epochMilliseconds;

function byStart(places: readonly SeriesPlace[]): ReadonlyMap<number, readonly SeriesPlace[]> {
  return Map.groupBy(places, ({ starts_at }) => keyOf(starts_at));
}

/** Vets by how many of the dates they could do, most first: continuity is worth more than order. */
function vetOrder(free: readonly (readonly SeriesPlace[])[]): readonly (string | null)[] {
  const counts = new Map<string | null, number>();
  for (const places of free) {
    for (const staff_id of new Set(places.map((place) => place.staff_id))) {
      counts.set(staff_id, (counts.get(staff_id) ?? 0) + 1);
    }
  }
  return [...counts.entries()].toSorted((a, b) => b[1] - a[1]).map(([staff_id]) => staff_id);
}

function reasonOf(
  wanted: Wanted,
  places: readonly SeriesPlace[],
  wish: Wish,
  last_open: Temporal.Instant | null,
): Reason {
  const { starts_at } = wanted;
  if (starts_at === null) return 'clock_gap';
  if (keyOf(starts_at) <= Temporal.Now.instant().epochMilliseconds) return 'past';
  if (places.length === 0) {
    const is_beyond = last_open === null || keyOf(starts_at) > keyOf(last_open);
    return is_beyond ? 'not_open_yet' : 'no_slot';
  }
  const closed = places.find(({ reason }) => reason !== null)?.reason ?? null;
  return places.some(({ capacity }) => capacity >= wish.quantity) && closed !== null
    ? closed
    : 'few_seats';
}

/** Whether nothing but what moves away is in the way; the judge tells for certain. */
function isFree(place: SeriesPlace, { quantity, going_slots }: Wish): boolean {
  if (place.capacity < quantity) return false;
  if (place.reason === 'past' || place.reason === 'blocked') return false;
  if (place.reason === null) return place.remaining >= quantity;
  return going_slots.has(place.slot_id) || (going_slots.size > 0 && place.reason === 'staff_busy');
}

async function isElsewhere(app: App, wish: Wish): Promise<(place: SeriesPlace) => boolean> {
  const moments = wish.wanted.flatMap(({ starts_at }) => (starts_at === null ? [] : [starts_at]));
  const sorted = moments.toSorted(Temporal.Instant.compare);
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return () => false;
  // A visit may take a day at most.
  const within = { from: first, to: last.add({ hours: 24 }) };
  const busy = (await ownersBusy(app.sql, [wish.user_id], within)).filter(
    ({ reservation_id }) => !wish.going.has(reservation_id),
  );
  return (place) =>
    busy.some(
      (one) =>
        keyOf(one.starts_at) < keyOf(place.ends_at) && keyOf(place.starts_at) < keyOf(one.ends_at),
    );
}

/** The places of each visit in order of preference, and the visits that have none. */
export async function planVisits(app: App, wish: Wish): Promise<Plan> {
  const moments = wish.wanted.flatMap(({ starts_at }) => (starts_at === null ? [] : [starts_at]));
  const [found, last_open, elsewhere] = await Promise.all([
    placesAt(app.sql, wish.service_id, moments),
    lastOpen(app.sql, wish.service_id, wish.staff_id),
    isElsewhere(app, wish),
  ]);
  const fitting =
    wish.staff_id === null ? found : found.filter((p) => p.staff_id === wish.staff_id);
  const places = byStart(fitting);
  const at = ({ starts_at }: Wanted) =>
    starts_at === null ? [] : (places.get(keyOf(starts_at)) ?? []);
  const freeOf = (one: Wanted) => at(one).filter((place) => isFree(place, wish));
  const order = vetOrder(wish.wanted.map(freeOf));
  const [chosen] = order;
  const allowed = (place: SeriesPlace) => !wish.same_vet || place.staff_id === chosen;
  const visits: Planned[] = [];
  const conflicts: Unplanned[] = [];
  for (const wanted of wish.wanted) {
    const free = freeOf(wanted).filter(allowed);
    const [best, ...more] = free
      .filter((place) => !elsewhere(place))
      .toSorted((a, b) => order.indexOf(a.staff_id) - order.indexOf(b.staff_id));
    const { starts_at } = wanted;
    const is_past =
      starts_at !== null && keyOf(starts_at) <= Temporal.Now.instant().epochMilliseconds;
    if (best !== undefined && !is_past) {
      visits.push({ wanted, places: [best, ...more] });
    } else if (free.length > 0 && !is_past) {
      conflicts.push({ wanted, reason: 'owner_busy' });
    } else {
      const own = wish.same_vet ? at(wanted).filter(allowed) : at(wanted);
      const others = own.length === 0 ? at(wanted) : own;
      const reason = reasonOf(wanted, others, wish, last_open);
      conflicts.push({
        wanted,
        reason:
          reason === 'few_seats' && wish.same_vet && freeOf(wanted).length > 0
            ? 'staff_busy'
            : reason,
      });
    }
  }
  return { visits, conflicts, last_open };
}

function detailOf({ wanted, reason }: Unplanned, wish: Wish, plan: Plan): string {
  const when = `${wanted.date} ${wanted.time}`;
  switch (reason) {
    case 'past':
      return `${when} is past.`;
    case 'clock_gap':
      return `${when} does not exist in ${wish.time_zone}: the clocks go forward over it.`;
    case 'not_open_yet': {
      const last = plan.last_open && localTime(plan.last_open, wish.time_zone).date;
      return last === null
        ? 'Nothing of this service is open yet.'
        : `Not open yet: slots exist up to ${last}; book it when they are opened.`;
    }
    case 'no_slot':
      return `There is no slot at ${when}.`;
    case 'blocked':
      return 'Closed then.';
    case 'booked':
      return 'Booked by somebody.';
    case 'held':
      return 'Held by somebody right now.';
    case 'staff_busy':
      return 'The vet is busy then.';
    case 'room_busy':
      return 'The room is in use then.';
    case 'few_seats':
      return `Not ${wish.quantity} seats are free then.`;
    case 'owner_busy':
      return 'The owner is booked then already.';
    case 'refused':
      return 'A rule of the clinic does not allow it.';
  }
}

const alternativeOf = (near: NearPlace, time_zone: string): Conflict['alternatives'][number] => {
  const { date, time, text } = localTime(near.starts_at, time_zone);
  const { slot_id, staff_id, staff_name, remaining } = near;
  return { slot_id, starts_at: text, date, time, staff_id, staff_name, remaining };
};

/** Conflicts as they are told, each with the nearest open times. */
export async function toldConflicts(
  app: App,
  wish: Wish,
  plan: Plan,
  conflicts: readonly Unplanned[],
): Promise<readonly Conflict[]> {
  const moments = conflicts.flatMap(({ wanted, reason }) =>
    wanted.starts_at === null || reason === 'past' || reason === 'not_open_yet'
      ? []
      : [wanted.starts_at],
  );
  const { service_id, staff_id, quantity, time_zone } = wish;
  const near =
    moments.length === 0
      ? []
      : await nearPlaces(app.sql, { service_id, staff_id, quantity, wanted: moments });
  const by_moment = Map.groupBy(near, ({ wanted_at }) => keyOf(wanted_at));
  return conflicts
    .toSorted((a, b) => a.wanted.position - b.wanted.position)
    .map((one) => ({
      position: one.wanted.position,
      date: one.wanted.date,
      time: one.wanted.time,
      reason: one.reason,
      detail: detailOf(one, wish, plan),
      reference_code: one.wanted.reference_code ?? null,
      alternatives: (one.wanted.starts_at === null
        ? []
        : (by_moment.get(keyOf(one.wanted.starts_at)) ?? [])
      ).map((place) => alternativeOf(place, time_zone)),
    }));
}

/** What the judge answered, as a reason. A place that was lost between look and judgement is booked. */
export function reasonOfOutcome(why: string, rule: string | null): Reason {
  if (why === 'slot_taken') return 'booked';
  if (why === 'slot_locked' || why === 'overdue_session') return 'held';
  if (why === 'invalid_slot') return 'blocked';
  if (why === 'replayed') return 'owner_busy';
  return why === 'policy_refused' && rule === null ? 'owner_busy' : 'refused';
}
