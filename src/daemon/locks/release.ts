import { LOCK_UNDECIDED_MS, type LockCause } from '../../domain/lock.ts';
import { dbActor } from '../actions/actor.ts';
import type { Actor, App } from '../app-types.ts';
import { writeAudit } from '../store/audit.ts';
import { toJson } from '../store/db.ts';
import { type LockRow, readKey } from './board.ts';
import { lockItem } from './lock-json.ts';

/** Deleting locks that nobody needs. */

/** True when the lock can go without touching anything that PostgreSQL holds. */
export function isReleasable(row: LockRow): boolean {
  return row.class === 'leaked' && row.hold?.status !== 'pending';
}

/** Writes that a lock went, by whom and why. */
export async function auditRelease(
  app: App,
  actor: Actor,
  row: LockRow,
  reason: string,
): Promise<void> {
  await writeAudit(app.sql, {
    actor: dbActor(actor),
    clinic_id: row.slot?.clinic_id ?? null,
    action: 'lock.released',
    target_type: 'lock',
    target_id: row.key,
    reason,
    before: toJson(lockItem(row)),
    after: { key: row.key, lock: null },
  });
  app.log.info('lock.released', { key: row.key, class: row.class, cause: row.cause, reason });
}

/** Deletes what stands under the key if it is still what was seen, and writes who did it and why. */
export async function deleteLock(
  app: App,
  actor: Actor,
  row: LockRow,
  reason: string,
): Promise<'released' | 'changed' | 'none' | 'down'> {
  // A lock with a short life may belong to a hold that is being decided: only of others it is certain.
  const above_ms = isReleasable(row) ? LOCK_UNDECIDED_MS : 0;
  const outcome = await app.locks.forceRelease(row.key, row.token, above_ms);
  if (outcome !== 'released') return outcome;
  await auditRelease(app, actor, row, reason);
  return outcome;
}

type Target = { readonly key: string; readonly token: string };

/** Why a lock of a plan was left alone. */
type KeptBecause = 'gone' | 'changed' | 'unreachable' | LockCause;

/**
 * Releases one lock of a plan, if it still is the leaked lock that the plan saw: Redis and PostgreSQL are read
 * anew, and the script that deletes it looks once more.
 */
export async function releaseLeaked(
  app: App,
  actor: Actor,
  target: Target,
  reason: string,
): Promise<{ readonly released: true } | { readonly released: false; readonly why: KeptBecause }> {
  const { rows, is_up } = await readKey(app, target.key, actor.clinic_id);
  if (!is_up) return { released: false, why: 'unreachable' };
  const row = rows.find(({ entry }) => entry !== null);
  if (row === undefined) return { released: false, why: 'gone' };
  if (row.token !== target.token) return { released: false, why: 'changed' };
  if (!isReleasable(row)) return { released: false, why: row.cause };
  const outcome = await deleteLock(app, actor, row, reason);
  if (outcome === 'released') return { released: true };
  const why = { none: 'gone', changed: 'changed', down: 'unreachable' } as const;
  return { released: false, why: why[outcome] };
}
