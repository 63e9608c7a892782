import { expect, test } from 'vitest';
import { seatMap } from '../../src/commands/seat-map.ts';
import type { Output } from '../../src/domain/shapes.ts';

type Seats = Output<'get_slot_seats'>;

function seatsOf(rows: Readonly<Record<string, string>>): Seats {
  let seat = 0;
  const items = Object.entries(rows).flatMap(([row, signs]) =>
    [...signs].flatMap((sign, index): Seats['items'] => {
      if (sign === ' ') return [];
      seat += 1;
      const place = index + 1;
      const state = sign === '#' ? 'booked' : sign === 'h' ? 'held' : 'free';
      return [{ seat, label: `${row}-${place}`, row, place, category: 'Stalls', state }];
    }),
  );
  return {
    slot_id: '',
    service_id: '',
    service_name: 'Concert',
    starts_at: '',
    capacity: items.length,
    has_plan: true,
    free: 0,
    held: 0,
    booked: 0,
    currency: 'IDR',
    categories: [],
    items,
  };
}

test('rows stand below each other, aisles stay free', () => {
  const map = seatMap(seatsOf({ A: '..#. .h', B: '....' }), { glyphs: 'ascii', columns: 80 });
  expect(map).toEqual(['  A  ..#. .h     Stalls', '  B  ....        Stalls']);
});

test('a row that is wider than the terminal goes on below, with its place', () => {
  const map = seatMap(seatsOf({ A: '#'.repeat(100) }), { glyphs: 'unicode', columns: 80 });
  expect(map).toEqual([`  A  ${'●'.repeat(75)}`, `+75  ${'●'.repeat(25)}`]);
  expect(map.every((line) => line.length <= 80)).toBe(true);
});
