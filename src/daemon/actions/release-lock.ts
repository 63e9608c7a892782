import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import type { LockRow } from '../locks/board.ts';
import { findKey } from '../locks/find-key.ts';
import { lockItem } from '../locks/lock-json.ts';
import { auditRelease, deleteLock, isReleasable } from '../locks/release.ts';
import { writeAudit } from '../store/audit.ts';
import { toJson } from '../store/db.ts';
import { forceCancelReservation, type HoldFacts } from '../store/locks.ts';
import { dbActor } from './actor.ts';
import { closePage } from './close-page.ts';
import { failure } from './outcome.ts';
import { releaseLocks } from './release-locks.ts';

type Request = Input<'release_lock'>;

const changed = (key: string) =>
  new AppError('conflict', 'The lock has changed since you looked; nothing was released.', {
    next: `petpro locks inspect '${key}'`,
  });

/** Throws unless the request allows for what the lock is. */
function assertAllowed(row: LockRow, request: Request): void {
  if (row.token !== request.token) throw changed(row.key);
  if (row.class === 'foreign' && !request.foreign) {
    throw new AppError('policy_refused', 'This key was not written by PetPro.', {
      next: 'find out whose it is; then say --foreign',
    });
  }
  const is_pending = row.hold?.status === 'pending';
  if (is_pending && !request.cancel_reservation) {
    throw new AppError('policy_refused', 'PostgreSQL holds this slot for a pending reservation.', {
      reservation_id: row.hold?.reservation_id ?? null,
      next:
        row.class === 'live'
          ? '--cancel-reservation ends the hold as well'
          : 'petpro reconcile run mends its lock; --cancel-reservation ends the hold as well',
    });
  }
  if (row.class === 'live' && !is_pending) {
    throw new AppError('policy_refused', 'This lock ends by itself within seconds.', {
      cause: row.cause,
    });
  }
}

/** Ends the hold in PostgreSQL first, then takes its locks away, then closes its payment page. */
async function cancelWith(
  app: App,
  actor: Actor,
  row: LockRow,
  hold: HoldFacts,
  reason: string,
): Promise<void> {
  const why = { reason, before: lockItem(row) };
  const ended = await forceCancelReservation(app.sql, hold, why, dbActor(actor));
  if (ended.outcome === 'conflict') throw changed(row.key);
  if (ended.outcome !== 'ok') throw failure(ended.outcome);
  await releaseLocks(app, ended);
  await auditRelease(app, actor, row, reason);
  app.wake.relay();
  if (ended.session_id !== null) await closePage(app, ended.session_id);
}

async function deleteOrThrow(
  app: App,
  actor: Actor,
  row: LockRow,
  reason: string,
): Promise<boolean> {
  // Written before it is done: no lock is ever gone without a trace, even if we die in between.
  await writeAudit(app.sql, {
    actor: dbActor(actor),
    clinic_id: row.slot?.clinic_id ?? null,
    action: 'lock.release_started',
    target_type: 'lock',
    target_id: row.key,
    reason,
    before: toJson(lockItem(row)),
  });
  const outcome = await deleteLock(app, actor, row, reason);
  if (outcome === 'changed' || outcome === 'none') throw changed(row.key);
  if (outcome === 'released') return true;
  throw new AppError('unavailable', 'Redis does not answer; the lock may still be there.', {
    retry_after_ms: 1_000,
  });
}

/** Releases one lock by force. Never frees a seat that PostgreSQL still holds, unless the hold goes with it. */
export async function releaseLock(
  app: App,
  actor: Actor,
  request: Request,
): Promise<Output<'release_lock'>> {
  const row = await findKey(app, actor, request.key);
  assertAllowed(row, request);
  const { key, hold } = row;
  const ends_hold = hold?.status === 'pending';
  const answer = {
    key,
    class: row.class,
    cause: row.cause,
    dry_run: request.dry_run,
    reservation_id: hold?.reservation_id ?? null,
  };
  if (request.dry_run) return { ...answer, released: false, cancelled_reservation: false };
  if (ends_hold) {
    await cancelWith(app, actor, row, hold, request.reason);
    return { ...answer, released: true, cancelled_reservation: true };
  }
  if (row.class !== 'foreign' && !isReleasable(row)) throw changed(key);
  const released = await deleteOrThrow(app, actor, row, request.reason);
  return { ...answer, released, cancelled_reservation: false };
}
