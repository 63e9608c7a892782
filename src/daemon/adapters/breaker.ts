/** Stops asking a part that keeps failing, and finds out when it works again. Needs no timer. */
export type Breaker = {
  /** True when the call may go ahead; in `half_open` for one probe at a time. */
  readonly allows: () => boolean;
  readonly succeeded: () => void;
  readonly failed: () => void;
  readonly state: () => 'closed' | 'open' | 'half_open';
  /** How often it closed again: work may have gone past the part in between. */
  readonly recoveries: () => number;
};

export type BreakerOptions = {
  /** Failures within the window that open it. */
  readonly failures: number;
  readonly window_ms: number;
  /** First pause before a probe; doubles with each failed probe up to `open_max_ms`. */
  readonly open_ms: number;
  readonly open_max_ms: number;
  /** A probe that never reported back counts as lost after this long. */
  readonly probe_ms: number;
};

/**
 * Builds a closed breaker. Its clock is the process's monotonic one: wall-clock jumps change
 * nothing.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  let failed_at: readonly number[] = [];
  let open_until: number | null = null;
  let pause_ms = options.open_ms;
  let probe_until = 0;
  let recoveries = 0;

  const state = () => {
    if (open_until === null) return 'closed';
    return performance.now() < open_until ? 'open' : 'half_open';
  };

  return {
    state,
    recoveries: () => recoveries,
    allows: () => {
      const now = performance.now();
      if (open_until === null) return true;
      if (now < open_until || now < probe_until) return false;
      probe_until = now + options.probe_ms;
      return true;
    },
    succeeded: () => {
      if (failed_at.length > 0) failed_at = [];
      if (open_until === null) return;
      open_until = null;
      probe_until = 0;
      pause_ms = options.open_ms;
      recoveries += 1;
    },
    failed: () => {
      const now = performance.now();
      if (open_until !== null) {
        // A late failure of a call that began before it opened must not push the next probe away.
        if (now < open_until) return;
        pause_ms = Math.min(pause_ms * 2, options.open_max_ms);
        open_until = now + pause_ms;
        probe_until = 0;
        return;
      }
      failed_at = [...failed_at.filter((at) => now - at < options.window_ms), now];
      if (failed_at.length < options.failures) return;
      failed_at = [];
      open_until = now + pause_ms;
    },
  };
}
