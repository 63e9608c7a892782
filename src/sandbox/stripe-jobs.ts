// Work of the sandbox that waits for its time. A timer fires it when due, or the control API fires
// it at once.

import { put, type State } from './stripe-state.ts';
import type { Job, JobKind } from './stripe-types.ts';

/** Longest sleep of the one timer: setTimeout overflows beyond 2^31 ms. */
const MAX_TIMER_MS = 3_600_000;

export type Jobs = {
  /** Keeps the job and runs it when due; a job that is due already starts in this turn. */
  readonly schedule: (job: Job) => void;
  readonly drop: (id: string) => void;
  /**
   * Runs every waiting job of these kinds now, in the order of their due times; answers how many.
   */
  readonly flush: (kinds: readonly JobKind[]) => Promise<number>;
  /** Starts the timer; called once the server listens. */
  readonly start: () => void;
  /** Stops the timer and waits for what is running. Waiting jobs stay in the state. */
  readonly stop: () => Promise<void>;
};

/** One timer over all jobs of the state. `run` must not throw: it records its own failures. */
export function makeJobs(state: State, run: (job: Job) => Promise<void>): Jobs {
  const running = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let started = false;

  function begin(job: Job): Promise<void> {
    state.jobs.delete(job.id);
    const done: Promise<void> = run(job).finally(() => running.delete(done));
    running.add(done);
    return done;
  }

  function arm(): void {
    clearTimeout(timer);
    if (!started || state.jobs.size === 0) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const job of state.jobs.values()) earliest = Math.min(earliest, job.due_at_ms);
    timer = setTimeout(runDue, Math.min(Math.max(earliest - Date.now(), 0), MAX_TIMER_MS));
    timer.unref();
  }

  function runDue(): void {
    const now = Date.now();
    const due = [...state.jobs.values()].filter((job) => job.due_at_ms <= now);
    for (const job of due.toSorted(byDue)) void begin(job);
    arm();
  }

  return {
    schedule(job) {
      put(state, 'jobs', job.id, job);
      if (started && job.due_at_ms <= Date.now()) void begin(job);
      else arm();
    },
    drop(id) {
      state.jobs.delete(id);
    },
    async flush(kinds) {
      const chosen = [...state.jobs.values()].filter((job) => kinds.includes(job.kind));
      // One after the other: whoever flushes wants the order of the due times, not a race.
      for (const job of chosen.toSorted(byDue)) {
        if (state.jobs.has(job.id)) await begin(job);
      }
      arm();
      return chosen.length;
    },
    start() {
      started = true;
      arm();
    },
    async stop() {
      started = false;
      clearTimeout(timer);
      await Promise.all(running);
    },
  };
}

function byDue(a: Job, b: Job): number {
  return a.due_at_ms - b.due_at_ms;
}
