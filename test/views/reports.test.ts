import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { barText } from '../../src/commands/reports.ts';
import { readReport } from '../../src/daemon/store/reports.ts';
import type { ReportGroup } from '../../src/domain/report.ts';
import { cli } from '../cli/harness.ts';
import { mustBook } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  addStaff,
  type Clinic,
} from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';

/** Figures against a naive count in the program, over days of 23 and 25 hours; then as a manager sees them. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let world: World;
let other_manager = '';

beforeAll(async () => {
  world = await buildWorld(harness);
  other_manager = await harness.addKey('manager', world.other_clinic.id);
});

type Fact = {
  readonly day: string;
  readonly staff_id: string | null;
  readonly service_id: string;
  readonly measure: string;
  readonly value: number;
};

const statuses = ['confirmed', 'in-progress', 'completed', 'cancelled', 'no-show'] as const;
const seed = Number(process.env['PETPRO_MODEL_SEED'] ?? Date.now());
const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number, salt: number) =>
  fc.sample(arbitrary, { numRuns: count, seed: seed + salt });

/** Bookings with everything about them moved to random moments around `middle`; what should be counted. */
async function scatter(clinic: Clinic, middle: string, count: number): Promise<readonly Fact[]> {
  const staff = [await addStaff(sql, clinic, 'Sari'), await addStaff(sql, clinic, 'Andi'), null];
  const services = [await addService(sql, clinic), await addService(sql, clinic)];
  const minute = fc.integer({ min: -5 * 1_440, max: 5 * 1_440 });
  const moments = sample(fc.tuple(minute, minute, minute), count, 1);
  const kinds = sample(
    fc.tuple(
      fc.nat(2),
      fc.nat(1),
      fc.constantFrom(...statuses),
      fc.integer({ min: 5, max: 90 }),
      fc.boolean(),
    ),
    count,
    2,
  );
  const facts: Fact[] = [];
  const start = Temporal.Instant.from(middle);
  const at = (minutes: number) => start.add({ minutes });
  const dayOf = (instant: Temporal.Instant) =>
    instant.toZonedDateTimeISO(clinic.time_zone).toPlainDate().toString();
  for (const [index, [visit, made, paid]] of moments.entries()) {
    const [who, what, status, minutes, is_blocked] = kinds[index]!;
    const [staff_id = null, service_id = ''] = [staff[who], services[what]];
    const price = String(1_000 * (index + 1));
    const slot_id = await addSlot(sql, clinic, service_id, {
      in_hours: 100 + index * 3,
      capacity: 3,
      price,
    });
    const booking_id = await mustBook(sql, slot_id, await addOwner(sql));
    const starts_at = at(visit).toString();
    await sql`
      update slots
      set staff_id = ${staff_id}, starts_at = ${starts_at},
        ends_at = ${starts_at}::timestamptz + ${minutes} * interval '1 minute',
        status = ${is_blocked ? 'blocked' : 'available'}
      where id = ${slot_id}`;
    await sql`
      update bookings
      set booking_time = ${starts_at}, status = ${status},
        created_at = ${starts_at}::timestamptz - ${index - 5} * interval '1 minute'
      where id = ${booking_id}`;
    await sql`
      update financial_entries set created_at = ${at(paid).toString()}
      where booking_id = ${booking_id}`;
    const { user_id, pet_id } = await addOwner(sql);
    await sql`
      insert into waitlist_entries (
        clinic_id, service_id, user_id, pet_id, staff_id, wanted_from, wanted_to, status, created_at
      )
      values (
        ${clinic.id}, ${service_id}, ${user_id}, ${pet_id}, ${staff_id}, now(),
        now() + interval '1 day', 'left', ${at(made).toString()}
      )`;
    const on = (instant: Temporal.Instant, measure: string, value: number) =>
      facts.push({ day: dayOf(instant), staff_id, service_id, measure, value });
    on(at(visit), 'bookings', 1);
    // The first five were written down after the visit.
    on(at(visit), 'lead_minutes', Math.max(0, index - 5));
    if (status === 'completed') on(at(visit), 'completed', 1);
    if (status === 'cancelled') on(at(visit), 'cancelled', 1);
    if (status === 'no-show') on(at(visit), 'no_shows', 1);
    on(at(visit), 'offered_minutes', minutes * (is_blocked ? 1 : 3));
    on(at(visit), 'sold_minutes', minutes);
    on(at(paid), 'revenue', Number(price));
    on(at(made), 'waitlisted', 1);
  }
  return facts;
}

function keyOf(fact: Fact, by: ReportGroup): string {
  if (by === 'vet') return fact.staff_id ?? 'none';
  if (by === 'service') return fact.service_id;
  const date = Temporal.PlainDate.from(fact.day);
  return by === 'day' ? fact.day : date.subtract({ days: date.dayOfWeek - 1 }).toString();
}

/** `key measure` -> sum, zeros left out. */
function naive(facts: readonly Fact[], by: ReportGroup, from: string, to: string) {
  const sums: Record<string, number> = {};
  for (const fact of facts) {
    if (fact.day < from || fact.day > to || fact.value === 0) continue;
    const name = `${keyOf(fact, by)} ${fact.measure}`;
    sums[name] = (sums[name] ?? 0) + fact.value;
  }
  return sums;
}

test.each([
  ['America/New_York', '2026-03-08T12:00:00Z'],
  ['America/New_York', '2026-11-01T12:00:00Z'],
  // Midnight is skipped, and comes twice.
  ['America/Havana', '2026-03-08T05:00:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
  ['Asia/Jakarta', '2026-06-15T12:00:00Z'],
])('a report says what a naive count says: %s around %s', async (time_zone, middle) => {
  const clinic = await addClinic(sql, { time_zone });
  const facts = await scatter(clinic, middle, 25);
  const day = Temporal.PlainDate.from(middle.slice(0, 10));
  const ranges = [
    [day.subtract({ days: 8 }), day.add({ days: 8 })],
    [day.subtract({ days: 1 }), day.add({ days: 1 })],
    [day, day],
  ].map((pair) => pair.map(String));
  for (const [from = '', to = ''] of ranges) {
    for (const by of ['day', 'week', 'vet', 'service'] as const) {
      const rows = await readReport(sql, { clinic_id: clinic.id, by, from, to });
      const sums = rows.flatMap(({ key, label, ...measures }) =>
        Object.entries(measures).flatMap(([name, value]) =>
          Number(value) === 0 ? [] : [[`${key} ${name}`, Number(value)] as const],
        ),
      );
      const where = `seed ${seed}, by ${by}, ${from} to ${to}`;
      expect(Object.fromEntries(sums), where).toEqual(naive(facts, by, from, to));
      if (by === 'day') {
        expect(rows.length, where).toBe(Temporal.PlainDate.from(from).until(to).days + 1);
      }
    }
  }
});

const run = (words: readonly string[], token = world.tokens.manager, terminal?: number) =>
  cli(['reports', ...words], {
    env: {
      PETPRO_URL: world.base,
      PETPRO_TOKEN: token,
      PETPRO_CLINIC: world.clinic.id,
      LANG: 'C.UTF-8',
    },
    ...(terminal === undefined ? {} : { terminal }),
  });

test('a manager reads them: document, table, bars, and CSV that runs nothing', async () => {
  await sql`update services set name = '=cmd|x 診察' where id = ${world.service_id}`;
  await freshBooking(world);
  const days = await run(['day', '--to', '+30d', '--json']);
  expect(days).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(days.out)).toMatchObject({ kind: 'Report', meta: { stale: false } });
  const far = ['--from', 'today', '--to', '+30d'];
  const csv = await run(['services', ...far, '-o', 'csv']);
  expect(csv.out).toMatch(/^key,label,bookings,.*\r\n/);
  expect(csv.out).toContain(`${world.service_id},'=cmd|x 診察,1,0,0,0,250000.00,`);
  const table = await run(['services', ...far], world.tokens.manager, 100);
  expect(table.out).toContain('████████████');
  expect(table.err).toContain('1 booked');
  const ascii = await run(['services', ...far, '--ascii'], world.tokens.manager, 100);
  expect(ascii.out).toContain('############');
  expect((await run(['vets', ...far])).out).toContain('-\t1\t');
  expect((await run(['week', ...far, '-o', 'name'])).out).toMatch(/^\d{4}-\d\d-\d\d\n/);
});

test('refusals: too long, backwards, no such right, another clinic', async () => {
  const long = await run(['day', '--from', '2024-01-01', '--to', '2026-01-01']);
  expect(long.code).toBe(2);
  expect(long.err).toContain('1 to 366 days');
  expect((await run(['day', '--from', '2026-02-02', '--to', '2026-02-01'])).code).toBe(2);
  expect((await run(['day'], world.tokens.desk)).code).toBe(5);
  expect((await run(['day'], other_manager)).code).toBe(3);
});

test('bars are as long as their part, and what is little still shows', () => {
  expect(barText(0, 10, false)).toBe('');
  expect(barText(5, 10, false)).toBe('██████');
  expect(barText(1, 10_000, false)).toBe('▏');
  expect(barText(1, 10_000, true)).toBe('#');
  expect(barText(3, 0, true)).toBe('');
});
