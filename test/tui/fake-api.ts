import type { EndpointName } from '../../src/domain/api.ts';
import type { ApiClient } from '../../src/domain/client.ts';
import { AppError, type Json } from '../../src/domain/errors.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type { Day, Owner, Slot } from '../../src/tui/model.ts';
import type { DayRow } from '../../src/tui/rows.ts';
import { cardOf } from './fake-find.ts';
import { type FakeHealth, fakeHealth } from './fake-health.ts';
import { type FakeJobs, fakeJobs } from './fake-jobs.ts';
import { fakeLife } from './fake-life.ts';
import { type FakeLocks, fakeLocks } from './fake-locks.ts';
import { type FakeMoney, fakeMoney } from './fake-money.ts';
import { type FakeWaitlist, fakeWaitlist } from './fake-waitlist.ts';
import { bookingOf, clinic, figureDay, NOW, owners, slotsOf, uuid } from './fixture.ts';

/** A server in memory behind the client's own type: for frames and key scripts, where no socket is needed. */

type Handlers = {
  readonly [N in EndpointName]?: (request: Request<N>) => Output<N>;
};

export type FakeApi = {
  readonly client: ApiClient;
  /** Names of the calls so far, in order. */
  readonly calls: string[];
  readonly requests: { readonly name: string; readonly request: unknown; readonly key: string }[];
  day: Day;
  owners: Owner[];
  readonly health: FakeHealth;
  readonly jobs: FakeJobs;
  readonly locks: FakeLocks;
  readonly money: FakeMoney;
  readonly waitlist: FakeWaitlist;
  /** A message has left: nothing can be undone any more. */
  is_told: boolean;
  /** What this person can still take back. */
  undoable: Output<'list_undoable'>['items'];
  /** What a refused hold offers instead. */
  nearest: Json[];
  /** Slot ids that somebody else takes first. */
  readonly taken: Set<string>;
  is_down: boolean;
  /** The server's clock. */
  now_ms: number;
  /** Changes one row as another desk would. */
  readonly change: (reference_code: string, change: Partial<DayRow>) => void;
};

/** Makes a fake with the day of figure A. */
export function fakeApi(day: Day = figureDay()): FakeApi {
  const calls: string[] = [];
  const requests: FakeApi['requests'] = [];
  const holds = new Map<string, Slot>();
  const health = fakeHealth();
  const jobs = fakeJobs();
  const locks = fakeLocks();
  const money = fakeMoney();
  const waitlist = fakeWaitlist();
  let next = 1;

  const api: FakeApi = {
    client: { call },
    calls,
    requests,
    day,
    owners: [...owners],
    health,
    jobs,
    locks,
    money,
    waitlist,
    is_told: false,
    undoable: [],
    nearest: [],
    taken: new Set(),
    is_down: false,
    now_ms: NOW,
    change: (reference_code, change) => {
      const items = api.day.items.map((row) =>
        row.reference_code === reference_code
          ? { ...row, version: (row.version ?? 0) + 1, ...change }
          : row,
      );
      api.day = { ...api.day, items, sequence: api.day.sequence + 1 };
    },
  };

  function rowOf(booking_id: string): DayRow {
    const row = api.day.items.find(
      (one) => one.booking_id === booking_id || one.reference_code === booking_id,
    );
    if (row === undefined) throw new AppError('not_found', `No booking ${booking_id}.`);
    return row;
  }

  function checkVersion(row: DayRow, expected: number | undefined): void {
    if (expected !== undefined && expected !== row.version) {
      throw new AppError('conflict', 'The booking has changed.', { version: row.version });
    }
  }

  function hold(request: Request<'create_reservation'>): Output<'create_reservation'> {
    const date = /^\d{8}/.exec(request.slot_id?.slice(-9) ?? '')?.[0] ?? '';
    const iso = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}`;
    const slot = slotsOf(request.service_id ?? '', iso).find(
      (one) => one.slot_id === request.slot_id,
    );
    if (slot === undefined || api.taken.has(slot.slot_id)) {
      throw new AppError('slot_taken', 'The slot was booked.', { nearest: api.nearest });
    }
    next += 1;
    const reservation_id = uuid(6, 1000 + next);
    holds.set(reservation_id, slot);
    return {
      reservation_id,
      lock_id: `lock-${next}`,
      reference_code: `BP${20_000_000 + next}`,
      expires_at: Temporal.Instant.fromEpochMilliseconds(NOW + 600_000).toString(),
      seats: [1],
      replayed: false,
    };
  }

  const handlers: Handlers = {
    ...health.handlers,
    ...jobs.handlers,
    ...locks.handlers,
    ...money.handlers,
    ...waitlist.handlers,
    ...fakeLife(() => api, rowOf, checkVersion),
    get_day: ({ date }) => {
      const as_of = Temporal.Instant.fromEpochMilliseconds(api.now_ms).toString();
      const is_known = date === undefined || date === api.day.date;
      return is_known ? { ...api.day, as_of } : { ...api.day, as_of, date, items: [] };
    },
    get_clinic: () => clinic,
    get_booking: ({ booking_id }) => bookingOf(rowOf(booking_id)),
    search_owners: ({ q, near }) => {
      const items = api.owners.filter((one) =>
        `${one.full_name} ${one.phone}`.toLowerCase().includes(q.toLowerCase()),
      );
      if (items.length > 0 || near !== 'true') return { items, next_cursor: null };
      // Letters in another order are near enough here.
      const letters = (word: string) => [...word.toLowerCase()].toSorted().join('');
      const alike = api.owners
        .filter((one) => one.full_name.split(' ').some((word) => letters(word) === letters(q)))
        .map((one) => ({ ...one, matched_by: 'near' as const }));
      return { items: alike, next_cursor: null };
    },
    get_owner: (request) => cardOf(api.owners, request),
    create_owner: ({ full_name, phone, pet_name }) => {
      next += 1;
      const owner: Owner = {
        user_id: uuid(7, 1000 + next),
        full_name,
        phone,
        email: null,
        lang: 'id',
        pets: [{ pet_id: uuid(8, 1000 + next), name: pet_name, species: null, breed: null }],
        next_visit: null,
        last_visit: null,
        last_service_id: null,
      };
      api.owners.push(owner);
      return owner;
    },
    list_slots: ({ service_id, date, staff_id }) => ({
      items: slotsOf(service_id, date ?? '').filter(
        (slot) =>
          !api.taken.has(slot.slot_id) && (staff_id === undefined || slot.staff_id === staff_id),
      ),
      next_cursor: null,
    }),
    create_reservation: hold,
    extend_reservation: ({ reservation_id }) => ({
      reservation_id,
      expires_at: Temporal.Instant.fromEpochMilliseconds(NOW + 900_000).toString(),
    }),
    cancel_reservation: ({ reservation_id }) => {
      holds.delete(reservation_id);
      return { success: true };
    },
    confirm_reservation: ({ reservation_id }) => {
      if (!holds.delete(reservation_id)) throw new AppError('reservation_expired', 'Too late.');
      return {
        booking_id: uuid(5, 2000),
        reference_code: 'BP20000900',
        reference: 'BP20000900',
      };
    },
    create_booking: ({ payment_method }) => ({
      reservation_id: uuid(6, 2000),
      reference_code: 'BP20000901',
      expires_at: Temporal.Instant.fromEpochMilliseconds(NOW + 600_000).toString(),
      amount: '250000.00',
      currency: 'IDR',
      payment_url:
        payment_method === 'checkout' || payment_method === undefined
          ? 'https://pay.example.com/c/pay/cs_test_a1B2c3'
          : null,
      booking_id: null,
      replayed: false,
    }),
    set_booking_status: ({ booking_id, status, expected_version }) => {
      const row = rowOf(booking_id);
      checkVersion(row, expected_version);
      const arrived_at = Temporal.Instant.fromEpochMilliseconds(NOW).toString();
      api.change(row.reference_code ?? '', status === 'arrived' ? { arrived_at } : { status });
      return bookingOf(rowOf(booking_id));
    },
    cancel_booking: ({ booking_id, quote, by, expected_version }) => {
      const row = rowOf(booking_id);
      checkVersion(row, expected_version);
      const percent = by === 'clinic' ? 100 : 50;
      if (quote !== true) api.change(row.reference_code ?? '', { status: 'cancelled' });
      return {
        booking_id: row.booking_id ?? '',
        reference_code: row.reference_code ?? '',
        quote: quote === true,
        status: quote === true ? 'confirmed' : 'cancelled',
        refund_percent: percent,
        refund_amount: percent === 100 ? row.amount : '125000.00',
        currency: 'IDR',
        refund_id: null,
        undo_until:
          quote === true
            ? null
            : Temporal.Instant.fromEpochMilliseconds(api.now_ms + 30_000).toString(),
        version: rowOf(booking_id).version ?? 1,
      };
    },
  };

  async function call<N extends EndpointName>(
    name: N,
    request: Request<N>,
    options: { readonly idempotency_key?: string } = {},
  ): Promise<Output<N>> {
    calls.push(name);
    requests.push({ name, request, key: options.idempotency_key ?? '' });
    if (api.is_down) throw new AppError('unavailable', 'No daemon answers.');
    const handler = handlers[name];
    if (handler === undefined) throw new AppError('not_found', `${name} is not served here.`);
    return handler(request);
  }

  return api;
}
