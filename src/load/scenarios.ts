import { AppError } from '../domain/errors.ts';

/** What can be run, how large it is, and what must be true afterwards. The scripts are `loadtest/<name>.ts`. */

export const scenario_names = [
  'one-slot',
  'last-seats',
  'clinic-day',
  'flash-sale',
  'soak',
] as const;
export type ScenarioName = (typeof scenario_names)[number];
export type Form = 'short' | 'full';

/** How large a run is; the script reads these from its load file. */
export type Size = {
  readonly vus: number;
  /** Arrivals per second; 0 where virtual users decide. */
  readonly rate: number;
  readonly seconds: number;
};

export type SlotGroup = {
  readonly group: string;
  readonly count: number;
  readonly capacity: number;
  /** Vets who share the slots, each with slots one after the other; 0 = slots without a vet. */
  readonly vets: number;
};

export type Scenario = {
  readonly about: string;
  readonly sizes: Readonly<Record<Form, Size>>;
  readonly slots: (form: Form) => readonly SlotGroup[];
  readonly owners: (size: Size) => number;
  /**
   * `one_winner`: each slot ends with exactly one holder. `sold_out`: every seat is taken. `within`: never more
   * than there is. Always in PostgreSQL's own words, whatever k6 counted.
   */
  readonly ends: 'one_winner' | 'sold_out' | 'within';
  /** Seats that one request may ask for: what a lost answer may have won. */
  readonly seats_max: number;
  /** Seconds beyond `seconds` that the script itself needs, for the progress bar. */
  readonly tail_s: (size: Size) => number;
};

/** More owners than this make the set-up, not the engine, the thing that is tested. */
const OWNERS_MAX = 50_000;
const perVisit = ({ rate, seconds }: Size) =>
  Math.min(OWNERS_MAX, Math.ceil(rate * seconds * 1.1) + 50);

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  'one-slot': {
    about: 'everybody wants one slot, then a second one in the same instant',
    // Seed 004, load line: 1000 users on one event for 30 s.
    sizes: {
      short: { vus: 100, rate: 0, seconds: 6 },
      full: { vus: 1000, rate: 0, seconds: 30 },
    },
    slots: () => [
      { group: 'crowd', count: 1, capacity: 1, vets: 1 },
      { group: 'burst', count: 1, capacity: 1, vets: 1 },
    ],
    owners: ({ vus }) => vus * 2,
    ends: 'one_winner',
    seats_max: 1,
    tail_s: () => 8,
  },
  'last-seats': {
    about: 'twenty seats are left, groups of one to four want them',
    sizes: {
      short: { vus: 60, rate: 0, seconds: 30 },
      full: { vus: 300, rate: 0, seconds: 60 },
    },
    slots: () => [{ group: 'seats', count: 1, capacity: 20, vets: 0 }],
    owners: ({ vus }) => vus,
    ends: 'sold_out',
    seats_max: 4,
    tail_s: () => 0,
  },
  'clinic-day': {
    about: 'people look, hold, pay, move, change their mind or walk away',
    sizes: {
      short: { vus: 80, rate: 20, seconds: 15 },
      full: { vus: 400, rate: 100, seconds: 120 },
    },
    slots: (form) => [{ group: 'day', count: form === 'full' ? 2_400 : 120, capacity: 1, vets: 6 }],
    owners: perVisit,
    ends: 'within',
    seats_max: 1,
    tail_s: () => 5,
  },
  'flash-sale': {
    about: 'thousands of seats of one evening, sold out in seconds',
    sizes: {
      short: { vus: 120, rate: 60, seconds: 10 },
      full: { vus: 500, rate: 250, seconds: 40 },
    },
    slots: (form) => [
      { group: 'evening', count: 1, capacity: form === 'full' ? 5_000 : 500, vets: 0 },
    ],
    owners: perVisit,
    ends: 'sold_out',
    seats_max: 4,
    tail_s: () => 0,
  },
  soak: {
    about: 'a steady load for hours; every slot is given back',
    sizes: {
      short: { vus: 50, rate: 10, seconds: 30 },
      full: { vus: 100, rate: 20, seconds: 8 * 3_600 },
    },
    slots: () => [{ group: 'steady', count: 500, capacity: 1, vets: 5 }],
    owners: (size) => Math.min(perVisit(size), 5_000),
    ends: 'within',
    seats_max: 1,
    tail_s: () => 5,
  },
};

/** The scenario of that name; throws `not_found` with the names that exist. */
export function scenarioNamed(name: string): ScenarioName {
  const found = scenario_names.find((one) => one === name);
  if (found !== undefined) return found;
  throw new AppError('not_found', `There is no scenario "${name}".`, {
    next: `petpro load run --scenario ${scenario_names[0]}`,
    scenarios: [...scenario_names],
  });
}

/** The form's size with what was asked for instead. */
export function sizeOf(
  name: ScenarioName,
  form: Form,
  asked: { readonly [K in keyof Size]?: number | null },
): Size {
  const { vus, rate, seconds } = scenarios[name].sizes[form];
  return {
    vus: asked.vus ?? vus,
    rate: rate === 0 ? 0 : (asked.rate ?? rate),
    seconds: asked.seconds ?? seconds,
  };
}
