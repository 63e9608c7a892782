import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { call, codeOf, member, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';
import { approach } from './scene.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let world: World;
let clinic: string;
beforeAll(async () => {
  world = await buildWorld(harness);
  clinic = world.clinic.id;
});

const as = (token: string) => ({ env: { PETPRO_URL: world.base, PETPRO_TOKEN: token } });
const desk = () => as(world.tokens.desk);
const itemsOf = (out: string): readonly Record<string, unknown>[] => JSON.parse(out).items;

test('list --due: what is due until then, by its time, and what would become of it', async () => {
  const booking_id = await freshBooking(world);
  await approach(sql, booking_id, 1_440 + 30);
  const words = ['reminders', 'list', '-c', clinic, '--json'];
  const soon = await cli([...words, '--due', '2h'], desk());
  expect(soon).toMatchObject({ code: 0, err: '' });
  const [first] = itemsOf(soon.out);
  expect(first).toMatchObject({
    booking_id,
    reminder_type: 'upcoming',
    offset_minutes: 1440,
    status: 'pending',
    verdict: 'send',
    delivery_channels: ['email', 'push', 'sms'],
  });
  expect(String(first?.['scheduled_time'])).toMatch(/\+07:00$/);
  const none = await cli([...words.slice(0, -1), '--due', '5m'], desk());
  expect(none.err).toContain('No reminder is due within 5m.');
  const all = await cli([...words, '--booking', booking_id, '--limit', '1'], desk());
  expect(itemsOf(all.out)).toHaveLength(1);
  const { cursor } = JSON.parse(all.out).meta;
  const rest = await cli([...words, '--booking', booking_id, '--cursor', cursor], desk());
  expect(itemsOf(rest.out)).toMatchObject([{ offset_minutes: 120 }]);
  const table = await cli(words.slice(0, -1), { ...desk(), terminal: 120 });
  expect(table.out).toContain('upcoming');
  const masked = await cli(words, as(world.tokens.sre));
  expect(new Set(itemsOf(masked.out).map((one) => one['owner_name']))).toEqual(new Set(['***']));
});

test('run: a dry run changes nothing, then it is queued once', async () => {
  const booking_id = await freshBooking(world);
  await approach(sql, booking_id, 1_440 - 30);
  const sre = as(world.tokens.sre);
  const dry = await cli(['reminders', 'run', '--dry-run'], sre);
  expect(dry.out).toContain('queued');
  expect(dry.err).toContain('1 would be queued, 0 not.');
  const unsure = await cli(['reminders', 'run'], sre);
  expect(unsure).toMatchObject({ code: 2 });
  expect(unsure.err).toContain('next: petpro reminders run --dry-run');
  const done = await cli(['reminders', 'run', '--yes', '--json'], sre);
  expect(itemsOf(done.out)).toMatchObject([{ booking_id, verdict: 'send' }]);
  const again = await cli(['reminders', 'run', '--yes'], sre);
  expect(again.err).toContain('No reminder is due.');
  expect((await cli(['reminders', 'run', '--yes'], desk())).code).toBe(5);
  const scoped = await harness.addKey('sre', clinic);
  const refused = await cli(['reminders', 'run', '--yes'], as(scoped));
  expect(refused).toMatchObject({ code: 9, err: expect.stringContaining('for all clinics') });
});

test('skip: with a reason, once, not what has gone out, not of another clinic', async () => {
  const booking_id = await freshBooking(world);
  const rows = await sql<{ id: string }[]>`
    select id from booking_reminders where booking_id = ${booking_id} order by scheduled_time`;
  const [first = '', second = ''] = rows.map(({ id }) => id);
  const done = await cli(['reminders', 'skip', first, '--reason', 'she called'], desk());
  expect(done.out).toContain('she called');
  expect((await cli(['reminders', 'skip', first], desk())).code).toBe(0);
  await sql`update booking_reminders set status = 'sent' where id = ${second}`;
  const late = await cli(['reminders', 'skip', second], desk());
  expect(late).toMatchObject({ code: 6, err: expect.stringContaining('gone out already') });
  expect((await cli(['reminders', 'skip', first], as(world.other_desk))).code).toBe(3);
  const wrong = await cli(['reminders', 'skip', 'BP10000127'], desk());
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('reminders list -o wide') });
});

test('rules: shown with who said so, set per clinic and service, taken back', async () => {
  const manager = as(world.tokens.manager);
  const words = (...more: string[]) => ['reminders', ...more, '-c', clinic];
  const before = await cli(words('rules'), desk());
  expect(before.out).toMatch(/upcoming\s+1d, 2h before the start\s+email, push, sms\s+default/);
  expect(before.out).toMatch(/check in\s+never/);
  const set = await cli(words('set', 'upcoming', '--at', '2d,90m', '--by', 'email,sms'), manager);
  expect(set.out).toMatch(/upcoming\s+2d, 90m before the start\s+email, sms\s+clinic/);
  expect(set.err).toContain('from now on');
  const one = words('set', 'follow-up', '--at', '7d', '--service', world.service_id);
  expect((await cli(one, manager)).out).toMatch(/follow up\s+7d after the end\s+email\s+service/);
  expect((await cli(words('rules'), desk())).out).toMatch(/follow up\s+never/);
  const off = await cli(words('set', 'upcoming', '--off'), manager);
  expect(off.out).toMatch(/upcoming\s+never/);
  const back = await cli(words('set', 'upcoming', '--default'), manager);
  expect(back.out).toMatch(/upcoming\s+1d, 2h/);
});

test.each([
  [['list', '--due', 'soon'], 2, '--due takes times such as 2h'],
  [['list', '--type', 'birthday'], 2, 'Allowed choices'],
  [['set', 'birthday', '--at', '1d'], 2, 'There is no reminder "birthday"'],
  [['set', 'upcoming'], 2, 'Say one of --at, --off and --default.'],
  [['set', 'upcoming', '--at', '1d', '--off'], 2, 'Say one of'],
  [['set', 'upcoming', '--at', '1m'], 2, 'at least 5m'],
  [['set', 'upcoming', '--at', '99d'], 2, 'not "99d"'],
  [['set', 'upcoming', '--at', '1d', '--by', 'fax'], 2, 'not "fax"'],
  [['set', 'upcoming', '--at', '1d', '--service', 'Nothing'], 3, 'No service is called'],
])('petpro reminders %j is refused by its sentence', async (words, code, sentence) => {
  const said = await cli(['reminders', ...words, '-c', clinic], as(world.tokens.manager));
  expect(said).toMatchObject({ code, err: expect.stringContaining(sentence) });
});

test('the API refuses what the command line cannot say', async () => {
  const { tokens, base, other_clinic, other_service_id } = world;
  const params = { clinic_id: clinic };
  const set = async (body: object, token = tokens.manager) =>
    await call(base, 'set_reminder_rule', { params, body }, { token });
  const upcoming = { reminder_type: 'upcoming' };
  for (const body of [
    { ...upcoming, offsets_minutes: [1] },
    { ...upcoming, offsets_minutes: [60.5] },
    { ...upcoming, offsets_minutes: [60], channels: [] },
    { ...upcoming, offsets_minutes: [60], channels: ['fax'] },
    { ...upcoming, offsets_minutes: [10, 20, 30, 40, 50] },
    { reminder_type: 'birthday', offsets_minutes: [] },
  ]) {
    expect(codeOf(await set(body))).toBe('invalid_input');
  }
  const foreign = { ...upcoming, offsets_minutes: [60], service_id: other_service_id };
  expect(codeOf(await set(foreign))).toBe('not_found');
  const elsewhere = { params: { clinic_id: other_clinic.id } };
  const scoped = await harness.addKey('manager', clinic);
  const answer = await call(base, 'list_reminder_rules', elsewhere, { token: scoped });
  expect(codeOf(answer)).toBe('not_found');
  const query = { clinic_id: other_clinic.id };
  const hidden = await call(base, 'list_reminders', { query }, { token: scoped });
  expect(codeOf(hidden)).toBe('not_found');
  const own = await call(base, 'list_reminders', {}, { token: world.other_desk });
  expect(member(own.json, 'items')).toEqual([]);
});
