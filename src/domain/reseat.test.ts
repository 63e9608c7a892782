import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Busy, type Place, proposeSeats, type Visit } from './reseat.ts';

const HALF_HOUR = 1_800_000;
const span = (n: number, halves = 1) => ({
  starts_ms: n * HALF_HOUR,
  ends_ms: (n + halves) * HALF_HOUR,
});
const dayOf = (n: number) => `2026-11-${String(10 + Math.floor(n / 16)).padStart(2, '0')}`;

const visit_arb = fc
  .record({
    n: fc.nat(31),
    user: fc.nat(5),
    service: fc.nat(1),
    seats: fc.integer({ min: 1, max: 2 }),
    booked_ms: fc.nat(50),
  })
  .map(({ n, user, service, seats, booked_ms }) => ({
    ...span(n),
    user_id: `u${user}`,
    service_id: `s${service}`,
    quantity: seats,
    date: dayOf(n),
    booked_ms,
  }));
const visits_arb = fc
  .array(visit_arb, { maxLength: 12 })
  .map((all) => all.map((visit, index): Visit => ({ ...visit, booking_id: `b${index}` })));
const places_arb = fc
  .array(
    fc.record({
      n: fc.nat(31),
      halves: fc.integer({ min: 1, max: 2 }),
      staff: fc.option(fc.nat(2)),
      room: fc.option(fc.nat(1)),
      service: fc.nat(1),
      remaining: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 14 },
  )
  .map((all) =>
    all.map(
      ({ n, halves, staff, room, service, remaining }, index): Place => ({
        ...span(n, halves),
        slot_id: `p${index}`,
        service_id: `s${service}`,
        staff_id: staff === null ? null : `v${staff}`,
        room_id: room === null ? null : `r${room}`,
        date: dayOf(n),
        remaining,
      }),
    ),
  );
const busy_arb = fc
  .array(fc.record({ n: fc.nat(31), user: fc.nat(5) }), { maxLength: 6 })
  .map((all) => all.map(({ n, user }): Busy => ({ ...span(n), user_id: `u${user}` })));

type Span = { readonly starts_ms: number; readonly ends_ms: number };
const overlap = (a: Span, b: Span) => a.starts_ms < b.ends_ms && b.starts_ms < a.ends_ms;

test('no proposal takes a seat, a vet, a room or an owner twice, and none is left out needlessly', () => {
  fc.assert(
    fc.property(visits_arb, places_arb, busy_arb, (visits, places, busy) => {
      const seats = proposeSeats(visits, places, busy);
      expect([...seats.keys()].toSorted()).toEqual(visits.map((v) => v.booking_id).toSorted());
      const given = visits.flatMap((visit) => {
        const place = seats.get(visit.booking_id) ?? null;
        return place === null ? [] : [{ visit, place }];
      });
      for (const { visit, place } of given) {
        expect(place.service_id).toBe(visit.service_id);
        expect(busy.some((one) => one.user_id === visit.user_id && overlap(one, place))).toBe(
          false,
        );
      }
      for (const place of places) {
        const sold = given.filter((one) => one.place.slot_id === place.slot_id);
        const total = sold.reduce((sum, { visit }) => sum + visit.quantity, 0);
        expect(total).toBeLessThanOrEqual(place.remaining);
      }
      for (const [index, a] of given.entries()) {
        for (const b of given.slice(index + 1)) {
          if (!overlap(a.place, b.place)) continue;
          expect(a.visit.user_id).not.toBe(b.visit.user_id);
          if (a.place.slot_id === b.place.slot_id) continue;
          if (a.place.staff_id !== null) expect(a.place.staff_id).not.toBe(b.place.staff_id);
          if (a.place.room_id !== null) expect(a.place.room_id).not.toBe(b.place.room_id);
        }
      }
      // Whoever got nothing could not have been put anywhere beside the others.
      for (const visit of visits.filter((v) => seats.get(v.booking_id) === null)) {
        const could = places.some((place) => {
          const sold = given.filter((one) => one.place.slot_id === place.slot_id);
          const left = place.remaining - sold.reduce((sum, one) => sum + one.visit.quantity, 0);
          return (
            place.service_id === visit.service_id &&
            left >= visit.quantity &&
            !busy.some((one) => one.user_id === visit.user_id && overlap(one, place)) &&
            given.every(
              (one) =>
                !overlap(one.place, place) ||
                (one.visit.user_id !== visit.user_id &&
                  (one.place.slot_id === place.slot_id ||
                    ((place.staff_id === null || one.place.staff_id !== place.staff_id) &&
                      (place.room_id === null || one.place.room_id !== place.room_id)))),
            )
          );
        });
        expect(could).toBe(false);
      }
    }),
  );
});

test('the same input gives the same proposal, whatever its order', () => {
  fc.assert(
    fc.property(visits_arb, places_arb, busy_arb, (visits, places, busy) => {
      const one = proposeSeats(visits, places, busy);
      const other = proposeSeats(visits.toReversed(), places.toReversed(), busy.toReversed());
      for (const [booking_id, place] of one) expect(other.get(booking_id)).toEqual(place);
    }),
  );
});

test('who booked first chooses first, the same day before a nearer time on another', () => {
  const visit = (booking_id: string, user_id: string, booked_ms: number): Visit => ({
    booking_id,
    user_id,
    service_id: 's',
    quantity: 1,
    booked_ms,
    date: dayOf(15),
    ...span(15),
  });
  const place = (slot_id: string, n: number): Place => ({
    slot_id,
    service_id: 's',
    staff_id: null,
    room_id: null,
    remaining: 1,
    date: dayOf(n),
    ...span(n),
  });
  const seats = proposeSeats(
    [visit('late', 'a', 2), visit('early', 'b', 1)],
    [place('next-day', 16), place('same-day', 2)],
    [],
  );
  expect(seats.get('early')?.slot_id).toBe('same-day');
  expect(seats.get('late')?.slot_id).toBe('next-day');
});
