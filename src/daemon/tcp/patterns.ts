import { type Endpoint, type EndpointName, endpoints } from '../../domain/api.ts';
import { AppError } from '../../domain/errors.ts';
import type { Access } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { cancelBooking } from '../actions/cancel-booking.ts';
import { cancelReservation } from '../actions/cancel-reservation.ts';
import { confirmReservation } from '../actions/confirm-reservation.ts';
import { createBooking } from '../actions/create-booking.ts';
import { createReservation } from '../actions/create-reservation.ts';
import { extendReservation } from '../actions/extend-reservation.ts';
import { getBooking } from '../actions/get-booking.ts';
import { getReservation } from '../actions/get-reservation.ts';
import { listBookings } from '../actions/list-bookings.ts';
import { listSlots } from '../actions/list-slots.ts';
import { rescheduleBooking } from '../actions/reschedule-booking.ts';
import { setBookingStatus } from '../actions/set-booking-status.ts';
import type { Actor, App, Call } from '../app-types.ts';
import { runOnce } from '../http/idempotency.ts';
import { inputParser } from '../http/parse.ts';
import { serializer } from '../http/serialize.ts';

/** What a message carries besides its token. */
export type Fields = Readonly<Record<string, unknown>>;

/** One message pattern: who may send it, and what it does. The answer is JSON text. */
export type Pattern = {
  readonly access: Access;
  readonly run: (app: App, actor: Actor, fields: Fields, key: string | null) => Promise<string>;
};

type Action<N extends EndpointName> = (
  app: App,
  actor: Actor,
  input: Input<N>,
  call: Call,
) => Promise<Output<N>>;

/** Path, query and body of an endpoint, as an HTTP request would have carried the fields. */
function partsOf(endpoint: Endpoint, fields: Fields) {
  const in_path = new Set([...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, key]) => key));
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const params = Object.fromEntries(entries.filter(([key]) => in_path.has(key)));
  const rest = entries.filter(([key]) => !in_path.has(key));
  if (endpoint.method !== 'GET') return { params, query: {}, body: Object.fromEntries(rest) };
  // A query is text; what is neither text nor number stays as it is and is refused by name.
  const texts = rest.map(([key, value]) =>
    typeof value === 'number' || typeof value === 'boolean' ? [key, String(value)] : [key, value],
  );
  return { params, query: Object.fromEntries(texts), body: {} };
}

/** A pattern that does what an endpoint does: its rights, its fields, its idempotency keys. */
function like<N extends EndpointName>(name: N, action: Action<N>): Pattern {
  const endpoint: Endpoint = endpoints[name];
  const parse = inputParser(name);
  const serialize = serializer(name);
  return {
    access: endpoint.access,
    run: async (app, actor, fields, key) => {
      const input = parse(partsOf(endpoint, fields));
      const call = { idempotency_key: endpoint.idempotency === 'none' ? null : key };
      const act = () => action(app, actor, input, call);
      if (endpoint.idempotency !== 'stored' || key === null) return serialize(await act());
      // The scope of the HTTP routes: one key has one effect, whichever door it came through.
      const stored = { scope: `${actor.role}:${actor.id}:${name}`, key, input };
      return serialize((await runOnce(app, stored, endpoint.success, act)).output);
    },
  };
}

const find_slots = like('list_slots', listSlots);
const get_booking = like('get_booking', getBooking);
const list_bookings = like('list_bookings', listBookings);

/** Yes or no, with the first open slot; a service that is not offered is a no and no failure. */
const check_availability: Pattern = {
  access: find_slots.access,
  run: async (app, actor, fields) => {
    const { slot_id, ...rest } = fields;
    const parse = inputParser('list_slots');
    const input = parse(partsOf(endpoints.list_slots, { limit: 200, ...rest, explain: false }));
    const items = await listSlots(app, actor, input).then(
      (page) => page.items,
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'service_unavailable') return [];
        throw error;
      },
    );
    const open = items.filter(
      (one) => one.available && (slot_id === undefined || one.slot_id === slot_id),
    );
    const [first = null] = open;
    return JSON.stringify({ available: first !== null, open_slots: open.length, first });
  },
};

/**
 * Every pattern that we answer; all others are refused. The first six: seed 002, Internal TCP
 * Message Patterns. Rights are those of the endpoints.
 */
export const patterns: ReadonlyMap<string, Pattern> = new Map<string, Pattern>([
  ['booking.reservation.create', like('create_reservation', createReservation)],
  ['booking.reservation.confirm', like('confirm_reservation', confirmReservation)],
  ['booking.availability.check', check_availability],
  ['booking.slots.find', find_slots],
  [
    'booking.booking.find',
    {
      access: get_booking.access,
      run: (...wish) =>
        (wish[2]['booking_id'] === undefined ? list_bookings : get_booking).run(...wish),
    },
  ],
  ['booking.booking.update', like('set_booking_status', setBookingStatus)],
  ['booking.booking.create', like('create_booking', createBooking)],
  ['booking.booking.cancel', like('cancel_booking', cancelBooking)],
  ['booking.booking.reschedule', like('reschedule_booking', rescheduleBooking)],
  ['booking.reservation.find', like('get_reservation', getReservation)],
  ['booking.reservation.extend', like('extend_reservation', extendReservation)],
  ['booking.reservation.cancel', like('cancel_reservation', cancelReservation)],
]);
