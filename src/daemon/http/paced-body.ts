import type { IncomingMessage } from 'node:http';
import { AppError } from '../../domain/errors.ts';

/** No piece of a body for so long, and its sender is given up. */
const IDLE_MS = 10_000;
/** What is left of a refused body is read and thrown away, so that its sender reads our answer... */
const DRAIN_BYTES_MAX = 33_554_432;
/** ...for so long. */
const DRAIN_MS_MAX = 5_000;

export type PacedBody = {
  /** The pieces in order; throws `request_timeout` when none comes for a while. */
  readonly pieces: () => AsyncGenerator<Uint8Array>;
  /** Reads on without keeping anything, within limits. Never throws. */
  readonly drain: () => Promise<void>;
};

/** The body of a request as it comes, one piece at a time. */
export function pacedBody(raw: IncomingMessage, idle_ms = IDLE_MS): PacedBody {
  // Leaving a loop early must not cut the connection: the refusal is still to be told.
  const source = raw.iterator({ destroyOnReturn: false });

  async function next(wait_ms: number): Promise<Uint8Array | null> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new AppError('request_timeout', 'No piece of the file came for too long.'));
    }, wait_ms);
    const step = source.next();
    // It may fail after we stopped waiting for it.
    step.catch(() => {});
    try {
      const { done, value } = await Promise.race([step, late.promise]);
      return done === true || !(value instanceof Uint8Array) ? null : value;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    pieces: async function* () {
      for (let piece = await next(idle_ms); piece !== null; piece = await next(idle_ms)) {
        yield piece;
      }
    },
    drain: async () => {
      const ends_at = performance.now() + DRAIN_MS_MAX;
      let drained = 0;
      try {
        while (!raw.complete && drained < DRAIN_BYTES_MAX) {
          const piece = await next(Math.max(ends_at - performance.now(), 1));
          if (piece === null) return;
          drained += piece.length;
        }
      } catch {
        // The sender left or dawdles: nothing more to be nice about.
      }
    },
  };
}
