import { createHash } from 'node:crypto';
import type { Sql } from 'postgres';
import { AppError } from '../../domain/errors.ts';
import type { Log } from '../../log.ts';

/** A runner that died is taken over after this; longer than any request may last. */
const lock_ms = 130_000;
/** capabilities: Idempotency-Key on every mutation, 24 h. */
const kept_hours = 24;

export type StoredCall = {
  /** Who and what: keys of two actors or two endpoints never meet. */
  readonly scope: string;
  readonly key: string;
  /** Parsed input, so that formatting and defaults do not make two requests of one. */
  readonly input: unknown;
};
export type StoredAnswer = { readonly output: unknown; readonly replayed: boolean };

type Claim =
  | { readonly outcome: 'claimed'; readonly lease: string }
  | { readonly outcome: 'done'; readonly request_hash: string; readonly response_body: unknown }
  | { readonly outcome: 'running'; readonly request_hash: string; readonly retry_after_ms: number };

async function claim(sql: Sql, { scope, key }: StoredCall, request_hash: string): Promise<Claim> {
  const [claimed] = await sql<{ lease: string }[]>`
    insert into idempotency_keys as k (scope, key, request_hash, locked_until, expires_at)
    values (
      ${scope}, ${key}, ${request_hash},
      now() + ${lock_ms} * interval '1 ms',
      now() + ${kept_hours} * interval '1 hour'
    )
    on conflict (scope, key) do update
       set request_hash = excluded.request_hash,
           status = 'running',
           response_body = null,
           locked_until = excluded.locked_until,
           expires_at = excluded.expires_at
     where k.expires_at <= now()
        or (k.status = 'running'
            and k.locked_until <= now()
            and k.request_hash = excluded.request_hash)
    returning locked_until::text as lease`;
  if (claimed) return { outcome: 'claimed', lease: claimed.lease };
  const [row] = await sql<
    { status: string; request_hash: string; response_body: unknown; wait_ms: number }[]
  >`
    select status, request_hash, response_body,
           greatest(0, extract(epoch from locked_until - now()) * 1000)::float8 as wait_ms
      from idempotency_keys
     where scope = ${scope} and key = ${key}`;
  // Released between the two statements: the caller may simply try again.
  if (!row) return { outcome: 'running', request_hash, retry_after_ms: 100 };
  const { status, response_body, wait_ms } = row;
  return status === 'done'
    ? { outcome: 'done', request_hash: row.request_hash, response_body }
    : {
        outcome: 'running',
        request_hash: row.request_hash,
        retry_after_ms: Math.min(1_000, wait_ms),
      };
}

async function finish(
  sql: Sql,
  { scope, key }: StoredCall,
  lease: string,
  status: number,
  output: unknown,
): Promise<void> {
  await sql`
    update idempotency_keys
       set status = 'done',
           response_status = ${status},
           response_body = ${JSON.stringify(output)}::text::jsonb
     where scope = ${scope} and key = ${key}
       and status = 'running' and locked_until = ${lease}::text::timestamptz`;
}

async function release(sql: Sql, { scope, key }: StoredCall, lease: string): Promise<void> {
  await sql`
    delete from idempotency_keys
     where scope = ${scope} and key = ${key}
       and status = 'running' and locked_until = ${lease}::text::timestamptz`;
}

function refuse(found: Exclude<Claim, { outcome: 'claimed' }>, request_hash: string): void {
  if (found.request_hash !== request_hash) {
    const detail = 'This Idempotency-Key was used for another request.';
    throw new AppError('conflict', detail, { reason: 'idempotency_key_reused' });
  }
  if (found.outcome === 'running') {
    const facts = { reason: 'in_progress', retry_after_ms: found.retry_after_ms };
    throw new AppError('conflict', 'The first request with this key is still under way.', facts);
  }
}

/**
 * Runs a mutation once per Idempotency-Key. Only successes are kept: a refusal changed nothing, so
 * the caller may try again under the same key.
 */
export async function runOnce(
  deps: { readonly sql: Sql; readonly log: Log },
  call: StoredCall,
  success: number,
  run: () => Promise<unknown>,
): Promise<StoredAnswer> {
  const { sql, log } = deps;
  const request_hash = createHash('sha256').update(JSON.stringify(call.input)).digest('base64');
  const found = await claim(sql, call, request_hash);
  if (found.outcome !== 'claimed') {
    refuse(found, request_hash);
    return { output: 'response_body' in found ? found.response_body : null, replayed: true };
  }
  let output: unknown;
  try {
    output = await run();
  } catch (error) {
    await release(sql, call, found.lease).catch((err: unknown) =>
      log.warn('idempotency.not_released', { scope: call.scope, err }),
    );
    throw error;
  }
  // The effect stands; a lost record of it only means that a repeat is judged by the state itself.
  await finish(sql, call, found.lease, success, output).catch((err: unknown) =>
    log.warn('idempotency.not_recorded', { scope: call.scope, err }),
  );
  return { output, replayed: false };
}
