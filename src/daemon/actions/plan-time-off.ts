import { type Place, proposeSeats } from '../../domain/reseat.ts';
import type { TimeOffMode } from '../../domain/shapes-time-off.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { cancelBooking } from '../store/bookings.ts';
import { rescheduleBooking } from '../store/reschedule.ts';
import {
  type FreePlace,
  freePlaces,
  type InTheWay,
  ownersBusy,
  type StaffMember,
} from '../store/time-off.ts';
import { dbActor } from './actor.ts';

/** What closing a vet's hours would do to each visit in the way. */

/** How far away another time may be; a later one is better asked for in person. */
const DAYS_AHEAD = 14;
/** Free slots looked at: two weeks of a dozen vets. */
const PLACES_MAX = 5_000;

export type Window = { readonly from: Temporal.Instant; readonly to: Temporal.Instant };

/** One visit of a plan, as take_time_off reads it, and what people are told of it. */
export type PlanItem = {
  readonly kind: 'move' | 'cancel' | 'end_hold' | 'keep';
  readonly booking_id: string | null;
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly version: number;
  readonly slot_id: string;
  readonly to_slot_id: string | null;
  readonly owner_name: string | null;
  readonly pet_name: string | null;
  readonly service_name: string;
  readonly starts_at: string;
  readonly to_starts_at: string | null;
  readonly to_staff_name: string | null;
  readonly refund_amount: string;
  readonly currency: string;
};

type Plan = {
  readonly staff: StaffMember;
  readonly window: Window;
  readonly mode: TimeOffMode;
  readonly visits: readonly InTheWay[];
};

const span = (one: { starts_at: Temporal.Instant; ends_at: Temporal.Instant }) => ({
  starts_ms: one.starts_at.epochMilliseconds,
  ends_ms: one.ends_at.epochMilliseconds,
});

/** A place for each movable visit, by its booking. */
async function proposals(app: App, plan: Plan): Promise<ReadonlyMap<string, FreePlace>> {
  const { staff, window, visits } = plan;
  const movable = visits.flatMap((visit) =>
    visit.booking_id !== null && visit.is_movable && visit.item_count === 1
      ? [{ ...visit, booking_id: visit.booking_id }]
      : [],
  );
  if (movable.length === 0) return new Map();
  const now = Temporal.Now.instant();
  const starts = Temporal.Instant.compare(window.from, now) > 0 ? window.from : now;
  const within = {
    from: starts.subtract({ hours: 24 }),
    to: window.to.add({ hours: 24 * DAYS_AHEAD }),
  };
  const free = await freePlaces(app.sql, {
    service_ids: [...new Set(movable.map(({ service_id }) => service_id))],
    staff_id: staff.staff_id,
    closed: window,
    within,
    limit: PLACES_MAX,
  });
  const owners = [...new Set(movable.map(({ user_id }) => user_id))];
  const going = new Set(movable.map(({ reservation_id }) => reservation_id));
  // Where they are because of the very visits that have to go is free for them.
  const busy = (await ownersBusy(app.sql, owners, within)).filter(
    ({ reservation_id }) => !going.has(reservation_id),
  );
  const dateOf = (at: Temporal.Instant) => localTime(at, staff.time_zone).date;
  const seats = proposeSeats(
    movable.map((visit) => ({
      ...visit,
      ...span(visit),
      date: dateOf(visit.starts_at),
      booked_ms: visit.created_at.epochMilliseconds,
    })),
    free.map((place): Place => ({ ...place, ...span(place), date: dateOf(place.starts_at) })),
    busy.map((one) => ({ user_id: one.user_id, ...span(one) })),
  );
  const by_slot = new Map(free.map((place) => [place.slot_id, place]));
  return new Map(
    [...seats].flatMap(([booking_id, place]) => {
      const found = place === null ? undefined : by_slot.get(place.slot_id);
      return found ? [[booking_id, found] as const] : [];
    }),
  );
}

/** What goes back, by the same functions that will do it. */
async function refundOf(
  app: App,
  actor: Actor,
  visit: InTheWay,
  to: FreePlace | null,
): Promise<string> {
  if (visit.booking_id === null) return '0';
  const common = {
    booking_id: visit.booking_id,
    by: 'clinic',
    reason: null,
    expected_version: null,
    quote: true,
  } as const;
  const quoted =
    to === null
      ? await cancelBooking(app.sql, common, dbActor(actor))
      : await rescheduleBooking(
          app.sql,
          { ...common, slot_id: to.slot_id, seats: null },
          dbActor(actor),
        );
  return quoted.refund_amount ?? '0';
}

function kindOf(visit: InTheWay, mode: TimeOffMode, to: FreePlace | undefined): PlanItem['kind'] {
  if (mode === 'keep' || !visit.is_movable) return 'keep';
  if (visit.booking_id === null) return 'end_hold';
  return mode === 'cancel' || !to ? 'cancel' : 'move';
}

/** The plan's items in the order of the day. `refuse` is planned as `reseat`, so that it can be looked at. */
export async function planItems(app: App, actor: Actor, plan: Plan): Promise<readonly PlanItem[]> {
  const { mode, visits, staff } = plan;
  const places =
    mode === 'reseat' || mode === 'refuse' ? await proposals(app, plan) : new Map<string, never>();
  const items: PlanItem[] = [];
  for (const visit of visits) {
    const to = visit.booking_id === null ? undefined : places.get(visit.booking_id);
    const kind = kindOf(visit, mode, to);
    // Several services in a row end once, however many of them stand in the way.
    const is_told = items.some((one) => one.reservation_id === visit.reservation_id);
    if (kind !== 'keep' && is_told) continue;
    const target = kind === 'move' && to ? to : null;
    const is_moneyed = kind === 'move' || kind === 'cancel';
    items.push({
      kind,
      booking_id: visit.booking_id,
      reservation_id: visit.reservation_id,
      reference_code: visit.reference_code,
      version: visit.version,
      slot_id: visit.slot_id,
      to_slot_id: target?.slot_id ?? null,
      owner_name: visit.owner_name,
      pet_name: visit.pet_name,
      service_name: visit.service_name,
      starts_at: localTime(visit.starts_at, staff.time_zone).text,
      to_starts_at: target ? localTime(target.starts_at, staff.time_zone).text : null,
      to_staff_name: target?.staff_name ?? null,
      refund_amount: is_moneyed ? await refundOf(app, actor, visit, target) : '0',
      currency: visit.currency,
    });
  }
  return items;
}
