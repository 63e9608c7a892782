import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import type { LoadJob, LoadPort } from './load-port.ts';
import type { Effect, Input, Result } from './model.ts';
import type { LockPlan, LockTarget, OpsEffect, OpsResult } from './model-ops.ts';

/** Carries out what the lock board and the load screen ask for. Nothing here decides anything. */

const CALL_MS = 8_000;
/** A plan looks at each of its locks again before it deletes it. */
const PLAN_MS = 60_000;
/** The board's page: what needs somebody comes first, so the rest is live. */
const LOCKS_MAX = 200;
/** Locks that one plan takes at most; the server's own ceiling is 1 000. */
const PLAN_MAX = 200;

export type OpsOutside = {
  readonly client: ApiClient;
  readonly now: () => number;
  readonly load: LoadPort | null;
  readonly send: (event: Input | Result) => void;
  readonly copy: (text: string) => void;
};

const ops_types: Readonly<Record<OpsEffect['type'], true>> = {
  list_locks: true,
  inspect_lock: true,
  check_release: true,
  free_lock: true,
  look_again: true,
  plan_locks: true,
  run_plan: true,
  load_list: true,
  load_start: true,
  load_stop: true,
  load_export: true,
  load_compare: true,
};

/** True when the effect belongs to the operators' screens. */
export function isOpsEffect(effect: Effect): effect is OpsEffect {
  return Object.hasOwn(ops_types, effect.type);
}

type Planned = LockPlan['items'][number];

function itemOf(
  { key, clinic_code, starts_at, cause }: LockTarget,
  outcome: Planned['outcome'],
  why: string | null,
): Planned {
  return { key, clinic_code, starts_at, cause, outcome, why };
}

/** Failures that are about the one lock; with anything else the rest need not be tried. */
function reasonKept(error: unknown): string {
  if (!(error instanceof AppError)) throw error;
  if (error.code === 'conflict') return 'changed';
  if (error.code === 'not_found') return 'gone';
  if (error.code === 'policy_refused') return error.detail;
  throw error;
}

async function eachMarked(
  client: ApiClient,
  targets: readonly LockTarget[],
  how: { readonly dry_run: boolean; readonly reason: string; readonly key: string },
): Promise<readonly Planned[]> {
  const { dry_run, reason } = how;
  const done = dry_run ? 'planned' : 'released';
  const items: Planned[] = [];
  for (const [index, target] of targets.entries()) {
    const { key, token } = target;
    const options = { idempotency_key: `${how.key}-${index}`, timeout_ms: CALL_MS };
    try {
      await client.call('release_lock', { key, token, reason, dry_run }, options);
      items.push(itemOf(target, done, null));
    } catch (error) {
      // After the first release, what cannot be reached is said, never lost with the rest.
      const is_late = !dry_run && items.some(({ outcome }) => outcome === 'released');
      const is_lost = is_late && error instanceof AppError && error.code === 'unavailable';
      items.push(itemOf(target, 'kept', is_lost ? 'unreachable' : reasonKept(error)));
    }
  }
  return items;
}

function planOf(items: readonly Planned[], dry_run: boolean): LockPlan {
  const count = (outcome: Planned['outcome']) =>
    items.filter((item) => item.outcome === outcome).length;
  const counts = { planned: items.length, released: count('released'), kept: count('kept') };
  return { plan_id: null, expires_at: null, dry_run, ...counts, items };
}

type Asks<T extends OpsEffect['type']> = Extract<OpsEffect, { type: T }>;

/** The marked locks are frozen here, by key and fingerprint; all that leaked are frozen by the server. */
async function makePlan(client: ApiClient, { targets }: Asks<'plan_locks'>): Promise<LockPlan> {
  if (targets === null) {
    const request = { dry_run: true, max: PLAN_MAX };
    return await client.call('cleanup_locks', request, { timeout_ms: PLAN_MS });
  }
  const how = { dry_run: true, reason: 'dry run', key: crypto.randomUUID() };
  return planOf(await eachMarked(client, targets, how), true);
}

async function runPlan(client: ApiClient, effect: Asks<'run_plan'>): Promise<LockPlan> {
  const { plan, targets, reason, key } = effect;
  if (plan.plan_id !== null) {
    const options = { idempotency_key: key, timeout_ms: PLAN_MS };
    return await client.call('cleanup_locks', { plan_id: plan.plan_id, reason }, options);
  }
  const kept = plan.items.filter(({ outcome }) => outcome === 'kept');
  const wanted = new Set(
    plan.items.filter(({ outcome }) => outcome === 'planned').map((item) => item.key),
  );
  const chosen = (targets ?? []).filter((target) => wanted.has(target.key));
  const done = await eachMarked(client, chosen, { dry_run: false, reason, key });
  return planOf([...done, ...kept], false);
}

async function askLocks(outside: OpsOutside, effect: OpsEffect): Promise<OpsResult | null> {
  const { client, now } = outside;
  const options = { timeout_ms: CALL_MS };
  switch (effect.type) {
    case 'list_locks': {
      const from_ms = now();
      const wanted = effect.leaked_only ? ({ class: 'leaked' } as const) : {};
      const page = await client.call('list_locks', { limit: LOCKS_MAX, ...wanted }, options);
      return { type: 'locks', seq: effect.seq, page, took_ms: now() - from_ms };
    }
    case 'inspect_lock': {
      const lock = await client.call('inspect_lock', { key: effect.lock_key }, options);
      return { type: 'lock_inspected', id: effect.id, lock };
    }
    case 'look_again': {
      const lock = await client.call('inspect_lock', { key: effect.lock.key }, options);
      return { type: 'lock_changed', was: effect.lock, now: lock };
    }
    case 'check_release': {
      const { lock, with_hold } = effect;
      const { key, token } = lock;
      const request = { key, token, reason: 'dry run', dry_run: true };
      const body = { ...request, cancel_reservation: with_hold };
      return {
        type: 'release_checked',
        with_hold,
        check: await client.call('release_lock', body, options),
      };
    }
    case 'free_lock': {
      const { lock, with_hold, reason, key: idempotency_key } = effect;
      const { key, token } = lock;
      const request = { key, token, reason, cancel_reservation: with_hold };
      const done = await client.call('release_lock', request, { ...options, idempotency_key });
      return { type: 'lock_freed', lock, done };
    }
    case 'plan_locks':
      return { type: 'locks_planned', plan: await makePlan(client, effect) };
    case 'run_plan':
      return { type: 'locks_cleaned', result: await runPlan(client, effect) };
    default:
      return null;
  }
}

async function askLoad(
  outside: OpsOutside,
  port: LoadPort,
  effect: OpsEffect,
): Promise<OpsResult | null> {
  switch (effect.type) {
    case 'load_list':
      return { type: 'load_listed', list: await port.list() };
    case 'load_compare': {
      const { before, after } = effect;
      return { type: 'load_compared', measures: await port.compare(before, after) };
    }
    case 'load_export': {
      const path = await port.export_report(effect.run);
      outside.copy(path);
      return { type: 'load_exported', path };
    }
    default:
      return null;
  }
}

export type OpsRunner = {
  readonly ask: (effect: OpsEffect) => Promise<OpsResult | null>;
  readonly close: () => void;
};

/** Makes the runner of the operators' screens; it holds the load run that is under way. */
export function makeOpsRunner(outside: OpsOutside): OpsRunner {
  let job: LoadJob | null = null;

  const startLoad = async (port: LoadPort, effect: Asks<'load_start'>): Promise<OpsResult> => {
    const started = port.start(effect.scenario, effect.form);
    job = started;
    started.subscribe((progress) => outside.send({ type: 'load_progress', progress }));
    try {
      return { type: 'load_ended', run: await started.done };
    } finally {
      job = null;
    }
  };

  return {
    ask: async (effect) => {
      if (effect.type === 'load_stop') {
        job?.stop();
        return null;
      }
      const port = outside.load;
      if (!effect.type.startsWith('load_') || port === null) return askLocks(outside, effect);
      return effect.type === 'load_start'
        ? startLoad(port, effect)
        : askLoad(outside, port, effect);
    },
    close: () => job?.stop(),
  };
}
