import { BACK_WITHIN_MS, type ChaosPart } from './chaos.ts';
import type { K6Result } from './k6-summary.ts';
import type {
  ChaosStrike,
  ControlResult,
  InvariantResult,
  RuleResult,
  SlotCount,
} from './report-types.ts';
import type { Scenario } from './scenarios.ts';

/** The judgement over a run. k6 measures; PostgreSQL and the named invariants decide. */

/** ux, exit codes. */
export const exits = { passed: 0, broken: 12, thresholds: 13, stopped: 130 } as const;

/** A soak may let the daemon's memory grow by this share. design, goals: 8 h growth <= 10 %. */
const GROWTH_MAX = 0.1;
/** Shorter runs only show the warm-up of the program, not a leak. */
const GROWTH_COUNTS_FROM_S = 3_600;

/** A hold lasts ten minutes; in longer runs the first ones have lapsed. Seed 000, Business Rules 1. */
const LAPSE_FROM_S = 480;

type Memory = { readonly before: number | null; readonly after: number | null };

export type Judged = {
  readonly scenario: Pick<Scenario, 'ends' | 'seats_max'>;
  readonly seconds: number;
  readonly k6: K6Result;
  readonly slots: readonly SlotCount[];
  readonly invariants: readonly InvariantResult[];
  readonly memory: Memory;
  readonly stopped: boolean;
  /** What was to be killed, and what became of it. */
  readonly chaos?: {
    readonly parts: readonly ChaosPart[];
    readonly strikes: readonly ChaosStrike[];
  };
  readonly control?: ControlResult;
};

function endsRight(ends: Scenario['ends'], slot: SlotCount): RuleResult {
  const { group, capacity, seats_taken, holders } = slot;
  const detail = `${seats_taken} of ${capacity} seats taken, ${holders} holders`;
  switch (ends) {
    case 'one_winner': {
      const passed = holders === slot.slots && seats_taken === capacity;
      return { name: `exactly one winner (${group})`, passed, detail };
    }
    case 'sold_out':
      return { name: `sold out (${group})`, passed: seats_taken === capacity, detail };
    case 'within':
      return { name: `within capacity (${group})`, passed: seats_taken <= capacity, detail };
  }
}

/** Seats that k6 saw given away and that nobody gave back must stand in PostgreSQL. */
function nothingLost({ k6, slots, seconds, scenario }: Judged): readonly RuleResult[] {
  if (seconds > LAPSE_FROM_S) return [];
  const taken = slots.reduce((all, slot) => all + slot.seats_taken, 0);
  const { seats_won, cancelled, timeouts, server_errors } = k6.counts;
  const kept = seats_won - cancelled;
  // An answer that was lost on its way may have won, and a cancel whose answer was lost may have worked.
  const { unresolved } = k6.interruptions;
  const unknown = (timeouts + server_errors + unresolved) * scenario.seats_max;
  const passed = Math.abs(taken - kept) <= unknown;
  const detail = `k6 saw ${seats_won} seats won, ${cancelled} given back; PostgreSQL holds ${taken}`;
  return [{ name: 'every win stands in PostgreSQL, and nothing else', passed, detail }];
}

/** A part that was not killed proves nothing; one that was has to be survived within seconds. */
function survived({ chaos }: Judged): readonly RuleResult[] {
  if (chaos === undefined) return [];
  return chaos.parts.map((part) => {
    const found = chaos.strikes.find(({ what }) => what === part);
    const back = found?.back_after_ms ?? null;
    const detail =
      found === undefined
        ? 'it was not killed: the run ended first'
        : back === null
          ? 'not back within half a minute'
          : `killed at ${found.at_s} s, reads after ${found.read_after_ms} ms, holds after ${found.hold_after_ms} ms`;
    const name = `${part} killed: reads and holds again within ${BACK_WITHIN_MS / 1_000} s`;
    return { name, passed: back !== null && back <= BACK_WITHIN_MS, detail };
  });
}

/** With the guard one wins; without it the same contest must be lost, and noticed. */
function controlled({ control }: Judged): readonly RuleResult[] {
  if (control === undefined) return [];
  const { contenders, with_guard, without_guard, double_bookings } = control;
  return [
    {
      name: 'control: with the guard one wins',
      passed: with_guard === 1,
      detail: `${with_guard} of ${contenders} were told that the seat is theirs`,
    },
    {
      name: 'control: without the guard the seat is given away twice, and counted so',
      passed: without_guard > 1 && double_bookings === without_guard - 1,
      detail: `${without_guard} of ${contenders} got it, ${double_bookings} double bookings counted`,
    },
  ];
}

function memoryHeld(seconds: number, { before, after }: Memory): readonly RuleResult[] {
  if (seconds < GROWTH_COUNTS_FROM_S || before === null || after === null) return [];
  const growth = after / before - 1;
  return [
    {
      name: 'memory of the daemon grows by at most 10 %',
      passed: growth <= GROWTH_MAX,
      detail: `${before} MB, then ${after} MB`,
    },
  ];
}

export type Verdict = {
  readonly double_bookings: number;
  readonly checks: readonly RuleResult[];
  readonly passed: boolean;
  readonly exit: number;
};

export function judge(run: Judged): Verdict {
  const double_bookings = run.slots.reduce((all, slot) => all + slot.seats_oversold, 0);
  const checks = [
    ...run.slots.map((slot) => endsRight(run.scenario.ends, slot)),
    ...nothingLost(run),
    ...memoryHeld(run.seconds, run.memory),
    ...survived(run),
    ...controlled(run),
  ];
  const is_broken = double_bookings > 0 || run.invariants.some(({ rows }) => rows > 0);
  const is_missed = [...run.k6.thresholds, ...checks].some(({ passed }) => !passed);
  // A broken invariant is worse news than a slow answer, and than having been interrupted.
  const exit = is_broken
    ? exits.broken
    : run.stopped
      ? exits.stopped
      : is_missed
        ? exits.thresholds
        : exits.passed;
  return { double_bookings, checks, passed: exit === exits.passed, exit };
}
