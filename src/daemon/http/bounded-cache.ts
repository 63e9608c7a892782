/**
 * A map that forgets: entries live `ttl_ms` at most, and the oldest leaves when `size_max` is
 * reached.
 */
export type BoundedCache<T> = {
  readonly get: (key: string) => T | undefined;
  /** `expires_in_ms` may only shorten the life of the entry. */
  readonly set: (key: string, value: T, expires_in_ms?: number) => void;
  readonly delete: (key: string) => void;
};

export function boundedCache<T>(size_max: number, ttl_ms: number): BoundedCache<T> {
  const entries = new Map<string, { readonly value: T; readonly until_ms: number }>();
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.until_ms > performance.now()) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set: (key, value, expires_in_ms = ttl_ms) => {
      const oldest = entries.size >= size_max ? entries.keys().next() : undefined;
      if (oldest && !oldest.done) entries.delete(oldest.value);
      // Deleting first moves a renewed entry to the young end.
      entries.delete(key);
      entries.set(key, { value, until_ms: performance.now() + Math.min(ttl_ms, expires_in_ms) });
    },
    delete: (key) => {
      entries.delete(key);
    },
  };
}
