import type { Role } from '../../domain/roles.ts';
import { type Db, run } from './db.ts';

export type ApiKey = {
  readonly id: string;
  readonly role: Role;
  readonly clinic_id: string | null;
  readonly name: string;
  readonly expires_at: Temporal.Instant | null;
};

/** The live key with this SHA-256, or null when it is unknown, expired or revoked. */
export async function findApiKey(sql: Db, key_hash: Buffer): Promise<ApiKey | null> {
  // Stamped at most once a minute: a busy key must not write on every request.
  const [key] = await run(sql<ApiKey[]>`
    with found as (
      select id, role, clinic_id, name, expires_at, last_used_at
      from api_keys
      where key_hash = ${key_hash}
        and revoked_at is null
        and (expires_at is null or expires_at > now())
    ), stamped as (
      update api_keys k
      set last_used_at = now()
      from found f
      where k.id = f.id
        and (f.last_used_at is null or f.last_used_at < now() - interval '1 minute')
    )
    select id, role, clinic_id, name, expires_at from found`);
  return key ?? null;
}

export type NewApiKey = {
  readonly prefix: string;
  readonly key_hash: Buffer;
  readonly role: Exclude<Role, 'customer'>;
  readonly clinic_id: string | null;
  readonly name: string;
  readonly expires_at: string | null;
};

/** Stores a key's hash; the key itself is never written anywhere. */
export async function addApiKey(sql: Db, key: NewApiKey): Promise<string> {
  const rows = await run(sql<{ id: string }[]>`
    insert into api_keys (prefix, key_hash, role, clinic_id, name, expires_at)
    values (
      ${key.prefix}, ${key.key_hash}, ${key.role}, ${key.clinic_id}, ${key.name}, ${key.expires_at}
    )
    returning id`);
  return rows[0]?.id ?? '';
}

/** Ends a key at once; false when there is no live key of that id. */
export async function revokeApiKey(sql: Db, id: string): Promise<boolean> {
  const rows = await run(sql`
    update api_keys set revoked_at = now() where id = ${id} and revoked_at is null returning id`);
  return rows.length === 1;
}
