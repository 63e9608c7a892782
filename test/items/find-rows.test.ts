import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choiceFaults, findRows, ITEM_GAP_MINUTES, type OpenSlot } from '../../src/domain/items.ts';
import { createTestDatabase } from '../helpers/database.ts';

const minute = 60_000;

function slot(position: number, from: number, minutes: number, more: Partial<OpenSlot> = {}) {
  const starts_ms = from * minute;
  const ends_ms = (from + minutes) * minute;
  const slot_id = `${position}-${from}-${more.staff_id ?? ''}`;
  const busy = { busy_from_ms: starts_ms, busy_to_ms: ends_ms };
  return { position, slot_id, staff_id: null, room_id: null, starts_ms, ends_ms, ...busy, ...more };
}

const whole = { from_ms: 0, to_ms: 1_440 * minute, limit: 100 };
const idsOf = (rows: readonly (readonly OpenSlot[])[]) =>
  rows.map((row) => row.map(({ slot_id }) => slot_id));

test('the soonest that follows is taken, at most ten minutes later', () => {
  const slots = [slot(1, 0, 30), slot(2, 29, 15), slot(2, 41, 15), slot(2, 40, 15)];
  expect(idsOf(findRows(slots, 2, whole))).toEqual([['1-0-', '2-40-']]);
  expect(findRows([slot(1, 0, 30), slot(2, 41, 15)], 2, whole)).toEqual([]);
});

test('who is there already goes on, where nobody waits for it', () => {
  const mia = { staff_id: 'mia' };
  const slots = [slot(1, 0, 30, mia), slot(2, 30, 15, { staff_id: 'tom' }), slot(2, 30, 15, mia)];
  expect(idsOf(findRows(slots, 2, whole))).toEqual([['1-0-mia', '2-30-mia']]);
});

test('a vet who needs time afterwards is not had again at once, and a dead end is left', () => {
  const tidies = { staff_id: 'mia', busy_to_ms: 45 * minute };
  const slots = [
    slot(1, 0, 30, tidies),
    slot(2, 30, 15, { staff_id: 'mia' }),
    slot(2, 50, 15, { staff_id: 'mia' }),
    slot(2, 35, 15, { staff_id: 'tom' }),
    slot(3, 70, 10),
  ];
  expect(idsOf(findRows(slots, 2, whole))).toEqual([['1-0-mia', '2-35-tom']]);
  // Only the later nails lead on to what comes third.
  expect(idsOf(findRows(slots, 3, whole))).toEqual([['1-0-mia', '2-50-mia', '3-70-']]);
});

test('every row keeps the rules, and beginnings come once and in order', () => {
  const any_slot = fc
    .record({
      position: fc.integer({ min: 1, max: 3 }),
      from: fc.integer({ min: 0, max: 120 }),
      minutes: fc.integer({ min: 5, max: 40 }),
      staff_id: fc.constantFrom('mia', 'tom', null),
      room_id: fc.constantFrom('tub', null),
      after: fc.integer({ min: 0, max: 15 }),
    })
    .map(({ position, from, minutes, staff_id, room_id, after }) =>
      slot(position, from, minutes, {
        staff_id,
        room_id,
        busy_to_ms: (from + minutes + after) * minute,
      }),
    );
  fc.assert(
    fc.property(fc.array(any_slot, { maxLength: 40 }), (slots) => {
      const rows = findRows(slots, 3, whole);
      const starts = rows.map((row) => row[0]?.starts_ms ?? -1);
      expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b));
      for (const row of rows) {
        expect(row.map(({ position }) => position)).toEqual([1, 2, 3]);
        for (const [index, one] of row.entries()) {
          const next = row[index + 1];
          if (next === undefined) continue;
          expect(next.starts_ms).toBeGreaterThanOrEqual(one.ends_ms);
          const wait_ms = next.busy_from_ms - one.busy_to_ms;
          expect(wait_ms).toBeLessThanOrEqual(ITEM_GAP_MINUTES * minute);
        }
        for (const a of row) {
          for (const b of row) {
            const is_shared =
              a !== b &&
              ((a.staff_id !== null && a.staff_id === b.staff_id) ||
                (a.room_id !== null && a.room_id === b.room_id));
            const meet = a.busy_from_ms < b.busy_to_ms && b.busy_from_ms < a.busy_to_ms;
            expect(is_shared && meet).toBe(false);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

describe('what a request says', () => {
  const bath = { service_id: 'a' };
  const nails = { service_id: 'b' };
  const faultsOf = (choice: Parameters<typeof choiceFaults>[0]) =>
    choiceFaults(choice).map(({ path, message }) => `${path.join('.')}: ${message}`);

  test.each([
    [{ items: [bath, nails], starts_at: 'x', quantity: 1 }, []],
    [{ items: [bath], starts_at: 'x', quantity: 1 }, [/^items: Give 2 to 8/]],
    [{ items: [bath, nails], quantity: 1 }, [/^items: Say once when/]],
    [{ items: [bath, nails], starts_at: 'x', date: 'd', time: 't', quantity: 1 }, [/Say once/]],
    [{ items: [bath, nails], date: 'd', quantity: 1 }, [/Say once when/]],
    [{ items: [bath, { ...nails, slot_id: 's' }], quantity: 1 }, [/every item its slot_id/]],
    [{ items: [bath, nails], starts_at: 'x', quantity: 2, tier: 'T' }, [/^quantity/, /^tier/]],
    [{ items: [bath, nails], starts_at: 'x', service_id: 'a', quantity: 1 }, [/not both/]],
    [{ items: [bath, { tier: 'T', quantity: 1 }], slot_id: 's', quantity: 1 }, [/in every item/]],
    [{ service_id: 'a', slot_id: 's', starts_at: 'x', quantity: 1 }, [/^starts_at/]],
    [{ slot_id: 's', quantity: 1 }, [/^service_id/]],
    [{ service_id: 'a', slot_id: 's', items: [{ tier: 'T' }], quantity: 1 }, [/^items.0/]],
  ] as const)('%j', (choice, expected) => {
    const faults = faultsOf(choice);
    expect(faults).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(faults[index]).toMatch(pattern);
  });
});

test('code and database allow the same gap', async () => {
  const { sql } = await createTestDatabase();
  const [row] = await sql<{ minutes: number }[]>`
    select (extract(epoch from item_gap()) / 60)::integer as minutes`;
  expect(row?.minutes).toBe(ITEM_GAP_MINUTES);
});
