import type { JSONValue } from 'postgres';
import type { DbActor } from './actor.ts';
import { type Db, run } from './db.ts';

export type AuditEntry = {
  readonly actor: DbActor;
  readonly clinic_id?: string | null;
  readonly on_behalf_of?: string | null;
  readonly action: string;
  readonly target_type: string;
  readonly target_id: string;
  readonly reason?: string | null;
  readonly before?: JSONValue;
  readonly after?: JSONValue;
};

/** Writes who did what; nothing can change or remove the row afterwards. */
export async function writeAudit(sql: Db, entry: AuditEntry): Promise<void> {
  const { actor, clinic_id = null, on_behalf_of = null, reason = null } = entry;
  await run(sql`
    insert into audit_log (
      clinic_id, actor_kind, actor_id, on_behalf_of, source, request_id, action, target_type,
      target_id, reason, before, after
    )
    values (
      ${clinic_id}, ${actor.kind}, ${actor.id}, ${on_behalf_of}, ${actor.source},
      ${actor.request_id}, ${entry.action}, ${entry.target_type}, ${entry.target_id}, ${reason},
      ${entry.before === undefined ? null : sql.json(entry.before)},
      ${entry.after === undefined ? null : sql.json(entry.after)}
    )`);
}

/** Forgets answers to repeated requests whose 24 hours are over; returns how many. */
export async function pruneIdempotencyKeys(sql: Db, limit: number): Promise<number> {
  const rows = await run(sql`
    delete from idempotency_keys
    where (scope, key) in (
      select scope, key from idempotency_keys where expires_at <= now() limit ${limit}
    )
    returning key`);
  return rows.length;
}
