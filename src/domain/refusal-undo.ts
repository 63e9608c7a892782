import { allowedMoves, type BookingStatus } from './booking.ts';
import type { Refusal } from './refusal.ts';

/** What can stand in the way of an undo; the words of `undo_booking` in SQL. */
export const undo_problems = [
  'nothing_to_undo',
  'undo_too_late',
  'undo_not_yours',
  'already_told',
  'refund_under_way',
  'slot_gone',
  'owner_busy',
] as const;
export type UndoProblem = (typeof undo_problems)[number];

const sentences: Readonly<Record<UndoProblem, string>> = {
  nothing_to_undo: 'its last change is not a cancel, a no-show or an arrival.',
  undo_too_late: 'that was more than a day ago.',
  undo_not_yours: 'somebody else did it; ask the clinic.',
  already_told: 'its owner has been told already; book it anew.',
  refund_under_way: 'its refund is on the way already; book it anew.',
  slot_gone: 'its place has been taken since; book another time.',
  owner_busy: 'the owner has another visit or hold at that time now.',
};

/** Why the last change of a booking stays. */
export function whyNotUndo(
  booking: { readonly reference_code: string; readonly status: BookingStatus },
  problem: UndoProblem,
): Refusal {
  const { reference_code, status } = booking;
  const allowed = allowedMoves(status);
  return {
    rule: problem,
    detail: `Nothing was undone for ${reference_code}: ${sentences[problem]}`,
    facts: { rule: problem, reference_code, status, allowed },
  };
}
