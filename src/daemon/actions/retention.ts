import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { neededReason } from '../locks/spend-plan.ts';
import {
  countPrunable,
  type RetentionRow,
  readRetention,
  requestPrune,
  setRetention,
} from '../store/retention.ts';
import { dbActor } from './actor.ts';
import { failure } from './outcome.ts';

type Rule = Output<'set_retention'>;
type Rules = Output<'list_retention'>;

const NEXT = 'petpro retention list';

function ruleJson(row: RetentionRow, due_count: number | null): Rule {
  const { next_block, blocks, round_count: _count, next_at, now, ...rest } = row;
  const { rounded_at, failed_at, keep_days } = row;
  const is_due = Temporal.Instant.compare(next_at, now) <= 0;
  const state =
    keep_days === null ? 'off' : !is_due ? 'resting' : next_block > 0 ? 'under_way' : 'due';
  return {
    ...rest,
    state,
    done_percent: blocks === 0 ? 0 : Math.min(100, Math.floor((next_block * 100) / blocks)),
    next_at: keep_days === null ? null : next_at.toString({ smallestUnit: 'second' }),
    rounded_at: rounded_at?.toString({ smallestUnit: 'second' }) ?? null,
    failed_at: failed_at?.toString({ smallestUnit: 'second' }) ?? null,
    due_count,
  };
}

/** Rules are of all clinics. */
function assertEverywhere(actor: Actor): void {
  if (actor.clinic_id === null) return;
  throw new AppError('forbidden', 'A key of one clinic reaches its own things only.');
}

const unknown = (what: string) =>
  failure('not_found', { next: NEXT }, `There is no rule for "${what}".`);

async function rulesJson(app: App, what: string | null, is_counted: boolean): Promise<Rules> {
  const rows = await readRetention(app.sql, what);
  if (what !== null && rows.length === 0) throw unknown(what);
  const counts = is_counted ? await countPrunable(app.sql, rows) : null;
  const now = rows[0]?.now ?? Temporal.Now.instant();
  return {
    items: rows.map((row) => ruleJson(row, counts?.get(row.what) ?? null)),
    as_of: now.toString({ smallestUnit: 'second' }),
  };
}

/** How long things are kept, and how far the rounds are. */
export async function listRetention(
  app: App,
  actor: Actor,
  { what, count }: Input<'list_retention'>,
): Promise<Rules> {
  assertEverywhere(actor);
  return await rulesJson(app, what ?? null, count);
}

/** Changes how long something is kept. What is gone does not come back. */
export async function setRetentionRule(
  app: App,
  actor: Actor,
  input: Input<'set_retention'>,
): Promise<Rule> {
  assertEverywhere(actor);
  const { what, keep_days, expected_version = null, reason } = input;
  const wish = { what, keep_days, expected_version, reason };
  const outcome = await setRetention(app.sql, wish, dbActor(actor));
  const [row] = await readRetention(app.sql, what);
  if (!row || outcome === 'not_found') throw unknown(what);
  if (outcome === 'conflict') {
    const facts = { version: row.version, keep_days: row.keep_days, next: NEXT };
    throw failure('conflict', facts, `Somebody else changed the rule for ${what} meanwhile.`);
  }
  if (outcome === 'policy_refused') {
    const { min_days } = row;
    const next = `petpro retention set ${what} ${min_days}d`;
    const detail = `${what}: at least ${min_days} days are kept; something still looks at them.`;
    throw failure('policy_refused', { rule: 'kept_too_short', min_days, next }, detail);
  }
  return ruleJson(row, null);
}

/** Asks for a round at once; the answer is the rules as they stand. */
export async function runRetention(
  app: App,
  actor: Actor,
  { what, reason, dry_run }: Input<'run_retention'>,
): Promise<Rules> {
  assertEverywhere(actor);
  if (dry_run) return await rulesJson(app, what ?? null, true);
  const outcome = await requestPrune(app.sql, what ?? null, neededReason(reason), dbActor(actor));
  if (outcome === 'not_found') throw unknown(what ?? 'all');
  if (outcome === 'policy_refused') {
    const next = `petpro retention set ${what} 800d`;
    const detail = `${what}: everything is kept for ever, so there is nothing to remove.`;
    throw failure('policy_refused', { rule: 'kept_for_ever', next }, detail);
  }
  return await rulesJson(app, what ?? null, false);
}
