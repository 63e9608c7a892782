import { utcText, wallText } from './calendar-text.ts';

/** Time zones as iCalendar wants them: the clock changes themselves, from the zone data of the machine. */

/** No zone changes its clock more often than this in the time that one calendar covers. */
const CHANGES_MAX = 64;

/** Clocks go back by less than this: without a change so near, the wall clock is plain. */
const FAR_HOURS = 4;

/** `+0700`, with seconds where a zone has them. RFC 5545 section 3.3.14. */
function offsetText(offset_ns: number): string {
  const seconds = Math.round(Math.abs(offset_ns) / 1e9);
  const part = (value: number) => String(value).padStart(2, '0');
  const rest = seconds % 60;
  const hours = part(Math.trunc(seconds / 3_600));
  const minutes = part(Math.trunc(seconds / 60) % 60);
  return `${offset_ns < 0 ? '-' : '+'}${hours}${minutes}${rest === 0 ? '' : part(rest)}`;
}

/** `EST`, `WIB`, `GMT+9`: for people, programs go by the offset. */
function zoneName(at: Temporal.ZonedDateTime): string {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: at.timeZoneId,
    timeZoneName: 'short',
  });
  const parts = format.formatToParts(at.epochMilliseconds);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? at.offset;
}

type Observance = {
  readonly is_daylight: boolean;
  /** The wall clock at which it begins, as the offset before it shows it. */
  readonly onset: Temporal.PlainDateTime;
  readonly from_ns: number;
  readonly to: Temporal.ZonedDateTime;
};

function observance(change: Temporal.ZonedDateTime): Observance {
  const from_ns = change.subtract({ nanoseconds: 1 }).offsetNanoseconds;
  const gain_ns = change.offsetNanoseconds - from_ns;
  return {
    is_daylight: gain_ns > 0,
    onset: change.toPlainDateTime().subtract({ nanoseconds: gain_ns }),
    from_ns,
    to: change,
  };
}

/** The change in force at `from`, and those until `to`. */
function observances(time_zone: string, from: Temporal.Instant, to: Temporal.Instant) {
  const start = from.toZonedDateTimeISO(time_zone);
  // A change at that very moment is in force.
  const last = start.add({ nanoseconds: 1 }).getTimeZoneTransition('previous');
  const found: Observance[] = [];
  if (last === null) {
    const { offsetNanoseconds: from_ns } = start;
    const onset = Temporal.PlainDateTime.from('1970-01-01T00:00');
    found.push({ is_daylight: false, onset, from_ns, to: start });
  } else {
    found.push(observance(last));
  }
  let next = start.getTimeZoneTransition('next');
  while (next !== null && found.length < CHANGES_MAX) {
    if (Temporal.Instant.compare(next.toInstant(), to) > 0) break;
    found.push(observance(next));
    next = next.getTimeZoneTransition('next');
  }
  return found;
}

/** The VTIMEZONE of a zone, true from one instant to another. RFC 5545 section 3.6.5. */
export function zoneLines(
  time_zone: string,
  from: Temporal.Instant,
  to: Temporal.Instant,
): readonly string[] {
  const lines = observances(time_zone, from, to).flatMap(({ is_daylight, onset, from_ns, to }) => {
    const name = is_daylight ? 'DAYLIGHT' : 'STANDARD';
    return [
      `BEGIN:${name}`,
      `DTSTART:${wallText(onset)}`,
      `TZOFFSETFROM:${offsetText(from_ns)}`,
      `TZOFFSETTO:${offsetText(to.offsetNanoseconds)}`,
      `TZNAME:${zoneName(to)}`,
      `END:${name}`,
    ];
  });
  return ['BEGIN:VTIMEZONE', `TZID:${time_zone}`, ...lines, 'END:VTIMEZONE'];
}

/**
 * Whether the wall clock of a zone shows this instant and no other. Of an hour that it shows twice the
 * first one is meant (RFC 5545 section 3.3.5), but programs that take it for the second are about.
 */
function isNamedByWall(at: Temporal.ZonedDateTime): boolean {
  const { timeZoneId: time_zone, offsetNanoseconds: offset_ns } = at;
  const instant = at.toInstant();
  const is_far = [-FAR_HOURS, FAR_HOURS].every((hours) => {
    const other = instant.add({ hours }).toZonedDateTimeISO(time_zone);
    return other.offsetNanoseconds === offset_ns;
  });
  if (is_far) return true;
  const wall = at.toPlainDateTime();
  return (['earlier', 'later'] as const).every((disambiguation) =>
    wall.toZonedDateTime(time_zone, { disambiguation }).toInstant().equals(instant),
  );
}

/** `20261120T143000` as the wall clock of a zone shows it; null where that could be two instants. */
export function wallOf(instant: Temporal.Instant, time_zone: string): string | null {
  const at = instant.toZonedDateTimeISO(time_zone);
  if (!isNamedByWall(at)) return null;
  // Ten times as fast as by way of a wall clock: a feed has thousands of them.
  return utcText(instant.add({ nanoseconds: at.offsetNanoseconds })).slice(0, -1);
}
