import type { EndpointName } from '../../src/domain/api.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type { WaitEntry } from '../../src/tui/model-waitlist.ts';
import { clinic_id, uuid } from './fixture.ts';

/** The waiting list in memory: one who has an offer, one who was passed over, one in Japanese. */

type Handlers = {
  readonly [N in EndpointName]?: (request: Request<N>) => Output<N>;
};

export type FakeWaitlist = { items: readonly WaitEntry[]; readonly handlers: Handlers };

function offerOf(n: number): NonNullable<WaitEntry['offer']> {
  return {
    reservation_id: uuid(6, 500 + n),
    reference_code: `BP${30_000_000 + n}`,
    slot_id: uuid(4, 500 + n),
    starts_at: '2026-11-21T10:30:00+07:00',
    staff_name: 'Sari',
    offered_at: '2026-11-20T10:40:00+07:00',
    offered_by_hand: false,
    expires_at: '2026-11-20T11:10:00+07:00',
    accepted_at: null,
    ended_at: null,
    ended_as: null,
  };
}

function entry(n: number, change: Partial<WaitEntry>): WaitEntry {
  return {
    entry_id: uuid(9, n),
    clinic_id,
    service_id: uuid(2, 1),
    service_name: 'Checkup',
    staff_id: null,
    staff_name: null,
    user_id: uuid(7, n),
    owner_name: 'Siti Rahmawati',
    owner_phone: '+6281234567890',
    pet_id: uuid(8, n),
    pet_name: 'Mochi',
    from_date: '2026-11-21',
    to_date: '2026-11-27',
    weekdays: [1, 2, 3, 4, 5],
    from_time: '09:00',
    to_time: '12:00',
    quantity: 1,
    items: null,
    priority: 0,
    status: 'waiting',
    left_reason: null,
    misses: 0,
    position: n,
    offer: null,
    skip: null,
    version: 1,
    created_at: `2026-11-20T0${n}:00:00+07:00`,
    ...change,
  };
}

const figure: readonly WaitEntry[] = [
  entry(1, { status: 'offered', position: null, offer: offerOf(1) }),
  entry(2, {
    owner_name: 'Budi Santoso',
    pet_name: 'Koko',
    staff_name: 'Andi',
    quantity: 2,
    misses: 1,
    position: 1,
    skip: {
      slot_id: uuid(4, 9),
      starts_at: '2026-11-21T09:00:00+07:00',
      reason: 'too_few_seats',
      times: 2,
      last_at: '2026-11-20T10:00:00+07:00',
    },
  }),
  entry(3, {
    owner_name: '山田 太郎',
    pet_name: 'ムギ',
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from_time: '00:00',
    to_time: null,
    position: 2,
  }),
];

export function fakeWaitlist(): FakeWaitlist {
  const set = (entry_id: string, change: Partial<WaitEntry>): WaitEntry => {
    const found = fake.items.find((one) => one.entry_id === entry_id);
    if (found === undefined) throw new AppError('not_found', 'There is no such entry.');
    const next = { ...found, ...change, version: found.version + 1 };
    fake.items = fake.items.map((one) => (one.entry_id === entry_id ? next : one));
    return next;
  };
  const without = (entry_id: string) => {
    fake.items = fake.items.filter((one) => one.entry_id !== entry_id);
  };
  const fake: FakeWaitlist = {
    items: figure,
    handlers: {
      list_waitlist: () => ({ items: fake.items, next_cursor: null }),
      offer_waitlist_slot: ({ entry_id }) => {
        if (entry_id === figure[2]?.entry_id) {
          throw new AppError('conflict', 'No open slot fits this entry.');
        }
        return set(entry_id, { status: 'offered', position: null, offer: offerOf(2) });
      },
      accept_offer: ({ entry_id }) => {
        without(entry_id);
        return {
          reservation_id: uuid(6, 501),
          reference_code: 'BP30000001',
          expires_at: '2026-11-20T11:10:00+07:00',
          amount: '250000.00',
          currency: 'IDR',
          payment_url: null,
          booking_id: uuid(5, 501),
          replayed: false,
        };
      },
      leave_waitlist: ({ entry_id }) => {
        const left = set(entry_id, { status: 'left', left_reason: 'by_clinic', position: null });
        without(entry_id);
        return left;
      },
    },
  };
  return fake;
}
