import type { LockRequest, LockResult, LockStore } from '../../domain/ports.ts';

type Waiting = {
  readonly request: LockRequest;
  readonly resolve: (result: LockResult | Promise<LockResult>) => void;
};

const ownerOf = (lock_id: string) => lock_id.slice(0, lock_id.indexOf('.'));

/**
 * What one caller's answer means for another who asked about the same seat before the question was
 * sent; null when they must ask for themselves.
 */
function answerFor(
  leader: LockRequest,
  result: LockResult,
  request: LockRequest,
  sent_at_ms: number,
): LockResult | null {
  if (result.outcome === 'bypass') {
    const { outcome, reason } = result;
    // Without the leader's doubtful lock: these have not asked for one.
    return reason === 'down' || reason === 'absent' ? { outcome, reason } : null;
  }
  const holder = result.outcome === 'acquired' ? ownerOf(leader.lock_id) : result.holder;
  if (holder === undefined || holder === ownerOf(request.lock_id)) return null;
  if (result.outcome === 'locked') return { ...result, holder };
  return {
    outcome: 'locked',
    retry_after_ms: leader.ttl_ms,
    holder,
    asked_at_ms: sent_at_ms,
  };
}

/**
 * Lets callers of one process who want the same single seat ask the doorman as one. While a question
 * is on its way the others queue, and the next question is for all of them: each gets an answer that
 * was true after they asked, so nobody is turned away by a lock that was gone by then. A thousand
 * losers cost a few commands instead of three thousand.
 */
export function shareDoorman(store: LockStore): LockStore {
  const queues = new Map<string, Waiting[]>();

  const ask = async (first: LockRequest, others: readonly Waiting[]): Promise<LockResult> => {
    const sent_at_ms = performance.now();
    const result = await store.acquire(first);
    for (const { request, resolve } of others) {
      resolve(answerFor(first, result, request, sent_at_ms) ?? store.acquire(request));
    }
    const [next, ...rest] = queues.get(first.slot_id) ?? [];
    if (next) {
      queues.set(first.slot_id, []);
      next.resolve(ask(next.request, rest));
    } else {
      queues.delete(first.slot_id);
    }
    return result;
  };

  return {
    ...store,
    acquire: (request) => {
      if (request.capacity !== 1) return store.acquire(request);
      const queue = queues.get(request.slot_id);
      if (queue) {
        return new Promise((resolve) => {
          queue.push({ request, resolve });
        });
      }
      queues.set(request.slot_id, []);
      return ask(request, []);
    },
  };
}
