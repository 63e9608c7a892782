import { describe, expect, test } from 'vitest';
import { peopleOf } from '../../src/commands/group-words.ts';
import { everyOf, shiftOf, weekdaysOf } from '../../src/commands/series-words.ts';
import { cli } from '../cli/harness.ts';
import { mustBook } from '../helpers/booking.ts';
import { addOwner } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { addSeriesScene } from './scene.ts';

// The desk's words about series, against a real daemon.

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
const scene = await addSeriesScene(sql, { vets: 1 });
const { clinic, monday } = scene;
const phone = '+628129990177';
await addOwner(sql, { full_name: 'Rina Often', phone });
const token = await harness.addKey('desk', clinic.id);
const env = { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token };

const desk = async (words: readonly string[], options: Parameters<typeof cli>[1] = {}) =>
  await cli([...words, '--clinic', clinic.id], { env, ...options });
const at = (days: number) => `${monday.add({ days })} 10:00`;
const create = (...more: readonly string[]) =>
  ['series', 'create', '--owner', phone, '--service', scene.service_id, ...more] as const;

describe('words', () => {
  test.each([
    ['week', 1, 'week'],
    ['2w', 2, 'week'],
    ['10 days', 10, 'day'],
    ['3m', 3, 'month'],
    ['Months', 1, 'month'],
  ])('every %s', (text, every, unit) => {
    expect(everyOf(text)).toEqual({ every, unit });
  });

  test.each(['', 'year', '0d', '53w', '-1d', '1.5w'])('not every "%s"', (text) => {
    expect(() => everyOf(text)).toThrow(/--every/);
  });

  test('weekdays, shifts and names', () => {
    expect(weekdaysOf('tue, Fri,senin')).toEqual([2, 5, 1]);
    expect(() => weekdaysOf('tue,xyz')).toThrow(/"xyz"/);
    expect([shiftOf(null), shiftOf('+1d'), shiftOf('-2w'), shiftOf('3d')]).toEqual([0, 1, -14, 3]);
    expect(() => shiftOf('1h')).toThrow(/--shift/);
    const own = [{ pet_id: 'p', name: 'Mochi', species: null, breed: null }];
    expect(peopleOf('mochi, Rex/Budi, Kitty', own)).toEqual([
      { pet_id: 'p' },
      { name: 'Rex', owner_name: 'Budi' },
      { name: 'Kitty' },
    ]);
    expect(() => peopleOf('Mochi,,Rex', own)).toThrow(/--people/);
  });
});

test('dates first, then the question; shown, moved, cancelled', async () => {
  const words = create('--at', at(0), '--times', '4');
  const rehearsed = await desk([...words, '--dry-run']);
  expect(rehearsed.out).toContain(`${monday} 10:00\tfree\tAndi`);
  expect(rehearsed.err).toMatch(/Nothing was changed/);
  const unsure = await desk(words);
  expect(unsure.code).toBe(2);
  expect(unsure.err).toContain('4 visits');
  const declined = await desk(words, { answers: ['n'], terminal: 80 });
  expect(declined.code).toBe(130);
  const made = await desk([...words, '--yes']);
  const code = /SR\d+/.exec(made.err)?.[0] ?? '';
  expect(made.code).toBe(0);
  const shown = await desk(['series', 'show', code]);
  expect(shown.out).toContain('every week on Mon, 10:00');
  const listed = JSON.parse((await desk(['series', 'list', '--json'])).out);
  expect(listed.items).toMatchObject([{ series_code: code, visits_left: 4 }]);
  const moved = await desk(['series', 'move', code, '--shift', '+1d', '--yes', '--json']);
  const [move] = JSON.parse(moved.out).items;
  expect(move).toMatchObject({ quote: false, version: 5 });
  const second: string = move.moved[1].reference_code;
  const open = await desk(['series', 'cancel', second, '--yes']);
  expect(open.code).toBe(2);
  expect(open.err).toContain('--scope following');
  const stale = await desk(['series', 'cancel', code, '--yes', '--if-version', '1']);
  expect(stale.code).toBe(6);
  const wish = ['series', 'cancel', second, '--scope', 'following', '--reason', 'moved away'];
  const cancelled = await desk([...wish, '--yes', '--json']);
  expect(JSON.parse(cancelled.out).items[0].cancelled).toHaveLength(3);
  const detail = await desk(['bookings', 'show', second]);
  expect(detail.out).toContain(`${code}, visit 2 of 4, 1 to come`);
});

test('what stands in the way is listed with other times, in every form', async () => {
  const days = [14, 21].map((n) => monday.add({ days: n }).toString());
  await mustBook(sql, scene.slot('andi', 21), await addOwner(sql));
  const words = create('--at', at(14), '--times', '5', '--yes');
  const table = await desk(words, { terminal: 120 });
  expect(table.code).toBe(6);
  expect(table.out).toContain(`${days[1]} 10:00  booked`);
  expect(table.out).toContain(`${days[1]} 11:00`);
  expect(table.err).toMatch(/2 of 5 visits cannot be booked; nothing was[\s\S]*--skip-conflicts/);
  const json = await desk([...words, '--json']);
  const document = JSON.parse(json.out);
  expect(document.error).toMatchObject({ code: 'slot_taken', exit: 6 });
  expect(document.error.conflicts.map(({ reason }: { reason: string }) => reason)).toEqual([
    'booked',
    'not_open_yet',
  ]);
  const rest = await desk([...words, '--skip-conflicts', '-o', 'csv']);
  expect(rest.out.trim().split('\n')).toHaveLength(6);
});

test.each([
  [['series', 'show', 'foo'], 2, 'SR12'],
  [['series', 'show', 'SR999'], 3, 'no such series'],
  [['series', 'move', 'SR999', '--shift', '2h'], 2, '--shift'],
  [[...create('--at', 'mon', '--times', '3')], 2, 'without a time'],
  [[...create('--at', at(0))], 2, 'how it ends'],
  [[...create('--at', at(0), '--times', '3', '--every', 'year')], 2, '--every'],
  [[...create('--at', at(0), '--times', '3', '--every', '1d', '--on', 'tue')], 2, 'Weekdays go'],
  [[...create('--at', at(0), '--until', '2099-01-01')], 2, '52 visits at most'],
])('%j', async (words, exit, said) => {
  const { code, err } = await desk(words);
  expect({ code, err }).toEqual({ code: exit, err: expect.stringContaining(said) });
  expect(err).toContain('next: ');
});
