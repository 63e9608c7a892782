import { AppError } from '../../domain/errors.ts';
import { dbActor } from '../actions/actor.ts';
import { failure } from '../actions/outcome.ts';
import type { Actor, App } from '../app-types.ts';
import { takePlan } from '../store/plans.ts';

/** What makes a new plan of the kind. */
const makers = {
  'locks.cleanup': 'petpro locks cleanup',
  reconcile: 'petpro reconcile run',
  'outbox.retry': 'petpro outbox retry --dead',
} as const;

/** Takes a frozen plan and gives its items; throws when it is unknown, over, or taken already. */
export async function spendPlan(
  app: App,
  actor: Actor,
  plan: {
    readonly kind: keyof typeof makers;
    readonly plan_id: string;
    readonly reason: string;
  },
): Promise<unknown> {
  const taken = await takePlan(app.sql, plan, dbActor(actor));
  if (taken.outcome === 'ok') return taken.items;
  const facts = { plan_id: plan.plan_id, next: `${makers[plan.kind]} --dry-run` };
  if (taken.outcome === 'not_found') {
    throw new AppError('not_found', `There is no plan ${plan.plan_id} for this.`, facts);
  }
  const detail =
    taken.outcome === 'expired'
      ? `Plan ${plan.plan_id} is too old; make a new one.`
      : `Plan ${plan.plan_id} was carried out already.`;
  throw failure('conflict', facts, detail);
}

/** The reason that every change needs. */
export function neededReason(reason: string | undefined): string {
  if (reason !== undefined) return reason;
  throw new AppError('invalid_input', 'Say why: reason is missing.', {
    errors: [{ path: 'body.reason', message: 'Required for everything but a dry run' }],
  });
}
