import { assertNever } from '../../domain/errors.ts';
import { dbActor } from '../actions/actor.ts';
import { endOverdue } from '../actions/end-overdue.ts';
import type { Actor, App } from '../app-types.ts';
import { writeAudit } from '../store/audit.ts';
import { holdById } from '../store/locks.ts';
import { recountSlot, refundStranded } from '../store/repairs.ts';
import { stillPending } from '../store/reservations.ts';
import { keepPlaces, releasePlaces } from './places.ts';
import type { RepairItem } from './plan-items.ts';
import { releaseLeaked } from './release.ts';

/** Carrying out the repairs of a plan. Each looks again first, so that doing one twice changes nothing. */

export type Repaired =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'kept'; readonly why: string };

const done = { outcome: 'done' } as const;
const kept = (why: string) => ({ outcome: 'kept', why }) as const;

/** Gives a pending hold the lock that it should have, as long as it still has time. */
async function recreateLock(
  app: App,
  actor: Actor,
  reservation_id: string,
  reason: string,
): Promise<Repaired> {
  const hold = await holdById(app.sql, reservation_id);
  if (hold === null || hold.status !== 'pending' || hold.expires_in_ms <= 0) return kept('ended');
  await keepPlaces(app, hold, Math.ceil(hold.expires_in_ms));
  const { state } = await app.locks.health();
  if (state !== 'up') return kept('unreachable');
  const pending = await stillPending(app.sql, [reservation_id]);
  if (pending.length === 0) {
    // It ended between the read and the write, and found no lock to take away.
    await releasePlaces(app, hold);
    return kept('ended');
  }
  await writeAudit(app.sql, {
    actor: dbActor(actor),
    action: 'lock.recreated',
    target_type: 'reservation',
    target_id: reservation_id,
    reason,
    after: { slot_id: hold.slot_id, seats: [...hold.seats] },
  });
  return done;
}

async function expireHold(
  app: App,
  actor: Actor,
  reservation_id: string,
  reason: string,
): Promise<Repaired> {
  const hold = await holdById(app.sql, reservation_id);
  if (hold === null || hold.status !== 'pending' || hold.expires_in_ms > 0) return kept('ended');
  const ending = await endOverdue(app, { reservation_id, session_id: hold.session_id });
  if (ending !== 'ended') return kept(ending === 'busy' ? 'busy' : 'provider_unreachable');
  await writeAudit(app.sql, {
    actor: dbActor(actor),
    action: 'reservation.ended_overdue',
    target_type: 'reservation',
    target_id: reservation_id,
    reason,
    before: { status: 'pending', expires_at: hold.expires_at.toString() },
  });
  return done;
}

/** One repair of a plan. */
export async function repair(
  app: App,
  actor: Actor,
  item: RepairItem,
  reason: string,
): Promise<Repaired> {
  const { target, token } = item;
  switch (item.repair) {
    case 'release_lock': {
      const result = await releaseLeaked(app, actor, { key: target, token: token ?? '' }, reason);
      return result.released ? done : kept(result.why);
    }
    case 'recreate_lock':
      return await recreateLock(app, actor, target, reason);
    case 'expire_hold':
      return await expireHold(app, actor, target, reason);
    case 'recount_slot': {
      const outcome = await recountSlot(app.sql, target, reason, dbActor(actor));
      return outcome === 'ok' ? done : kept(outcome);
    }
    case 'request_refund': {
      const outcome = await refundStranded(app.sql, target, reason, dbActor(actor));
      if (outcome === 'ok') app.wake.dispatcher();
      return outcome === 'ok' ? done : kept(outcome);
    }
    default:
      return assertNever(item.repair);
  }
}
