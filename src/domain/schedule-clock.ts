import { instantOf } from './time.ts';

/** Instants of a clinic's wall clock, by minutes past the midnight that a day begins with. */

/** Half-open, in epoch milliseconds. */
export type Span = { readonly from: number; readonly to: number };

type Wall = { readonly ms: number; readonly kind: 'plain' | 'gap' | 'double' };

export type DayClock = {
  /** A start; minutes from 1440 on are of the next day. */
  readonly wall: (minute: number) => Wall;
  /** Where hours begin or end: a time that the clock skips is the moment at which it jumps. */
  readonly edge: (minute: number) => number;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Days around one run; more are forgotten and worked out again. */
const DAYS_KEPT = 500;

function slowDay(plain: Temporal.PlainDate, time_zone: string): DayClock {
  const read = (minute: number) => {
    const date = plain.add({ days: Math.floor(minute / 1_440) }).toString();
    const of_day = minute % 1_440;
    const time = new Temporal.PlainTime(Math.floor(of_day / 60), of_day % 60).toString();
    return instantOf(date, time, time_zone);
  };
  return {
    wall: (minute) => {
      const { instant, kind } = read(minute);
      return { ms: instant.epochMilliseconds, kind };
    },
    edge: (minute) => {
      const { instant, kind } = read(minute);
      if (kind !== 'gap') return instant.epochMilliseconds;
      const jump = instant.toZonedDateTimeISO(time_zone).getTimeZoneTransition('previous');
      return (jump ?? instant).epochMilliseconds;
    },
  };
}

/**
 * Clocks of the days of one zone. Most days have no clock change near: there a minute is one addition,
 * which makes half a year of slots a matter of milliseconds.
 */
export function dayClock(time_zone: string): (plain: Temporal.PlainDate) => DayClock {
  const known = new Map<string, DayClock>();
  return (plain) => {
    const key = plain.toString();
    const found = known.get(key);
    if (found !== undefined) return found;
    const noon = plain.toZonedDateTime({ timeZone: time_zone, plainTime: '12:00' });
    const change = noon.subtract({ hours: 36 }).getTimeZoneTransition('next');
    const is_near =
      change !== null && change.epochMilliseconds - noon.epochMilliseconds <= 60 * HOUR_MS;
    const midnight_ms = noon.epochMilliseconds - 12 * HOUR_MS;
    const at = (minute: number) => midnight_ms + minute * MINUTE_MS;
    const made: DayClock = is_near
      ? slowDay(plain, time_zone)
      : { wall: (minute) => ({ ms: at(minute), kind: 'plain' }), edge: at };
    if (known.size >= DAYS_KEPT) known.clear();
    known.set(key, made);
    return made;
  };
}
