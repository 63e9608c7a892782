import { AppError } from '../domain/errors.ts';
import type { Output, Request } from '../domain/shapes.ts';
import { type Context, say } from './context.ts';
import { askHttp } from './http.ts';
import { oneOf } from './lookup.ts';
import { openSession, readDemo, serverOf } from './session.ts';
import { type Args, flagOption } from './spec.ts';

/** Operators' calls: to the API while the daemon answers, otherwise the same actions in this process. */

export type OpsName =
  | 'list_clinics'
  | 'list_locks'
  | 'inspect_lock'
  | 'release_lock'
  | 'cleanup_locks'
  | 'reconcile'
  | 'list_outbox'
  | 'list_outbox_errors'
  | 'inspect_event'
  | 'retry_outbox'
  | 'replay_outbox'
  | 'list_replays'
  | 'stop_replay'
  | 'prune_outbox';

export type Ops = {
  readonly call: <N extends OpsName>(
    name: N,
    request: Request<N>,
    options?: { readonly idempotency_key?: string },
  ) => Promise<Output<N>>;
};

/** A daemon that does not say that it lives within this time is treated as down. */
const PROBE_MS = 2_000;
/** Repairs look at everything; longer than any other call. */
const CALL_MS = 120_000;

/** True when a daemon answers there, however well it is. */
async function answers(context: Context): Promise<boolean> {
  try {
    const { url } = serverOf(context.config);
    const signal = AbortSignal.any([AbortSignal.timeout(PROBE_MS), context.signal]);
    await askHttp({ url: `${url}/healthz`, signal });
    return true;
  } catch {
    return false;
  }
}

function throughApi(context: Context): Ops {
  const { client } = openSession(context, 'sre');
  const timeout_ms = Math.max(context.config.timeout_ms, CALL_MS);
  return {
    call: async (name, request, options = {}) =>
      await client.call(name, request, { ...options, timeout_ms }),
  };
}

/** Does the work with whatever is there. `--direct` never asks the daemon. */
export async function withOps<T>(
  context: Context,
  args: Args,
  work: (ops: Ops) => Promise<T>,
): Promise<T> {
  const is_direct = flagOption(args, 'direct');
  if (!is_direct && (await answers(context))) return await work(throughApi(context));
  context.signal.throwIfAborted();
  const has_database =
    (context.config.database_url ?? readDemo(context.config)?.database_url) != null;
  if (!has_database) {
    throw new AppError('unavailable', 'No PetPro daemon answers, and DATABASE_URL is not set.', {
      next: 'petpro demo up',
    });
  }
  if (!is_direct) say(context, 'No daemon answers: working on PostgreSQL and Redis themselves.');
  const { withDirect } = await import('./ops-direct.ts');
  return await withDirect(context, work);
}

/** The id of the clinic that --clinic names; null when nothing was said. */
export async function clinicId(context: Context, ops: Ops): Promise<string | null> {
  const { clinic } = context.config;
  if (clinic === null) return null;
  const { items } = await ops.call('list_clinics', { limit: 200 });
  const by_id = items.find((one) => one.clinic_id === clinic);
  return (by_id ?? oneOf('clinic', clinic, items, (one) => [one.code, one.name], '--clinic'))
    .clinic_id;
}
