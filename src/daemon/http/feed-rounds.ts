/**
 * Who has something to send takes turns, and between the turns the process does everything else:
 * five hundred followers of a busy clinic must not keep a booking waiting.
 */
export type Rounds = {
  /** Runs the step soon; a step that is already waiting for its turn is not queued twice. */
  readonly add: (step: () => void) => void;
  readonly remove: (step: () => void) => void;
};

/** Steps run for about `budget_ms` at a time. */
export function createRounds(budget_ms: number): Rounds {
  const ready = new Set<() => void>();
  let is_running = false;

  const run = (): void => {
    const end = performance.now() + budget_ms;
    // A step that adds itself again comes after all others: a set keeps the order of its members.
    for (const step of ready) {
      ready.delete(step);
      step();
      if (performance.now() > end) break;
    }
    if (ready.size > 0) setImmediate(run);
    else is_running = false;
  };

  return {
    add: (step) => {
      ready.add(step);
      if (is_running) return;
      is_running = true;
      setImmediate(run);
    },
    remove: (step) => ready.delete(step),
  };
}
