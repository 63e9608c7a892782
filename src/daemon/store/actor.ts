/** The caller as the SQL functions take it (`p_actor`). docs/architecture.md §4. */
export type DbActor = {
  readonly kind: 'customer' | 'operator' | 'system' | 'webhook';
  readonly id: string | null;
  /** Operators of one clinic: rows of the others are answered as not_found. */
  readonly clinic_id?: string | null;
  readonly source: 'api' | 'cli' | 'tui' | 'worker' | 'webhook';
  readonly request_id: string | null;
};

/** What a reader may see at all; null = no limit. */
export type Scope = { readonly user_id: string | null; readonly clinic_id: string | null };

/** Work that nobody asked for by name. */
export const system_actor: DbActor = {
  kind: 'system',
  id: null,
  source: 'worker',
  request_id: null,
};
