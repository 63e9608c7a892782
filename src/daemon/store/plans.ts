import type { DbActor } from './actor.ts';
import { type Db, run, runOne, toJson } from './db.ts';

/** Frozen plans: what a dry run saw, to be carried out as it was seen. */

type PlanKind =
  | 'deliveries.discard'
  | 'deliveries.retry'
  | 'locks.cleanup'
  | 'reconcile'
  | 'outbox.retry'
  | 'time_off';

type MadePlan = { readonly plan_id: string; readonly expires_at: Temporal.Instant };

/** Plans that are forgotten with each new one, a month after their end; the audit log keeps what they did. */
const PRUNE_BATCH = 100;

const nameOf = (id: number) => `PL${id}`;
const numberOf = (plan_id: string) => plan_id.slice(2);

/** Keeps what was seen for a quarter of an hour. */
export async function makePlan(
  sql: Db,
  plan: {
    readonly kind: PlanKind;
    readonly items: readonly unknown[];
    readonly reason: string | null;
  },
  actor: DbActor,
): Promise<MadePlan> {
  const row = await runOne(sql<{ id: number; expires_at: Temporal.Instant }[]>`
    with pruned as (
      delete from plans
      where id in (
        select id from plans where expires_at < now() - interval '30 days' limit ${PRUNE_BATCH}
      )
    )
    insert into plans (kind, reason, items, clinic_id, made_by)
    values (
      ${plan.kind}, ${plan.reason}, ${sql.json(toJson(plan.items))}, ${actor.clinic_id ?? null},
      ${actor.id}
    )
    returning id, expires_at`);
  return { plan_id: nameOf(row.id), expires_at: row.expires_at };
}

type TakenPlan =
  | { readonly outcome: 'ok'; readonly items: readonly unknown[] }
  | { readonly outcome: 'not_found' | 'expired' | 'conflict' };

/** Takes a plan for good; from now on nobody else can. The audit log has it before anything is done. */
export async function takePlan(
  sql: Db,
  plan: { readonly kind: PlanKind; readonly plan_id: string; readonly reason: string | null },
  actor: DbActor,
): Promise<TakenPlan> {
  return await runOne(sql<TakenPlan[]>`
    select outcome, items
    from take_plan(${numberOf(plan.plan_id)}, ${plan.kind}, ${plan.reason}, ${sql.json(actor)})`);
}

/** A plan as it was frozen, taken or not: its first item and the others. Null = none that they may see. */
export async function readPlan<Head, Item>(
  sql: Db,
  kind: PlanKind,
  plan_id: string,
  clinic_id: string | null,
): Promise<{ readonly head: Head; readonly items: readonly Item[] } | null> {
  const [row] = await run(sql<{ head: Head; items: readonly Item[] }[]>`
    select items -> 0 as head, items - 0 as items
    from plans
    where id = ${numberOf(plan_id)} and kind = ${kind}
      ${clinic_id === null ? sql`` : sql`and clinic_id = ${clinic_id}`}`);
  return row ?? null;
}
