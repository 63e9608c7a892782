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

function crowd(memory: ReturnType<typeof createRecentRefusals>, slot_id: string, asked = later()) {
  for (let n = 0; n < 8; n += 1) memory.note(slot_id, refused, asked);
}

test('a slot that turned away a few is not answered from memory, one that turned away a crowd is', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  for (let n = 0; n < 7; n += 1) memory.note(slot_id, refused, later());
  expect(memory.find(slot_id)).toBeNull();
  expect(memory.isHot()).toBe(false);
  memory.note(slot_id, refused, later());
  expect(memory.find(slot_id)).toEqual(refused);
  expect(memory.isHot()).toBe(true);
  expect(memory.find(randomUUID())).toBeNull();
});

test('what was asked more than 50 ms ago is not repeated', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  crowd(memory, slot_id, performance.now() - 50);
  expect(memory.find(slot_id)).toBeNull();
});

test('nothing is repeated beyond the end of the hold in the way', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  for (let n = 0; n < 8; n += 1) {
    memory.note(slot_id, { ...refused, ends_at_ms: performance.now() - 1 }, later());
  }
  expect(memory.find(slot_id)).toBeNull();
});

test('a freed slot is forgotten, and an answer that is older than the freeing is not noted', () => {
  const memory = createRecentRefusals();
  const slot_id = randomUUID();
  const asked_at_ms = performance.now();
  crowd(memory, slot_id);
  memory.forget(slot_id);
  expect(memory.find(slot_id)).toBeNull();
  crowd(memory, slot_id, asked_at_ms);
  expect(memory.find(slot_id)).toBeNull();
  crowd(memory, slot_id);
  expect(memory.find(slot_id)).toEqual(refused);
});

test('it holds a thousand slots and lets the oldest go', () => {
  const memory = createRecentRefusals();
  const slots = Array.from({ length: 1_001 }, () => randomUUID());
  for (const slot_id of slots) crowd(memory, slot_id);
  expect(memory.find(slots[0] ?? '')).toBeNull();
  expect(memory.find(slots[1] ?? '')).toEqual(refused);
  expect(memory.find(slots[1_000] ?? '')).toEqual(refused);
});
