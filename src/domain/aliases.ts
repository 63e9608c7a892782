import type { Method } from './api.ts';
import { AppError } from './errors.ts';

/**
 * The addresses and words of the source documents, said in ours: capabilities §1. One row per
 * address; the endpoint that it belongs to answers it, with its own rights and rules.
 */
export type Alias = {
  readonly method: Method;
  readonly path: string;
  /**
   * Their name of a field (in path, query or body) -> ours; null = taken and not needed, because we know better. The
   * words of `Meaning` are no fields: something has to be looked up or taken apart for them.
   */
  readonly names?: Readonly<Record<string, string | null>>;
  /** What the address itself says. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Fields that their clients do not send and that the database knows. */
  readonly fill?: readonly ('place' | 'pet')[];
  /** Their name in the answer, beside ours -> our field. */
  readonly gives?: Readonly<Record<string, string>>;
};

/**
 * `@when`: a slot by id or local time. `@items`: services in their words. `@seats`: which seats. `@card`: a card
 * number, never. The others are looked up.
 */
const meanings = [
  '@when',
  '@items',
  '@seats',
  '@card',
  '@event',
  '@held_slot',
  '@held_lock',
] as const;
type Meaning = (typeof meanings)[number];
export type Hints = Readonly<
  Partial<Record<Exclude<Meaning, '@when' | '@items' | '@seats' | '@card'>, unknown>>
>;

const slot = { slot: '@when' };
// Seed 003, steps 4 to 11.
const salon = {
  salonId: 'clinic_id',
  serviceId: 'service_id',
  slotId: 'slot_id',
  staffId: 'staff_id',
  userId: 'user_id',
  customerId: 'user_id',
};
// Seed 004, Main Booking Flow.
const ticket = {
  eventId: '@event',
  ticketCount: 'quantity',
  seatPreferences: '@seats',
  userId: 'user_id',
};
const as_slots = { slots: 'items' };
const held = { reservation_lock_id: '@held_lock', lock_id: '@held_lock' };

/** Both at the root, as the documents draw them, and under the version, as a gateway calls them. */
function both<A extends Alias>(alias: A): readonly [A, A] {
  return [alias, { ...alias, path: `/v1${alias.path}` }];
}

export const seed_aliases = {
  list_clinics: [
    { method: 'GET', path: '/api/v1/salons', fixed: { kind: 'salon' } },
    { method: 'GET', path: '/api/events', fixed: { kind: 'venue' } },
  ],
  get_clinic: [
    { method: 'GET', path: '/api/v1/salons/{clinic_id}' },
    { method: 'GET', path: '/api/events/{clinic_id}' },
  ],
  list_slots: [
    ...both({
      method: 'GET',
      path: '/clinics/{clinic_id}/services/{service_id}/slots',
      gives: as_slots,
    }),
    ...both({ method: 'GET', path: '/available-slots/{service_id}', gives: as_slots }),
    {
      method: 'GET',
      path: '/api/v1/availability/slots',
      names: { salonId: 'clinic_id', serviceId: 'service_id', staffId: 'staff_id' },
      gives: as_slots,
    },
  ],
  create_reservation: [
    ...both({ method: 'POST', path: '/reserve-slot', names: slot }),
    {
      method: 'POST',
      path: '/api/v1/availability/slots/{slot_id}/lock',
      names: { ...salon, salonId: null },
      fill: ['place', 'pet'],
    },
  ],
  extend_reservation: [{ method: 'PUT', path: '/v1/reservations/{reservation_id}/extend' }],
  confirm_reservation: [
    { method: 'PUT', path: '/v1/reservations/{reservation_id}/confirm' },
    ...both({ method: 'POST', path: '/confirm-booking', names: held }),
    {
      method: 'POST',
      path: '/api/v1/availability/slots/{slot_id}/book',
      names: {
        slot_id: '@held_slot',
        bookingId: 'reservation_id',
        paymentMethod: 'payment_method',
      },
    },
  ],
  cancel_reservation: [{ method: 'PUT', path: '/v1/reservations/{reservation_id}/cancel' }],
  create_booking: [
    { method: 'POST', path: '/bookings', names: slot },
    {
      method: 'POST',
      path: '/api/v1/bookings',
      // The salon is that of the slot.
      names: { ...salon, salonId: null, startsAt: 'starts_at', items: '@items' },
      fill: ['place', 'pet'],
      gives: { bookingId: 'booking_id' },
    },
    {
      method: 'POST',
      path: '/api/bookings',
      names: ticket,
      fill: ['place', 'pet'],
      gives: { bookingId: 'reservation_id', paymentDeadline: 'expires_at' },
    },
  ],
  list_bookings: [
    {
      method: 'GET',
      path: '/bookings',
      // Seed 002, GetUpcomingBookingsQuery; pages go by cursor.
      names: { userId: 'user_id', startDate: 'from', endDate: 'to' },
    },
  ],
  cancel_booking: [
    {
      method: 'PUT',
      path: '/v1/bookings/{booking_id}/cancel',
      // The policy decides what goes back, whether it is asked for or not.
      names: { refund_requested: null },
    },
  ],
  reschedule_booking: [
    {
      method: 'PUT',
      path: '/v1/bookings/{booking_id}/reschedule',
      names: { new_slot: '@when' },
    },
  ],
  create_payment: [
    {
      method: 'POST',
      path: '/api/payments',
      names: {
        bookingId: 'reservation_id',
        paymentMethod: 'payment_method_id',
        cardDetails: '@card',
      },
      gives: { transactionId: 'payment_id' },
    },
  ],
  create_payment_session: [
    ...both({
      method: 'POST',
      path: '/sessions',
      names: { order_ref: 'reservation_id', description: null },
    }),
  ],
} as const satisfies Record<string, readonly Alias[]>;

export type Parts = { readonly params: unknown; readonly query: unknown; readonly body: unknown };
type Part = keyof Parts;
/** Which fields an endpoint takes where; a name stands in one part only. */
export type FieldNames = Readonly<Record<Part, ReadonlySet<string>>>;

const local_moment = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::00)?$/;

/** A slot as the documents say it: an id, a local date and time, or an object of either. */
function slotFields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  const [, date, time] = typeof value === 'string' ? (local_moment.exec(value) ?? []) : [];
  return date === undefined || time === undefined ? { slot_id: value } : { date, time };
}

/** Seats as ticket sales say them: names in a list, `together`, `front`, or the price tier. */
function seatFields(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) return { seats: value };
  return value === 'together' || value === 'front' ? { seat_preference: value } : { tier: value };
}

/** The services of a booking, each with its fields in our words; what is no list of objects stays as it is. */
function itemFields(alias: Alias, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((item: unknown) =>
    isRecord(item)
      ? Object.fromEntries(
          Object.entries(item).map(([key, one]) => {
            const known = alias.names !== undefined && Object.hasOwn(alias.names, key);
            return [(known ? alias.names?.[key] : null) ?? key, one];
          }),
        )
      : item,
  );
}

/** Their fields, each under the names that we know it by. */
function fieldsOf(
  alias: Alias,
  key: string,
  value: unknown,
): readonly (readonly [string, unknown])[] {
  const known = alias.names !== undefined && Object.hasOwn(alias.names, key);
  const name = known ? alias.names?.[key] : key;
  if (name === null || name === undefined) return [];
  if (name === '@when') return Object.entries(slotFields(value));
  if (name === '@seats') return Object.entries(seatFields(value));
  if (name === '@items') return [['items', itemFields(alias, value)]];
  if (name === '@card') {
    throw new AppError(
      'payment_method_unsupported',
      'Card numbers are never taken here: send the owner to payment_url, or name a saved method.',
      { errors: [{ path: `body.${key}`, message: 'Never sent to us' }] },
    );
  }
  return [[name, value]];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A request at an alias, in our words, and what is still to be looked up. Fields that nobody knows stay where and as
 * they are, so that they are refused under the name that was sent.
 */
export function inOurWords(alias: Alias, raw: Parts, fields: FieldNames): Parts & { hints: Hints } {
  const parts = { params: new Map(), query: new Map(), body: new Map() } satisfies Record<
    Part,
    Map<string, unknown>
  >;
  const hints = new Map<string, unknown>();
  const put = (from: Part, name: string, value: unknown, said_as: string) => {
    if (name.startsWith('@')) return hints.set(name, value);
    const to =
      (['params', 'query', 'body'] as const).find((part) => fields[part].has(name)) ?? from;
    if (parts[to].has(name)) {
      throw new AppError('invalid_input', `${from}.${said_as}: This is said twice.`, {
        errors: [{ path: `${from}.${said_as}`, message: `Also given as ${name}` }],
      });
    }
    return parts[to].set(name, value);
  };
  for (const [name, value] of Object.entries(alias.fixed ?? {})) put('query', name, value, name);
  for (const from of ['params', 'query', 'body'] as const) {
    const given = raw[from];
    if (!isRecord(given)) continue;
    for (const [key, value] of Object.entries(given)) {
      for (const [name, one] of fieldsOf(alias, key, value)) put(from, name, one, key);
    }
  }
  const { body } = raw;
  return {
    params: Object.fromEntries(parts.params),
    query: Object.fromEntries(parts.query),
    // What is no object is refused as what it is.
    body: body === undefined || isRecord(body) ? Object.fromEntries(parts.body) : body,
    hints: Object.fromEntries(hints),
  };
}

/** Fields of the answer once more, under the names that the documents give them. */
export function alsoAs(alias: Alias, output: unknown): Readonly<Record<string, unknown>> {
  if (alias.gives === undefined || !isRecord(output)) return {};
  return Object.fromEntries(
    Object.entries(alias.gives).map(([theirs, ours]) => [theirs, output[ours]]),
  );
}
