import { AppError } from '../../domain/errors.ts';
import type { App } from '../app-types.ts';
import { endOverdue } from './end-overdue.ts';
import { failure } from './outcome.ts';
import type { Conflict } from './series-plan.ts';

/** Times that a deadlock is tried again; the loser of one has changed nothing. */
const RETRIES = 3;
const PAUSE_MAX_MS = 50;

const isDeadlock = (error: unknown) =>
  error instanceof AppError &&
  (error.facts['sqlstate'] === '40P01' || error.facts['sqlstate'] === '40001');

/** Tries again what the database undid because of others; not what may have been done. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= RETRIES || !isDeadlock(error)) throw error;
      const pause_ms = Math.random() * PAUSE_MAX_MS;
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
    }
  }
}

type Judged = {
  readonly outcome: string;
  readonly blocking_reservation_id: string | null;
  readonly blocking_session_id: string | null;
};

/** Overdue holds with an open payment page that one request may have to end. */
const OVERDUE_MAX = 5;

/** Asks the judge, and again after each overdue hold in the way was ended by asking the provider. */
export async function afterOverdue<T extends Judged>(app: App, ask: () => Promise<T>): Promise<T> {
  let result = await withRetries(ask);
  for (let ended = 0; ended < OVERDUE_MAX; ended += 1) {
    const { outcome, blocking_reservation_id, blocking_session_id } = result;
    if (outcome !== 'conflict' || blocking_reservation_id === null) return result;
    const overdue = { reservation_id: blocking_reservation_id, session_id: blocking_session_id };
    if ((await endOverdue(app, overdue)) === 'unknown') return result;
    result = await withRetries(ask);
  }
  return result;
}

const taken = new Set<Conflict['reason']>(['booked', 'held', 'staff_busy', 'room_busy']);

/** All or none: which visits stand in the way, each with other times. */
export function conflictFailure(
  conflicts: readonly Conflict[],
  asked: number,
  what: 'booked' | 'moved',
): Error {
  const [first] = conflicts;
  const dates = conflicts.slice(0, 5).map(({ date }) => date);
  const more = conflicts.length > dates.length ? ', ..' : '';
  const detail =
    `${conflicts.length} of ${asked} visits cannot be ${what} (${dates.join(', ')}${more}: ` +
    `${first?.detail ?? ''}) Nothing was ${what}.`;
  const code = conflicts.some(({ reason }) => taken.has(reason))
    ? 'slot_taken'
    : conflicts.some(({ reason }) => reason === 'owner_busy' || reason === 'refused')
      ? 'policy_refused'
      : 'invalid_slot';
  return failure(code, { conflicts: conflicts.map((one) => ({ ...one })) }, detail);
}
