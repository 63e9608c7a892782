/** The clinic-local reading of an instant: `2026-11-20`, `14:30`, and RFC 3339 with the clinic's offset. */
export type LocalTime = { readonly date: string; readonly time: string; readonly text: string };

/** Converts an instant to a clinic's wall clock. */
export function localTime(instant: Temporal.Instant, time_zone: string): LocalTime {
  const zoned = instant.toZonedDateTimeISO(time_zone);
  return {
    date: zoned.toPlainDate().toString(),
    time: zoned.toPlainTime().toString({ smallestUnit: 'minute' }),
    text: zoned.toString({ timeZoneName: 'never', smallestUnit: 'second' }),
  };
}

/**
 * The instant of a wall-clock time in a zone, and whether the clock change made it special: a `gap` time does
 * not exist (the result is the instant just after), a `double` time happens twice (the result is the first).
 */
export function instantOf(
  date: string,
  time: string,
  time_zone: string,
): { readonly instant: Temporal.Instant; readonly kind: 'plain' | 'gap' | 'double' } {
  const wall = Temporal.PlainDate.from(date).toPlainDateTime(Temporal.PlainTime.from(time));
  const earlier = wall.toZonedDateTime(time_zone, { disambiguation: 'earlier' });
  const later = wall.toZonedDateTime(time_zone, { disambiguation: 'later' });
  const earlier_instant = earlier.toInstant();
  if (earlier_instant.equals(later.toInstant())) return { instant: earlier_instant, kind: 'plain' };
  const exists = earlier.toPlainDateTime().equals(wall);
  return exists
    ? { instant: earlier_instant, kind: 'double' }
    : { instant: later.toInstant(), kind: 'gap' };
}

/** First instant of a local day and of the next: half-open, and right on 23- and 25-hour days. */
export function dayRange(
  date: string,
  time_zone: string,
): { readonly from: Temporal.Instant; readonly to: Temporal.Instant } {
  const day = Temporal.PlainDate.from(date);
  return {
    from: day.toZonedDateTime(time_zone).toInstant(),
    to: day.add({ days: 1 }).toZonedDateTime(time_zone).toInstant(),
  };
}
