import { localTime } from '../../domain/time.ts';

/** An instant with the clinic's offset, as all times of the API are written. */
export function zonedText(instant: Temporal.Instant, time_zone: string): string {
  return localTime(instant, time_zone).text;
}

/** The same for a time that may not have come yet. */
export function zonedTextOrNull(
  instant: Temporal.Instant | null,
  time_zone: string,
): string | null {
  return instant === null ? null : zonedText(instant, time_zone);
}
