import type { Gap, ScheduleRules, WantedSlot } from './schedule.ts';

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

/** What hours make of the days of one service, for the vets asked for. */
export type Offer = {
  readonly rules: ScheduleRules;
  readonly slots: readonly Pick<WantedSlot, 'date'>[];
  readonly gaps: readonly Gap[];
};

/** What hours say of one day. */
export function dayNotes({ rules, slots, gaps }: Offer, date: string): DayNotes {
  const holiday = rules.holidays.find((one) => one.date === date)?.name ?? null;
  const reasons = gaps.filter((gap) => gap.date === date).map(({ reason }) => reason);
  const closureOf = (): Closure | null => {
    if (slots.some((slot) => slot.date === date)) return null;
    if (reasons.includes('closed')) return 'closed';
    if (reasons.includes('holiday')) return 'holiday';
    if (reasons.length > 0) return reasons.every((one) => away.includes(one)) ? 'vet_away' : null;
    return rules.hours.some(({ kind }) => kind === 'work') ? 'no_hours' : null;
  };
  return { closure: closureOf(), holiday };
}
