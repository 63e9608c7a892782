import { AppError, isProblemCode, type Json, type ProblemCode } from '../../domain/errors.ts';

/**
 * One sentence per outcome that a person may meet; the SQL functions answer with the code alone.
 */
const details: Readonly<Partial<Record<ProblemCode, string>>> = {
  slot_taken: 'This slot is booked already.',
  slot_locked: 'Someone else is booking this slot right now.',
  reservation_expired: 'The hold has ended; the slot may be free again.',
  invalid_slot: 'This slot is in the past or closed.',
  service_unavailable: 'The clinic does not offer this service at the moment.',
  not_found: 'There is no such thing, or it is not yours.',
  conflict: 'It has changed in the meantime; look at it again.',
  policy_refused: 'A rule of the clinic does not allow this.',
  payment_failed: 'The payment did not go through.',
};

/** The sentence of a refusal that is made without its error (http/quick-refusals.ts). */
export function refusalDetail(outcome: ProblemCode): string {
  return details[outcome] ?? 'This is not possible.';
}

/**
 * The failure that a SQL function's outcome stands for. An outcome outside the table is a bug of
 * ours and surfaces as one.
 */
export function failure(
  outcome: string,
  facts: Readonly<Record<string, Json>> = {},
  detail?: string,
): Error {
  if (!isProblemCode(outcome)) return new Error(`Unknown outcome of a function: ${outcome}`);
  // An answer of the business, not a fault: nobody reads its stack, and collecting one costs a loser
  // of a race more than its look at the lock.
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new AppError(outcome, detail ?? refusalDetail(outcome), facts);
  } finally {
    Error.stackTraceLimit = depth;
  }
}
