import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { addOwner } from '../helpers/database.ts';
import { call, member, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';
import { relay } from './bench.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const env = (role: keyof World['tokens']) => ({
  PETPRO_URL: world.base,
  PETPRO_TOKEN: world.tokens[role],
  PETPRO_CLINIC: world.clinic.id,
});
const run = async (role: keyof World['tokens'], ...words: string[]) =>
  await cli(words, { env: env(role) });

async function deadMail(error_code: string, error: string): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into deliveries (
      asked_id, clinic_id, user_id, channel, type, address, lang, payload, status, dead_at,
      last_error, error_code
    )
    values (
      gen_random_uuid(), ${world.clinic.id}, ${world.owner.user_id}, 'email', 'note',
      'rina@petpro.localhost', 'en', '{"title": "a", "content": "b"}', 'dead', now(), ${error},
      ${error_code}
    )
    returning id`;
  return row!.id;
}

const statusOf = async (id: string) => {
  const [row] = await sql<{ status: string; attempts: number }[]>`
    select status, attempts from deliveries where id = ${id}`;
  return row;
};

test('dead messages are found by cause, planned, put in line again, and once only', async () => {
  const spam = [
    await deadMail('smtp 550 5.7.1', '550 5.7.1 spam'),
    await deadMail('smtp 550 5.7.1', 'x'),
  ];
  const other = await deadMail('smtp 552 5.2.2', '552 5.2.2 full');
  await sql`
    insert into bounced_addresses (channel, address, error, delivery_id)
    values ('email', 'rina@petpro.localhost', '550', ${spam[0]!})`;
  const groups = await run('sre', 'deliveries', 'list', '--dead', '--by-error', '--json');
  expect(JSON.parse(groups.out).items).toMatchObject([
    { error_code: 'smtp 550 5.7.1', dead: 2, channel: 'email' },
    { error_code: 'smtp 552 5.2.2', dead: 1 },
  ]);
  const retry = ['deliveries', 'retry', '--error', 'smtp 550 5.7.1'];
  const plan = JSON.parse((await run('sre', ...retry, '--dry-run', '--json')).out);
  expect(plan.items).toMatchObject([{ outcome: 'planned' }, { outcome: 'planned' }]);
  const { err } = await run('sre', ...retry, '--dry-run');
  const plan_id = /PL\d+/.exec(err)?.[0] ?? '';
  // A third one that dies after the plan is not touched by it.
  const late = await deadMail('smtp 550 5.7.1', 'later');
  const carry = ['deliveries', 'retry', '--plan', plan_id, '--reason', 'INC-1', '--yes'];
  const done = await run('sre', ...carry);
  expect(done.code).toBe(0);
  expect(done.err).toContain('2 in line again, 0 kept');
  for (const id of spam) expect(await statusOf(id)).toEqual({ status: 'pending', attempts: 0 });
  for (const id of [other, late]) expect(await statusOf(id)).toMatchObject({ status: 'dead' });
  expect(await sql`select from bounced_addresses`).toHaveLength(0);
  expect((await run('sre', ...carry)).code).toBe(6);
  const audit = await sql`
    select reason from audit_log where action = 'delivery.retried' and target_id = any (${spam})`;
  expect(audit).toMatchObject([{ reason: 'INC-1' }, { reason: 'INC-1' }]);

  const given_up = await run('sre', 'deliveries', 'discard', other, '--reason', 'old', '--yes');
  expect(given_up.code).toBe(0);
  expect(await statusOf(other)).toMatchObject({ status: 'discarded' });
  const shown = await run('sre', 'deliveries', 'show', other, '--json');
  expect(JSON.parse(shown.out).items[0]).toMatchObject({
    status: 'discarded',
    discard_reason: 'old',
    address: '***',
  });
});

test('bad words are answered with what to do', async () => {
  for (const [words, code, text] of [
    [['deliveries', 'retry'], 2, 'petpro deliveries retry --dead --dry-run'],
    [['deliveries', 'retry', 'abc', '--yes'], 2, 'petpro deliveries list -o wide'],
    [['deliveries', 'pause', 'pigeon', '--reason', 'x', '--yes'], 2, 'petpro deliveries channels'],
    [['deliveries', 'retry', '--plan', 'PL999', '--reason', 'x', '--yes'], 3, '--dry-run'],
    [['notifications', 'preview', 'booking_eaten'], 2, 'booking_confirmed'],
    [['notifications', 'set', '--owner', 'Owner', '--quiet-hours', 'nights'], 2, '21:00-08:00'],
    [['notifications', 'set', '--owner', 'Owner'], 2, '--sms on'],
  ] as const) {
    const { code: exit, err } = await run('admin', ...words);
    expect({ words, exit, err }).toMatchObject({ exit: code, err: expect.stringContaining(text) });
  }
  expect((await run('desk', 'deliveries', 'list')).code).toBe(5);
});

test('a channel is paused and resumed for everybody, by whoever looks after all clinics', async () => {
  const paused = await run('sre', 'deliveries', 'pause', 'sms', '--reason', 'wrong texts', '--yes');
  expect(paused.code).toBe(0);
  const listed = JSON.parse((await run('sre', 'deliveries', 'channels', '--json')).out);
  expect(listed.items.find((one: { channel: string }) => one.channel === 'sms')).toMatchObject({
    pause_reason: 'wrong texts',
    providers: [{ provider: 'sms', is_configured: false, circuit: 'closed' }],
  });
  const scoped = await harness.addKey('sre', world.clinic.id);
  const body = { channel: 'sms', reason: 'mine' };
  expect((await call(world.base, 'pause_channel', { body }, { token: scoped })).status).toBe(403);
  expect((await run('sre', 'deliveries', 'resume', 'sms')).code).toBe(0);
  expect(await sql`select from delivery_channels where paused_at is not null`).toHaveLength(0);
});

test('preferences are changed by the desk on record, and by owners for themselves only', async () => {
  const { user_id } = await addOwner(sql);
  const [owner] = await sql<{ full_name: string }[]>`
    select full_name from users where id = ${user_id}`;
  const words = ['notifications', 'set', '--owner', owner!.full_name];
  const set = await run(
    'admin',
    ...[...words, '--email', 'needed', '--sms', 'on', '--sms-number', '+62 812 3456 7890'],
    ...['--quiet-hours', '22:00-07:00', '--json'],
  );
  expect(JSON.parse(set.out).items[0]).toMatchObject({
    channels: [
      { channel: 'email', enabled: true, is_optional_wanted: false },
      { channel: 'sms', enabled: true, address: '+62 812 3456 7890' },
      { channel: 'push', enabled: false },
    ],
    quiet_from: '22:00',
    quiet_until: '07:00',
  });
  const audit = await sql`select action from audit_log where target_id = ${user_id}`;
  expect(audit).toMatchObject([{ action: 'preferences.set' }]);
  expect((await run('admin', ...words, '--sms-number', '0812')).code).toBe(2);
  const foreign = { params: { user_id }, body: { email: { enabled: false } } };
  const { customer: token } = world.tokens;
  expect((await call(world.base, 'set_preferences', foreign, { token })).status).toBe(404);
});

test('a note is told in the app and by mail, read once, and counted', async () => {
  const { user_id } = world.owner;
  const sent = await run(
    'desk',
    ...['notifications', 'send', '--owner', user_id, '--title', 'Closed on Monday'],
    ...['--text', 'See you on Tuesday.', '--json'],
  );
  expect(JSON.parse(sent.out).items[0].channels).toContain('email');
  const { customer: token } = world.tokens;
  const list = async () =>
    (await call(world.base, 'list_notifications', { query: { unread: '1' } }, { token })).json;
  const before = await list();
  expect(member(before, 'items')).toMatchObject([
    { title: 'Closed on Monday', content: 'See you on Tuesday.', is_read: false },
  ]);
  const [first] = member(before, 'items') as { notification_id: string }[];
  const params = { notification_id: first!.notification_id };
  expect((await call(world.base, 'read_notification', { params }, { token })).status).toBe(200);
  expect(await list()).toMatchObject({ items: [], unread_count: 0 });
});

test('a booking is sent again five times a day at most, by a channel that reaches the owner', async () => {
  const booking_id = await freshBooking(world);
  await relay(sql);
  const sms = await run('desk', 'bookings', 'resend', booking_id, '--channel', 'push');
  expect(sms.code).toBe(9);
  expect(sms.err).toContain('no address');
  for (let n = 0; n < 5; n += 1) {
    const { code } = await run('desk', 'bookings', 'resend', booking_id, '--channel', 'email');
    expect(code).toBe(0);
  }
  const sixth = await run('desk', 'bookings', 'resend', booking_id);
  expect(sixth.code).toBe(9);
  expect(sixth.err).toContain('five times');
  const queued = await sql`
    select type from deliveries where booking_id = ${booking_id} and asked_id is not null`;
  expect(queued).toHaveLength(5);
  expect(queued[0]).toEqual({ type: 'booking_confirmed' });
});

test('the link under a reminder stops reminders by a click, not by a look', async () => {
  const booking_id = await freshBooking(world);
  await relay(sql);
  const [row] = await sql<{ id: string; user_id: string }[]>`
    select id, user_id from deliveries where booking_id = ${booking_id} limit 1`;
  const link = `${world.base}/unsubscribe/${row!.id}`;
  const wanted = async () => {
    const [found] = await sql<{ is_optional_wanted: boolean }[]>`
      select is_optional_wanted from notification_preferences
      where user_id = ${row!.user_id} and channel = 'email'`;
    return found?.is_optional_wanted ?? true;
  };
  await sql`
    update notification_preferences set is_optional_wanted = true where user_id = ${row!.user_id}`;
  const look = await fetch(link);
  expect(look.status).toBe(200);
  expect(await look.text()).toContain('<form method="post">');
  expect(look.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await wanted()).toBe(true);
  const click = await fetch(link, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
  });
  expect(click.status).toBe(200);
  expect(await wanted()).toBe(false);
  for (const id of ['nobody', '0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa']) {
    const unknown = `${world.base}/unsubscribe/${id}`;
    expect((await fetch(unknown)).status).toBe(404);
    expect((await fetch(unknown, { method: 'POST' })).status).toBe(404);
  }
});

test('a preview shows the message of a booking in every form and language', async () => {
  const booking_id = await freshBooking(world);
  const [row] = await sql<{ reference_code: string }[]>`
    select reference_code from bookings where id = ${booking_id}`;
  const preview = (...words: string[]) =>
    run('desk', 'notifications', 'preview', 'booking_confirmed', ...words);
  for (const [lang, word] of [
    ['en', 'confirmed'],
    ['ja', 'ご予約'],
    ['id', 'dikonfirmasi'],
  ] as const) {
    const text = await preview('--lang', lang, '--booking', row!.reference_code);
    expect(text.out).toContain(word);
    expect(text.out).toContain(row!.reference_code);
  }
  expect((await preview('--format', 'html')).out).toMatch(/^<!doctype html>/);
  const sms = await preview('--format', 'sms', '--lang', 'en');
  expect(sms.out).toContain('Ref BP10000127');
  expect(sms.err).toContain('1 segment of gsm7');
  expect((await preview('--booking', 'BP99999999')).code).toBe(3);
});
