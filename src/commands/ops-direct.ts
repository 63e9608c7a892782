import os from 'node:os';
import { cleanupLocks } from '../daemon/actions/cleanup-locks.ts';
import { inspectLock } from '../daemon/actions/inspect-lock.ts';
import { listClinics } from '../daemon/actions/list-clinics.ts';
import { listLocks } from '../daemon/actions/list-locks.ts';
import { inspectEvent, listOutbox, listOutboxErrors } from '../daemon/actions/outbox.ts';
import { reconcile } from '../daemon/actions/reconcile.ts';
import { releaseLock } from '../daemon/actions/release-lock.ts';
import {
  listReplays,
  pruneOutbox,
  replayOutbox,
  stopReplay,
} from '../daemon/actions/replay-outbox.ts';
import { retryOutbox } from '../daemon/actions/retry-outbox.ts';
import { openApp } from '../daemon/app.ts';
import type { Actor, App } from '../daemon/app-types.ts';
import { authorize, createAuthenticator } from '../daemon/http/auth.ts';
import { inputParser } from '../daemon/http/parse.ts';
import { run } from '../daemon/store/db.ts';
import { assertSchema } from '../daemon/store/migrate.ts';
import { type Endpoint, endpoints } from '../domain/api.ts';
import { AppError } from '../domain/errors.ts';
import type { Input, Output } from '../domain/shapes.ts';
import { openLog } from '../log.ts';
import { readToken } from './auth-token.ts';
import type { Context } from './context.ts';
import type { Ops, OpsName } from './ops.ts';
import { readDemo } from './session.ts';
import { wait } from './watch.ts';

/** The operators' actions in this process, for when the daemon is down. */

type Action<N extends OpsName> = (app: App, actor: Actor, input: Input<N>) => Promise<Output<N>>;

const actions: { readonly [N in OpsName]: Action<N> } = {
  list_clinics: listClinics,
  list_locks: listLocks,
  inspect_lock: inspectLock,
  release_lock: releaseLock,
  cleanup_locks: cleanupLocks,
  reconcile,
  list_outbox: listOutbox,
  list_outbox_errors: listOutboxErrors,
  inspect_event: inspectEvent,
  retry_outbox: retryOutbox,
  replay_outbox: replayOutbox,
  list_replays: listReplays,
  stop_replay: stopReplay,
  prune_outbox: pruneOutbox,
};

/** Whoever has the password of the database needs no key; the audit log has the name of their account. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const POOL_MAX = 4;
const REQUEST_TIMEOUT_MS = 120_000;
/** How long a Redis may take to let us in. */
const REDIS_WAIT_MS = 2_000;
const REDIS_POLL_MS = 50;

async function actorOf(app: App, token: string | null): Promise<Actor> {
  const request_id = `direct:${os.userInfo().username}@${os.hostname()}`.slice(0, 64);
  const rest = { source: 'cli', request_id } as const;
  if (token === null) {
    return { role: 'sre', id: NOBODY, user_id: null, clinic_id: null, name: 'direct', ...rest };
  }
  const principal = await createAuthenticator(app.sql, app.config).authenticate(token);
  authorize(principal, 'sre');
  return { ...principal, ...rest };
}

/** The driver would wait for a lost server for ever; a person does not. */
async function untilOpen(context: Context, app: App): Promise<void> {
  const { timeout_ms } = context.config;
  const away = (cause: unknown) => {
    const detail = `PostgreSQL did not answer within ${timeout_ms} ms.`;
    return new AppError(
      'unavailable',
      detail,
      { next: 'petpro doctor --only postgres' },
      { cause },
    );
  };
  const late = wait(timeout_ms, context.signal).then(() => {
    throw away(null);
  });
  await Promise.race([run(app.sql`select 1`), late]).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'unavailable' ? away(error) : error;
  });
  await assertSchema(app.sql);
  const ends_at = performance.now() + REDIS_WAIT_MS;
  while ((await app.locks.health()).state === 'down' && performance.now() < ends_at) {
    await wait(REDIS_POLL_MS, context.signal);
  }
}

/** Path, query and body of a request, as a server would have got them. */
function partsOf(name: OpsName, request: Readonly<Record<string, unknown>>) {
  const endpoint: Endpoint = endpoints[name];
  const in_path = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, key]) => key);
  const entries = Object.entries(request).filter(([, value]) => value !== undefined);
  const params = Object.fromEntries(entries.filter(([key]) => in_path.includes(key)));
  const rest = Object.fromEntries(entries.filter(([key]) => !in_path.includes(key)));
  return endpoint.method === 'GET'
    ? { params, query: rest, body: {} }
    : { params, query: {}, body: rest };
}

/** Runs the work against PostgreSQL and Redis themselves; a token still decides what its bearer may. */
export async function withDirect<T>(context: Context, work: (ops: Ops) => Promise<T>): Promise<T> {
  const { config } = context;
  const demo = readDemo(config);
  const own = {
    ...config,
    database_url: config.database_url ?? demo?.database_url ?? null,
    redis_url:
      config.redis_url ?? (config.database_url === null ? (demo?.redis_url ?? null) : null),
    database_pool_max: POOL_MAX,
    request_timeout_ms: REQUEST_TIMEOUT_MS,
  };
  const token = readToken(config) ?? demo?.tokens['sre'] ?? null;
  await using app = await openApp(own, openLog({ level: 'silent' }));
  await untilOpen(context, app);
  const actor = await actorOf(app, token);
  return await work({
    call: async (name, request) => {
      const input = inputParser(name)(partsOf(name, { ...Object(request) }));
      return await actions[name](app, actor, input);
    },
  });
}
