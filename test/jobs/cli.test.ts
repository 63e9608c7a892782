import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { call, member, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';

/** What the console's screen 6 shows, for programs and for people at a shell: masked, scoped, with clear refusals. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
let world: World;
let other_sre = '';

beforeAll(async () => {
  world = await buildWorld(harness);
  other_sre = await harness.addKey('sre', world.other_clinic.id);
  const booking_id = await freshBooking(world);
  await harness.sql`
    insert into deliveries (
      event_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload, status,
      attempts, error_code, last_error, dead_at, created_at
    )
    select gen_random_uuid(), ${world.clinic.id}, ${booking_id}, ${world.owner.user_id}, 'email',
      'booking_confirmed', 'siti@example.com', 'id', '{"owner_name": "Siti", "amount": "250000.00"}',
      'dead', 12, 'smtp 550 5.1.1', '550 5.1.1 No such user here', now(),
      timestamptz '2026-11-20T03:42:00Z'`;
});

const run = (words: readonly string[], token = world.tokens.sre) =>
  cli(['jobs', ...words], { env: { PETPRO_URL: world.base, PETPRO_TOKEN: token } });

test('jobs list counts every queue', async () => {
  const { out, code, err } = await run(['list', '--json=queue,dead,last_error']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const document = JSON.parse(out);
  expect(document).toMatchObject({ kind: 'JobQueueList', error: null });
  expect(document.items).toContainEqual({
    queue: 'email',
    dead: 1,
    last_error: '550 5.1.1 No such user here',
  });
  expect(document.items).toHaveLength(8);
});

test('jobs show tells the causes, and with a state the jobs, masked', async () => {
  const causes = await run(['show', 'email']);
  expect(causes.code).toBe(0);
  expect(causes.out).toContain('dead\t1\tsmtp 550 5.1.1\t2026-11-20 03:42Z');
  expect(causes.err).toContain('1 dead');
  const there = await run(['show', 'email', '--tz', 'Asia/Jakarta']);
  expect(there.out).toContain('2026-11-20 10:42');
  const jobs = JSON.parse((await run(['show', 'email', '--state', 'dead', '--json'])).out);
  expect(jobs.items).toMatchObject([
    { state: 'dead', kind: 'booking_confirmed', recipient: '***', payload: { owner_name: '***' } },
  ]);
  expect(JSON.stringify(jobs)).not.toMatch(/siti/i);
  const none = await run(['show', 'email', '--cause', 'smtp 451']);
  expect(none).toMatchObject({ code: 0, out: '' });
  expect(none.err).toContain('No such job waits in email.');
});

test('an administrator sees the address; a key of one clinic sees no other clinic', async () => {
  const words = ['show', 'email', '--state', 'dead', '--json'];
  const whole = JSON.parse((await run(words, world.tokens.admin)).out);
  expect(whole.items[0].recipient).toBe('siti@example.com');
  const other = JSON.parse((await run(words, other_sre)).out);
  expect(other.items).toEqual([]);
  const list = JSON.parse((await run(['list', '--json'], other_sre)).out);
  expect(list.items.every((one: { dead: number }) => one.dead === 0)).toBe(true);
});

test('what is not there is refused with what there is', async () => {
  const unknown = await run(['show', 'fax']);
  expect(unknown.code).toBe(3);
  expect(unknown.err).toContain('there are outbox, email, sms, push');
  expect(unknown.err).toContain('next: petpro jobs list');
  expect((await run(['show', 'email', '--state', 'lost'])).code).toBe(2);
  expect((await run(['show', 'email', '--limit', '0'])).code).toBe(2);
  expect((await run(['show'])).code).toBe(2);
  const desk = await run(['list'], world.tokens.desk);
  expect(desk.code).toBe(5);
  const address = { params: { queue: 'email' }, query: { limit: '900' } };
  const answer = await call(world.base, 'inspect_jobs', address, { token: world.tokens.sre });
  expect(answer.status).toBe(400);
  expect(member(answer.json, 'code')).toBe('invalid_input');
});
