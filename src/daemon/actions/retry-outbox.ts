import { z } from 'zod';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { neededReason, spendPlan } from '../locks/spend-plan.ts';
import { writeAudit } from '../store/audit.ts';
import { listOutbox, retryEvents } from '../store/outbox-desk.ts';
import { makePlan } from '../store/plans.ts';
import { dbActor } from './actor.ts';

type Request = Input<'retry_outbox'>;
type Item = Output<'retry_outbox'>['items'][number];

/** Read back through the schema: a plan may be of an older version of us. */
const PlanItem = z.object({
  event_id: z.uuid(),
  sequence: z.number().int().nullable(),
  event_type: z.string(),
  error_code: z.string().nullable(),
});
type PlanItem = z.output<typeof PlanItem>;

async function freeze(app: App, actor: Actor, request: Request) {
  const { event_id, error_code = null, event_type = null, max, reason = null } = request;
  const rows = await listOutbox(app.sql, {
    clinic_id: actor.clinic_id,
    state: 'dead',
    error_code,
    event_type,
    ...(event_id === undefined ? {} : { event_id }),
    after: null,
    limit: max,
  });
  const items: readonly PlanItem[] = rows.map((row) => ({
    event_id: row.event_id,
    sequence: row.sequence,
    event_type: row.event_type,
    error_code: row.error_code,
  }));
  const plan = await makePlan(app.sql, { kind: 'outbox.retry', items, reason }, dbActor(actor));
  return { ...plan, items };
}

/** Exactly the plan's events; one that is no longer dead is left as it is. */
async function carryOut(
  app: App,
  actor: Actor,
  plan: { readonly plan_id: string; readonly reason: string; readonly per_second: number },
): Promise<readonly Item[]> {
  const { plan_id, reason, per_second } = plan;
  const taken = await spendPlan(app, actor, { kind: 'outbox.retry', plan_id, reason });
  const planned = z.array(PlanItem).parse(taken);
  const ids = planned.map(({ event_id }) => event_id);
  const retried = await retryEvents(app.sql, ids, per_second);
  await writeAudit(app.sql, {
    actor: dbActor(actor),
    clinic_id: actor.clinic_id,
    action: 'outbox.retry',
    target_type: 'plan',
    target_id: plan_id,
    reason,
    after: { planned: ids.length, retried: retried.size, per_second },
  });
  app.wake.relay();
  return planned.map((item) => ({
    ...item,
    outcome: retried.has(item.event_id) ? ('retried' as const) : ('kept' as const),
  }));
}

/**
 * Puts dead events in line again: a dry run freezes a plan, a plan is carried out once, and both at
 * once without either.
 */
export async function retryOutbox(
  app: App,
  actor: Actor,
  request: Request,
): Promise<Output<'retry_outbox'>> {
  const { dry_run, per_second } = request;
  const reason = dry_run ? '' : neededReason(request.reason);
  let plan_id = request.plan_id ?? null;
  let expires_at: string | null = null;
  if (plan_id === null || dry_run) {
    const plan = await freeze(app, actor, request);
    plan_id = plan.plan_id;
    expires_at = plan.expires_at.toString({ smallestUnit: 'second' });
    if (dry_run) {
      const items = plan.items.map((item) => ({ ...item, outcome: 'planned' as const }));
      return { plan_id, expires_at, dry_run, planned: items.length, retried: 0, kept: 0, items };
    }
  }
  const items = await carryOut(app, actor, { plan_id, reason, per_second });
  const retried = items.filter(({ outcome }) => outcome === 'retried').length;
  const counts = { planned: items.length, retried, kept: items.length - retried };
  return { plan_id, expires_at, dry_run, ...counts, items };
}
