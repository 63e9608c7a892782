// Faults that the control API switches on: what a bad day at the provider looks like from outside.

import { z } from 'zod';

/** Longest answer delay: beyond every client timeout that we use. */
const MAX_DELAY_MS = 120_000;

export const fault_schema = z.strictObject({
  mode: z.enum(['none', 'outage', 'slow', 'error_rate']),
  /** `slow`: how long the answer takes. */
  delay_ms: z.number().int().min(0).max(MAX_DELAY_MS).default(0),
  /** `error_rate`: the share of requests that fail, spread evenly. */
  rate: z.number().min(0).max(1).default(1),
  /** What a failing request answers; 0 = the connection is cut without an answer. */
  status: z.union([z.literal(0), z.number().int().min(400).max(599)]).default(503),
  /** Only requests whose path begins so; empty = all. */
  path: z.string().max(200).default(''),
  /** Only requests whose path ends so, as `/capture` of whichever payment. */
  path_end: z.string().max(200).default(''),
  /** The fault ends after that many hits; null = until it is switched off. */
  times: z.number().int().min(1).nullable().default(null),
  /**
   * `after`: the work is done and only its answer suffers, which is what idempotency keys are for.
   */
  phase: z.enum(['before', 'after']).default('before'),
});

type Fault = z.infer<typeof fault_schema>;

const no_fault: Fault = fault_schema.parse({ mode: 'none' });

type Hit = {
  readonly phase: 'before' | 'after';
  readonly delay_ms: number;
  /** null: the request goes on after the delay. */
  readonly status: number | null;
};

export type Faults = {
  readonly set: (fault: Fault) => void;
  readonly get: () => Fault;
  /** Decides for one API request; counts it against `times`. */
  readonly hit: (path: string) => Hit | null;
};

/**
 * Holds the fault in force. Failures of a rate are spread evenly instead of drawn, so that tests
 * can count.
 */
export function makeFaults(): Faults {
  let fault = no_fault;
  let owed = 0;
  return {
    set(next) {
      fault = next;
      owed = 0;
    },
    get: () => fault,
    hit(path) {
      if (fault.mode === 'none') return null;
      if (!path.startsWith(fault.path) || !path.endsWith(fault.path_end)) return null;
      const { mode, phase, delay_ms, status } = fault;
      if (mode === 'error_rate') {
        owed += fault.rate;
        // The tolerance absorbs what binary fractions lose: ten times 0.1 is one failure.
        if (owed < 1 - 1e-9) return null;
        owed -= 1;
      }
      if (fault.times !== null) {
        fault = fault.times > 1 ? { ...fault, times: fault.times - 1 } : no_fault;
      }
      return { phase, delay_ms, status: mode === 'slow' ? null : status };
    },
  };
}
