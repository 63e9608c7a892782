import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRecentRefusals, type Refused } from './recent-refusals.ts';

const refused: Refused = {
  outcome: 'slot_locked',
  service_id: randomUUID(),
  clinic_id: randomUUID(),
  holder: 'somebody',
  ends_at_ms: null,
};

/** Asked this far in the future, so that the test need not hurry. */
const later = () => performance.now() + 10_000;

type Memory = ReturnType<typeof createRecentRefusals>;

/** Seven callers before the one who makes it a crowd. */
function almostCrowd(memory: Memory, slot_id: string) {
  for (let n = 0; n < 7; n += 1) expect(memory.look(slot_id, true)).toBe('ask');
}

/** A crowd of which one asked and was told. */
function crowd(memory: Memory, slot_id: string, asked = later()) {
  almostCrowd(memory, slot_id);
  expect(memory.look(slot_id, true)).toBe('ask');
  memory.note(slot_id, refused, asked);
}

const next = (memory: Memory, slot_id: string) =>
  new Promise<Refused | null>((resolve) => memory.wait(slot_id, resolve));

test('a few callers ask for themselves; of a crowd one asks, and the rest are told the same', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  almostCrowd(memory, slot_id);
  memory.note(slot_id, refused, later());
  expect(memory.look(slot_id, false)).toBe('ask');
  expect(memory.look(slot_id, true)).toBe('ask');
  memory.note(slot_id, refused, later());
  expect(memory.look(slot_id, true)).toEqual(refused);
  expect(memory.look(randomUUID(), true)).toBe('ask');
});

test('who comes while one of the crowd asks waits for that answer', async () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  almostCrowd(memory, slot_id);
  expect(memory.look(slot_id, true)).toBe('ask');
  expect(memory.look(slot_id, true)).toBe('wait');
  const told = next(memory, slot_id);
  memory.note(slot_id, refused, performance.now());
  expect(await told).toEqual(refused);
});

test('who waits looks again when the slot is freed, when the answer is older, and after a while', async () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  crowd(memory, slot_id, performance.now() - 200);
  const freed = next(memory, slot_id);
  memory.forget(slot_id);
  expect(await freed).toBeNull();
  const overtaken = next(memory, slot_id);
  memory.note(slot_id, refused, performance.now());
  memory.forget(slot_id);
  expect(await overtaken).toBeNull();
  expect(await next(memory, slot_id)).toBeNull();
});

test('what was asked more than 100 ms ago is not repeated', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  crowd(memory, slot_id, performance.now() - 100);
  expect(memory.look(slot_id, true)).toBe('ask');
  expect(memory.look(slot_id, true)).toBe('wait');
});

test('of a crowd one caller asks anew, so that the rest need not', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  crowd(memory, slot_id, performance.now() - 31);
  expect(memory.look(slot_id, true)).toBe('ask');
  expect(memory.look(slot_id, true)).toEqual(refused);
});

test('nothing is repeated beyond the end of the hold in the way', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  crowd(memory, slot_id);
  memory.note(slot_id, { ...refused, ends_at_ms: performance.now() - 1 }, later());
  expect(memory.look(slot_id, true)).toBe('wait');
});

test('a freed slot is forgotten, and an answer that is older than the freeing is not noted', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  const asked_at_ms = performance.now();
  crowd(memory, slot_id);
  memory.forget(slot_id);
  memory.note(slot_id, refused, asked_at_ms);
  expect(memory.look(slot_id, true)).toBe('ask');
  memory.note(slot_id, refused, later());
  expect(memory.look(slot_id, true)).toEqual(refused);
});

test('it holds a thousand slots and lets the oldest go', () => {
  const memory = createRecentRefusals();
  // Apart in the counts of callers, too.
  const slots = Array.from({ length: 1_001 }, (_, n) => `slot-${n.toString(16).padStart(3, '0')}`);
  for (const slot_id of slots) crowd(memory, slot_id);
  expect(memory.look(slots[1] ?? '', true)).toEqual(refused);
  expect(memory.look(slots[1_000] ?? '', true)).toEqual(refused);
  expect(memory.look(slots[0] ?? '', true)).toBe('ask');
});
