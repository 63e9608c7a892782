import type { LockStore } from '../../domain/ports.ts';

/** No Redis configured: every hold goes straight to PostgreSQL, which decides anyway. */
export function openNoLocks(): LockStore {
  return {
    acquire: async () => ({ outcome: 'bypass', reason: 'absent' }),
    assign: async () => {},
    extend: async () => false,
    release: async () => false,
    list: async () => null,
    inspect: async () => null,
    forceRelease: async () => 'down',
    health: async () => ({ state: 'absent', breaker: 'closed', latency_ms: null, epoch: null }),
    close: async () => {},
  };
}
