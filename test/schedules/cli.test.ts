import { expect, test } from 'vitest';
import { daysOf, hoursOf } from '../../src/commands/schedules-set.ts';
import { cli } from '../cli/harness.ts';
import { mustBook } from '../helpers/booking.ts';
import { addClinic, addOwner, addRoom, addService, addStaff } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { slotAt, slotsOn } from './scene.ts';

// Hours as a manager sets them, against a real daemon whose workers run.

const harness = await startHarness();
const { sql } = harness;
const clinic = await addClinic(sql);
const service_id = await addService(sql, clinic, { name: 'Checkup' });
await addStaff(sql, clinic, 'Sari');
await addRoom(sql, clinic);
const token = await harness.addKey('manager', clinic.id);
const viewer = await harness.addKey('viewer', clinic.id);
const day = (days: number) => Temporal.Now.plainDateISO(clinic.time_zone).add({ days }).toString();

const run = async (words: readonly string[], as = token) =>
  await cli(words, { env: { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: as } });
const json = async (words: readonly string[], as = token) =>
  JSON.parse((await run([...words, '--json'], as)).out);

test('from nothing to bookable, changed with a visit in the way, and looked over', async () => {
  const empty = await run(['schedule', 'lint'], viewer);
  expect([empty.code, empty.out.split('\t')[0]]).toEqual([9, 'KIND']);
  expect(empty.out).toContain('no_hours');
  const set = ['schedule', 'set', '--vet', 'sari', '--service', 'check', '--days', 'all'];
  const rehearsed = await json([...set, '--hours', '09:00-10:00', '--dry-run']);
  expect(rehearsed).toMatchObject({ kind: 'SlotGeneration', error: null });
  expect(rehearsed.items[0]).toMatchObject({ dry_run: true, closed: 0, kept: 0, complete: true });
  expect(await slotsOn(sql, clinic.id, day(2))).toEqual([]);
  // Nothing is closed by it, so nobody is asked.
  const done = await run([...set, '--hours', '09:00-10:00', '--no-input']);
  expect([done.code, done.err.includes('opened')]).toEqual([0, true]);
  expect(await slotsOn(sql, clinic.id, day(2))).toEqual(['09:00 available', '09:30 available']);
  const slot_id = await slotAt(sql, clinic.id, day(2), '09:30');
  const booking_id = await mustBook(sql, slot_id, await addOwner(sql));
  const [booking] = await sql`select reference_code from bookings where id = ${booking_id}`;
  const asked = await run([...set, '--hours', '09:00-09:30', '--no-input']);
  expect(asked.code).toBe(2);
  expect(asked.err).toMatch(/closes \d+ free slots\. 1 with visits stay/);
  const shorter = await run([...set, '--hours', '09:00-09:30', '--yes']);
  expect(shorter.out.split('\n')[1]).toBe(
    [
      `${day(2)} 09:30`,
      'Checkup',
      'Sari',
      'stays',
      `fits no longer, but is taken: ${booking?.['reference_code']}`,
      slot_id,
    ].join('\t'),
  );
  const shown = await run(['schedule', 'show'], viewer);
  expect(shown.out).toContain('mon-sun\t09:00-09:30\tSari\tCheckup');
  expect((await json(['schedule', 'show'])).items[0].hours).toHaveLength(7);
});

test('rules, holidays and exceptions', async () => {
  const rules = ['schedule', 'rules', '--country', 'de-be', '--holidays', 'close', '--yes'];
  expect((await run(rules)).code).toBe(0);
  const holidays = await json([
    'schedule',
    'holidays',
    '--from',
    '2027-03-01',
    '--to',
    '2027-03-31',
  ]);
  expect(holidays.items.map((one: { date: string }) => one.date)).toEqual([
    '2027-03-08',
    '2027-03-26',
    '2027-03-29',
  ]);
  const off = ['schedule', 'holiday-set', 'Frauentag', '--date', '2027-03-08', '--not', '--yes'];
  expect((await run(off)).code).toBe(0);
  const fewer = await json(['schedule', 'holidays', '--from', '2027-03-01', '--to', '2027-03-31']);
  expect(fewer.items).toHaveLength(2);
  const add = ['schedule', 'exception', 'add', '--date', day(3), '--reason', 'stock-taking'];
  expect((await run([...add, '--closed', '--yes'])).code).toBe(0);
  expect(await slotsOn(sql, clinic.id, day(3))).toEqual(['09:00 closed', '09:30 closed']);
  expect((await run([...add, '--closed', '--yes'])).code).toBe(6);
  const listed = await json(['schedule', 'exception', 'list'], viewer);
  expect(listed.items).toMatchObject([{ date: day(3), reason: 'stock-taking', is_closed: true }]);
  const id: string = listed.items[0].exception_id;
  expect((await run(['schedule', 'exception', 'rm', id.slice(-6)])).code).toBe(0);
  expect((await slotsOn(sql, clinic.id, day(3)))[0]).toBe('09:00 available');
  expect((await run(['schedule', 'exception', 'rm', id.slice(-6)])).code).toBe(3);
});

test('slots by hand, and made now', async () => {
  const open = [
    'slots',
    'open',
    '--vet',
    'Sari',
    '--date',
    day(5),
    '--from',
    '18:00',
    '--to',
    '19:00',
  ];
  const rehearsed = await run([...open, '--every', '30m', '--dry-run']);
  expect(
    rehearsed.out
      .split('\n')
      .slice(1, 3)
      .map((line) => line.split('\t')[0]),
  ).toEqual([`${day(5)} 18:00`, `${day(5)} 18:30`]);
  expect((await json(open)).items[0]).toMatchObject({ opened: 2 });
  expect((await json(open)).items[0]).toMatchObject({ opened: 0, unchanged: 2 });
  const far = await json(['slots', 'generate', '--service', 'Checkup', '--until', '+90d']);
  expect(far.items[0]).toMatchObject({ until: day(90), closed: 0 });
  expect(far.items[0].opened).toBeGreaterThan(20);
  const listed = await sql`
    select from slots where service_id = ${service_id} and slot_date = ${day(90)}`;
  expect(listed).toHaveLength(1);
});

test.each([
  [['schedule', 'set', '--days', 'xyz', '--hours', '09:00-10:00'], 2, 'no weekday'],
  [['schedule', 'set', '--days', 'mon', '--hours', '9'], 2, 'no span of times'],
  [['schedule', 'set', '--days', 'mon', '--hours', '09:00-10:00', '--every', '1m', '--yes'], 2, ''],
  [['schedule', 'set', '--vet', 'Bob', '--days', 'mon', '--hours', 'none'], 3, 'No vet'],
  [['schedule', 'set', '--room', 'X', '--days', 'mon', '--hours', 'none'], 3, 'No room'],
  [['schedule', 'rules'], 2, 'Say what changes'],
  [['schedule', 'rules', '--before', '10m'], 2, 'belongs to a service'],
  [['schedule', 'rules', '--country', 'Germany'], 2, '--country takes'],
  [['schedule', 'rules', '--notice', '90'], 2, 'takes a time'],
  [['schedule', 'exception', 'add', '--date', '+3d'], 2, 'Say --closed'],
  [['schedule', 'exception', 'add', '--date', '2020-01-01', '--closed'], 2, 'past'],
  [['slots', 'open', '--date', '+2d', '--from', '9', '--to', '10:00'], 2, 'no time'],
  [['slots', 'generate', '--until', '+999d'], 2, '400 days ahead'],
] as const)('%j is refused in words', async (words, code, text) => {
  const done = await run(words);
  expect([done.code, done.out]).toEqual([code, '']);
  expect(done.err).toContain(text);
});

test('who may only look may not change', async () => {
  const done = await run(['schedule', 'set', '--days', 'mon', '--hours', 'none', '--yes'], viewer);
  expect(done.code).toBe(5);
});

test('days and hours are read as people write them', () => {
  expect(daysOf('mon-fri')).toEqual([1, 2, 3, 4, 5]);
  expect(daysOf('sat-mon, senin')).toEqual([1, 6, 7]);
  expect(hoursOf('9:00-12:30, 22:00-24:00')).toEqual([
    { opens: '09:00', closes: '12:30' },
    { opens: '22:00', closes: '00:00' },
  ]);
  expect(hoursOf('none')).toEqual([]);
});
