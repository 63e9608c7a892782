import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { readBoard } from '../locks/board.ts';
import { lockItem } from '../locks/lock-json.ts';
import { type CleanupItem, readCleanupItems } from '../locks/plan-items.ts';
import { isReleasable, releaseLeaked } from '../locks/release.ts';
import { neededReason, spendPlan } from '../locks/spend-plan.ts';
import { makePlan } from '../store/plans.ts';
import { dbActor } from './actor.ts';
import { matching } from './list-locks.ts';

type Request = Input<'cleanup_locks'>;
type Item = Output<'cleanup_locks'>['items'][number];

/** Locks looked at and deleted at the same time. */
const PARALLEL = 8;
/** Left for the answer itself: what the request's time does not reach is kept, and said. */
const ANSWER_MS = 4_000;

async function freeze(app: App, actor: Actor, request: Request) {
  const { rows } = await readBoard(app, actor.clinic_id);
  const items: readonly CleanupItem[] = matching(rows, request)
    .filter(isReleasable)
    .slice(0, request.max)
    .map((row) => {
      const { key, token, cause, clinic_code, starts_at } = lockItem(row);
      return { key, token, cause, clinic_code, starts_at };
    });
  const { reason = null } = request;
  const plan = { kind: 'locks.cleanup', items, reason } as const;
  return { ...(await makePlan(app.sql, plan, dbActor(actor))), items };
}

function publicItem(item: CleanupItem, outcome: Item['outcome'], why: string | null): Item {
  const { key, clinic_code, starts_at, cause } = item;
  return { key, clinic_code, starts_at, cause, outcome, why };
}

/** Carries a plan out: exactly its locks, each looked at again; nothing that came later. */
async function carryOut(
  app: App,
  actor: Actor,
  items: readonly CleanupItem[],
  reason: string,
): Promise<readonly Item[]> {
  const done: Item[] = [];
  const ends_at = performance.now() + app.config.request_timeout_ms - ANSWER_MS;
  for (let from = 0; from < items.length; from += PARALLEL) {
    const is_late = performance.now() > ends_at;
    const batch = items.slice(from, from + PARALLEL).map(async (item) => {
      if (is_late) return publicItem(item, 'kept', 'no_time');
      const result = await releaseLeaked(app, actor, item, reason);
      return result.released
        ? publicItem(item, 'released', null)
        : publicItem(item, 'kept', result.why);
    });
    done.push(...(await Promise.all(batch)));
  }
  return done;
}

/** Releases leaked locks: a dry run freezes a plan, a plan is carried out once, and both at once without either. */
export async function cleanupLocks(
  app: App,
  actor: Actor,
  request: Request,
): Promise<Output<'cleanup_locks'>> {
  const { dry_run } = request;
  const reason = dry_run ? '' : neededReason(request.reason);
  let plan_id = request.plan_id ?? null;
  let expires_at: string | null = null;
  if (plan_id === null || dry_run) {
    const plan = await freeze(app, actor, request);
    plan_id = plan.plan_id;
    expires_at = plan.expires_at.toString({ smallestUnit: 'second' });
    if (dry_run) {
      const items = plan.items.map((item) => publicItem(item, 'planned', null));
      const counts = { planned: items.length, released: 0, kept: 0 };
      return { plan_id, expires_at, dry_run, ...counts, items };
    }
  }
  const taken = await spendPlan(app, actor, { kind: 'locks.cleanup', plan_id, reason });
  const items = await carryOut(app, actor, readCleanupItems(taken), reason);
  const released = items.filter(({ outcome }) => outcome === 'released').length;
  const counts = { planned: items.length, released, kept: items.length - released };
  return { plan_id, expires_at, dry_run, ...counts, items };
}
