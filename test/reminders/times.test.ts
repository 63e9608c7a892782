import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase({ max: 2 });

/** Ten real clock changes: forwards and backwards, whole and half hours, both halves of the world. */
const changes = [
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['America/Santiago', '2026-04-05T03:00:00Z'],
  ['Europe/Dublin', '2026-10-25T01:00:00Z'],
  // Ramadan: the clock goes back for a month, in the middle of winter.
  ['Africa/Casablanca', '2026-02-15T02:00:00Z'],
  // A whole day was skipped: the year has no 30 December there.
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
] as const;

/** The other implementation: whole days on the wall clock, the rest as elapsed time. */
function expected(at: Temporal.Instant, minutes: number, time_zone: string): Temporal.Instant {
  const days = Math.trunc(minutes / 1_440);
  const rest = { minutes: minutes % 1_440 };
  if (days === 0) return at.add(rest);
  const wall = at.toZonedDateTimeISO(time_zone).toPlainDateTime().add({ days });
  return wall.toZonedDateTime(time_zone, { disambiguation: 'later' }).toInstant().add(rest);
}

test.each(changes)('around the change of %s at %s both implementations agree', async (zone, at) => {
  const change = Temporal.Instant.from(at);
  const transition = change
    .subtract({ nanoseconds: 1 })
    .toZonedDateTimeISO(zone)
    .getTimeZoneTransition('next');
  expect(transition?.toInstant().toString()).toBe(change.toString());
  const points = fc.record({
    start_min: fc.integer({ min: -4 * 1_440, max: 4 * 1_440 }),
    offset_min: fc.oneof(
      fc.constantFrom(-1_440, -120, -2_880, 1_440, 10_080),
      fc.integer({ min: -6 * 1_440, max: 6 * 1_440 }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(points, { minLength: 20, maxLength: 60 }), async (cases) => {
      const starts = cases.map(({ start_min }) => change.add({ minutes: start_min }));
      const rows = await sql<{ at: Temporal.Instant }[]>`
        select reminder_time(k.at::timestamptz, k.minutes::integer, ${zone}) as at
        from unnest(
          ${starts.map(String)}::text[], ${cases.map(({ offset_min }) => String(offset_min))}::text[]
        ) with ordinality as k (at, minutes, place)
        order by k.place`;
      expect(rows.map((row) => row.at.toString())).toEqual(
        cases.map(({ offset_min }, index) =>
          expected(starts[index] ?? change, offset_min, zone).toString(),
        ),
      );
    }),
    { numRuns: 25 },
  );
});

test('24 hours before is the same time of the day before, 2 hours before are 2 hours', async () => {
  const timeOf = async (at: string, minutes: number, zone: string) => {
    const [row] = await sql<{ at: Temporal.Instant }[]>`
      select reminder_time(${at}::text::timestamptz, ${minutes}, ${zone}) as at`;
    return row?.at.toZonedDateTimeISO(zone).toString({ timeZoneName: 'never' });
  };
  // Monday 9:00 after the clock went forward on Sunday: 23 hours elapsed, the wall clock is what counts.
  const monday = '2026-03-09T09:00:00-04:00';
  expect(await timeOf(monday, -1_440, 'America/New_York')).toBe('2026-03-08T09:00:00-04:00');
  expect(await timeOf(monday, -2_880, 'America/New_York')).toBe('2026-03-07T09:00:00-05:00');
  // 3:30 on the night of the change: two hours before it was 0:30.
  expect(await timeOf('2026-03-08T03:30:00-04:00', -120, 'America/New_York')).toBe(
    '2026-03-08T00:30:00-05:00',
  );
  // The day before 2:30 does not exist: half past three.
  expect(await timeOf('2026-03-09T02:30:00-04:00', -1_440, 'America/New_York')).toBe(
    '2026-03-08T03:30:00-04:00',
  );
  // The day before 1:30 is there twice: the later one.
  expect(await timeOf('2026-11-02T01:30:00-05:00', -1_440, 'America/New_York')).toBe(
    '2026-11-01T01:30:00-05:00',
  );
  expect(await timeOf('2026-11-20T14:30:00+07:00', -1_440, 'Asia/Jakarta')).toBe(
    '2026-11-19T14:30:00+07:00',
  );
});
