import type { Gap, ScheduleRules } from './schedule.ts';

/** Why a day has nothing to sell, as far as hours, exceptions and holidays say. Pure. */

export const closures = ['closed', 'holiday', 'vet_away', 'no_hours'] as const;
export type Closure = (typeof closures)[number];

export type DayNotes = {
  /** Null = the hours know of slots, or there are no hours at all: slots were opened by hand. */
  readonly closure: Closure | null;
  /** Whether or not the clinic closes on it. */
  readonly holiday: string | null;
};

const away: readonly Gap['reason'][] = ['vet_away', 'time_off', 'vet_not_in'];

/** What hours say of one day of a service; `gaps` are those of that service, of the vets asked for. */
export function dayNotes(rules: ScheduleRules, gaps: readonly Gap[], date: string): DayNotes {
  const holiday = rules.holidays.find((one) => one.date === date)?.name ?? null;
  const reasons = gaps.filter((gap) => gap.date === date).map(({ reason }) => reason);
  const closureOf = (): Closure | null => {
    if (reasons.includes('closed')) return 'closed';
    if (reasons.includes('holiday')) return 'holiday';
    if (reasons.length > 0) return reasons.every((one) => away.includes(one)) ? 'vet_away' : null;
    return rules.hours.some(({ kind }) => kind === 'work') ? 'no_hours' : null;
  };
  return { closure: closureOf(), holiday };
}
