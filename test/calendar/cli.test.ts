import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { addStaff } from '../helpers/database.ts';
import { send, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';
import { readCalendar } from './ical.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
let world: World;
let clinic: string;
beforeAll(async () => {
  world = await buildWorld(harness);
  clinic = world.clinic.id;
  await addStaff(harness.sql, world.clinic, 'Sari Dewi');
});

const as = (token: string) => ({ env: { PETPRO_URL: world.base, PETPRO_TOKEN: token } });

test('an export is the file and nothing else', async () => {
  const booking_id = await freshBooking(world);
  const [row] = await harness.sql<{ staff_id: string; reference_code: string }[]>`
    update slots set staff_id = (select id from staff where clinic_id = ${clinic} limit 1)
    from bookings b
    where slots.id = b.slot_id and b.id = ${booking_id}
    returning slots.staff_id, b.reference_code`;
  const reference = row?.reference_code ?? '';
  const desk = as(world.tokens.desk);
  const words = ['calendar', 'export', '-c', clinic, '--vet', 'sari', '--week', '-o', 'ics'];
  const week = await cli(words, desk);
  expect(week).toMatchObject({ code: 0, err: '' });
  expect(readCalendar(week.out).events.map(({ uid }) => uid)).toContain(`${reference}@petpro`);
  const one = await cli(['calendar', 'export', '--booking', reference, '-o', 'ics'], desk);
  expect(readCalendar(one.out).events).toHaveLength(1);
  const told = await cli(words.slice(0, -2), { ...desk, terminal: 80 });
  expect(told.out).toContain('-o ics');
  const json = await cli([...words.slice(0, -2), '--json'], desk);
  expect(JSON.parse(json.out)).toMatchObject({ kind: 'Calendar', error: null });
});

test.each([
  [['calendar', 'export', '--vet', 'Nobody'], 3, 'No vet is called "Nobody"'],
  [['calendar', 'export', '--week', '--to', 'fri'], 2, 'Say --to or --week, not both.'],
  [['calendar', 'export', '--from', '2026-02-30'], 2, '2026-02-30'],
  [['calendar', 'export', '--booking', 'BP99'], 2, 'they look like BP10000127'],
  [['calendar', 'export', '-o', 'html'], 2, 'html'],
  [['calendar', 'sync', 'nothing'], 2, 'is no reference'],
  [['calendar', 'links', 'revoke', 'nothing'], 2, 'next: petpro calendar links list'],
  [['calendar', 'links', 'create', '--vet', 'Sari', '--own'], 2, 'Say --vet or --own, not both.'],
  [['calendar', 'links'], 2, 'Say which one'],
])('petpro %j is refused by its sentence', async (words, code, sentence) => {
  const said = await cli([...words, '-c', clinic], as(world.tokens.desk));
  expect({ code: said.code, out: said.out }).toEqual({ code, out: expect.any(String) });
  expect(said.err).toContain(sentence);
});

test('links: shown once, listed without the secret, revoked', async () => {
  const desk = as(world.tokens.desk);
  const words = ['calendar', 'links', 'create', '-c', clinic, '--vet', 'Sari', '--name', 'phone'];
  const made = await cli([...words, '-o', 'name'], desk);
  expect(made.code).toBe(0);
  const url = made.out.trim();
  expect(url).toMatch(new RegExp(`^${world.base}/v1/calendar/[\\w-]{43}\\.ics$`));
  const { pathname } = new URL(url);
  expect((await send(world.base, pathname)).status).toBe(200);
  const listed = await cli(['calendar', 'links', 'list', '-c', clinic], desk);
  expect(listed.out).toContain('Sari Dewi');
  expect(listed.out).not.toContain(pathname);
  const ids = await cli(['calendar', 'links', 'list', '-o', 'name'], desk);
  const revoked = await cli(['calendar', 'links', 'revoke', ids.out.trim(), '--yes'], desk);
  expect(revoked.out).toContain('Revoked');
  expect((await send(world.base, pathname)).status).toBe(404);
  const none = await cli(['calendar', 'links', 'list'], desk);
  expect(none.err).toContain('petpro calendar links create');
  const owner = as(world.tokens.customer);
  const own = await cli(['calendar', 'links', 'create', '--own'], owner);
  expect(own).toMatchObject({ code: 0, err: expect.stringContaining('not shown again') });
  const viewer = await cli(words, as(world.tokens.viewer));
  expect(viewer.code).toBe(5);
});

test('sync: in a calendar, changed since, and no longer', async () => {
  const booking_id = await freshBooking(world);
  const desk = as(world.tokens.desk);
  const there = await cli(['calendar', 'sync', booking_id], desk);
  expect(there.out).toContain('In a calendar');
  await harness.sql`
    update bookings set calendar_synced_at = calendar_synced_at - interval '1 hour'
    where id = ${booking_id}`;
  const json = await cli(['calendar', 'sync', booking_id, '--undo', '--json'], desk);
  expect(JSON.parse(json.out).items[0]).toMatchObject({ calendar_synced: false });
});
