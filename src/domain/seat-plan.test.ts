import { expect, test } from 'vitest';
import { planCategories, planRows, planSeats } from './seat-plan.ts';

test('rows become numbered seats, first row first, and back again', () => {
  const rows = [
    { row: 'A', places: '1-3,5-6', category: 'Stalls' },
    { row: 'B', places: '1-2', category: 'Stalls' },
    { row: 'B', places: '3', category: 'Box' },
  ];
  const { seats, faults } = planSeats({
    rows,
    categories: [{ category: 'Stalls' }, { category: 'Box', tier: 'VIP' }],
  });
  expect(faults).toEqual([]);
  expect(seats.map(({ label }) => label).join(' ')).toBe('A-1 A-2 A-3 A-5 A-6 B-1 B-2 B-3');
  expect(seats.map(({ seat }) => seat)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(seats.at(-1)).toMatchObject({ category: 'Box', tier: 'VIP' });
  expect(planRows(seats)).toEqual(rows);
  expect(planCategories(seats)).toEqual([
    { category: 'Stalls', tier: 'Stalls' },
    { category: 'Box', tier: 'VIP' },
  ]);
});

test('what is wrong with a plan is told all at once, by its place', () => {
  const { faults } = planSeats({
    categories: [{ category: 'Stalls' }],
    rows: [
      { row: 'A', places: 'one to ten', category: 'Stalls' },
      { row: 'B', places: '5-1', category: 'Stalls' },
      { row: 'C', places: '1,1', category: 'Stalls' },
      { row: 'D', places: '1', category: 'Box' },
    ],
  });
  expect(faults.map(({ path }) => path)).toEqual([
    'rows.0.places',
    'rows.1.places',
    'rows.2.places',
    'rows.3.category',
  ]);
});

test('a plan has at most 5 000 seats', () => {
  const rows = Array.from({ length: 6 }, (_, index) => ({
    row: `R${index}`,
    places: '1-1000',
    category: 'Stalls',
  }));
  expect(planSeats({ rows }).faults).toEqual([
    { path: 'rows', message: 'At most 5000 seats, not 6000' },
  ]);
});
