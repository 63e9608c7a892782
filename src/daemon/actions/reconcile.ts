import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { doormanState } from '../locks/doorman.ts';
import type { Found } from '../locks/findings.ts';
import { lookAtAll } from '../locks/look.ts';
import { type RepairItem, readRepairItems } from '../locks/plan-items.ts';
import { repair } from '../locks/repair.ts';
import { neededReason, spendPlan } from '../locks/spend-plan.ts';
import { makePlan } from '../store/plans.ts';
import { dbActor } from './actor.ts';

type Request = Input<'reconcile'>;
type Report = Output<'reconcile'>;
type Step = Report['repairs'][number];

/** Left for the answer itself after the invariants have had their time. */
const ANSWER_MS = 4_000;
/** Repairs in one plan; the next run finds the rest. */
const PLAN_MAX = 500;

async function freeze(app: App, actor: Actor, found: readonly Found[], reason: string | null) {
  const items = found.flatMap((one) => one.items).slice(0, PLAN_MAX);
  if (items.length === 0) return { plan_id: null, plan_expires_at: null, items };
  const plan = await makePlan(app.sql, { kind: 'reconcile', items, reason }, dbActor(actor));
  const plan_expires_at = plan.expires_at.toString({ smallestUnit: 'second' });
  return { plan_id: plan.plan_id, plan_expires_at, items };
}

const planned = ({ repair: name, target }: RepairItem): Step => {
  return { repair: name, target, outcome: 'planned', why: null };
};

async function carryOut(app: App, actor: Actor, request: Request): Promise<readonly Step[]> {
  const { plan_id } = request;
  if (plan_id === undefined) {
    throw new AppError('policy_refused', 'Repairs need a frozen plan of a dry run.', {
      next: 'petpro reconcile run --fix --dry-run',
    });
  }
  const reason = neededReason(request.reason);
  const taken = await spendPlan(app, actor, { kind: 'reconcile', plan_id, reason });
  const steps: Step[] = [];
  // The other half is for the look afterwards.
  const ends_at = performance.now() + (app.config.request_timeout_ms - ANSWER_MS) / 2;
  // One after the other: repairs of one slot must not meet.
  for (const item of readRepairItems(taken)) {
    const is_late = performance.now() > ends_at;
    const result = is_late
      ? ({ outcome: 'kept', why: 'no_time' } as const)
      : await repair(app, actor, item, reason);
    const why = result.outcome === 'kept' ? result.why : null;
    steps.push({ repair: item.repair, target: item.target, outcome: result.outcome, why });
  }
  return steps;
}

/**
 * Compares slots, bookings, money and locks. A dry run freezes the safe repairs as a plan; `fix` carries such a
 * plan out and then looks again, so that the answer says what is left.
 */
export async function reconcile(app: App, actor: Actor, request: Request): Promise<Report> {
  if (actor.clinic_id !== null) {
    throw new AppError('forbidden', 'This looks at all clinics; your key is for one.');
  }
  const is_fix = request.fix && !request.dry_run;
  const ends_at = performance.now() + app.config.request_timeout_ms - ANSWER_MS;
  const steps = is_fix ? await carryOut(app, actor, request) : [];
  const budget_ms = Math.max(ends_at - performance.now(), 1_000);
  const { found, board } = await lookAtAll(app, budget_ms);
  const findings = found.map(({ finding }) => finding);
  const wanted = request.dry_run
    ? await freeze(app, actor, found, request.reason ?? null)
    : { plan_id: request.plan_id ?? null, plan_expires_at: null, items: [] };
  const { items, ...plan } = wanted;
  return {
    is_ok: findings.every(({ severity }) => severity === 'warning'),
    mismatches: findings.filter(({ severity }) => severity === 'mismatch').length,
    findings,
    ...plan,
    planned: is_fix ? steps.length : items.length,
    repaired: steps.filter(({ outcome }) => outcome === 'done').length,
    repairs: is_fix ? steps : items.map(planned),
    doorman: await doormanState(app, board.is_up),
    is_complete: board.is_complete,
    as_of: Temporal.Now.instant().toString({ smallestUnit: 'second' }),
  };
}
