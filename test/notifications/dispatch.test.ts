import { afterEach, beforeEach, expect, test } from 'vitest';
import { finishDelivery } from '../../src/daemon/store/deliveries.ts';
import { desk } from '../helpers/booking.ts';
import { eventually } from '../helpers/poll.ts';
import { bookOne, deliveriesOf, openBench, wantSms } from './bench.ts';
import { makeBrowser } from './browser.ts';

const bench = await openBench();
const { sql, mail, wire, sms, push } = bench;
const signal = new AbortController().signal;

beforeEach(async () => {
  // Other tests' messages would be sent by this one's dispatchers.
  await sql`update deliveries set status = 'discarded' where status in ('pending', 'sending')`;
  await sql`update delivery_channels set paused_at = null, tokens = 1000, refilled_at = now()`;
  wire.set('pass');
  for (const sink of [sms, push]) {
    sink.told.length = 0;
    sink.answer = () => ({ status: 201 });
  }
});
afterEach(() => wire.set('pass'));

const statusOf = async (booking_id: string, channel: string) =>
  (await deliveriesOf(sql, booking_id)).find((one) => one.channel === channel)?.status;

test('a mail server that hangs delays no SMS', async () => {
  const one = await bench.open();
  const numbers = Array.from({ length: 8 }, (_, index) => `+62812345678${index}0`);
  const visits = [];
  for (const number of numbers) {
    visits.push(await bookOne(sql, ({ owner }) => wantSms(sql, owner.user_id, number)));
  }
  wire.set('stall');
  const mailing = one.email.tick(one.app, signal);
  const started = performance.now();
  await one.drain(one.sms);
  expect(performance.now() - started).toBeLessThan(4_000);
  const form = sms.told.map((told) => new URLSearchParams(told.body.toString()).get('To'));
  expect(form.toSorted()).toEqual(numbers);
  for (const { booking_id } of visits) {
    expect(await statusOf(booking_id, 'sms')).toBe('sent');
    expect(await statusOf(booking_id, 'email')).toBe('sending');
  }
  // The tick came back although its mails still hang.
  expect(await mailing).toBeGreaterThan(0);
  wire.set('cut');
  await one.email.settle?.();
  for (const { booking_id } of visits) {
    const [email] = await deliveriesOf(sql, booking_id);
    expect(email).toMatchObject({ channel: 'email', status: 'pending', attempts: 0, deferrals: 1 });
  }
});

test('a push service that hangs for one delays nobody else', async () => {
  const one = await bench.open();
  push.answer = ({ path }) => (path === '/hangs' ? 'hang' : { status: 201 });
  const browser = makeBrowser();
  const withDevice = (endpoint: string) =>
    bookOne(sql, async ({ owner }) => {
      await sql`
        select add_push_device(${owner.user_id}, 'webpush', ${push.url + endpoint},
          ${browser.p256dh}, ${browser.auth})`;
      await sql`
        insert into notification_settings (user_id, quiet_from, quiet_until)
        values (${owner.user_id}, '00:00', '00:00')`;
    });
  const hanging = await withDevice('/hangs');
  await one.push.tick(one.app, signal);
  const after = await withDevice('/quick');
  await eventually('the others get theirs', async () => {
    await one.push.tick(one.app, signal);
    return (await statusOf(after.booking_id, 'push')) === 'sent';
  });
  expect(await statusOf(hanging.booking_id, 'push')).toBe('sending');
  const quick = push.told.find(({ path }) => path === '/quick');
  expect(JSON.parse(browser.read(quick!.body))).toMatchObject({
    title: expect.stringContaining('Booked'),
    reference_code: expect.stringMatching(/^BP\d{8}$/),
  });
});

test('an hour without a mail server costs no try, and then goes out in order, not in a flood', async () => {
  await sql`update delivery_channels set tokens = 10, refilled_at = now()`;
  const one = await bench.open({ PETPRO_EMAIL_PER_MINUTE: '60' });
  const ids: string[] = [];
  for (let n = 0; n < 25; n += 1) ids.push((await bookOne(sql)).booking_id);
  // The oldest is due first.
  for (const [index, id] of ids.entries()) {
    await sql`
      update deliveries set due_at = now() - ${`${60 - index} minutes`}::interval
      where booking_id = ${id}`;
  }
  wire.set('cut');
  const due = async () => {
    await sql`update delivery_channels set tokens = 10, refilled_at = now()`;
    await sql`update deliveries set next_attempt_at = now() where status = 'pending'`;
  };
  await eventually('the circuit is open', async () => {
    await due();
    await one.email.tick(one.app, signal);
    return one.app.messenger.room('email') === 0;
  });
  await one.email.settle?.();
  const tried = await sql<{ attempts: number; status: string }[]>`
    select distinct attempts, status from deliveries where booking_id = any (${ids})`;
  expect([...tried]).toEqual([{ attempts: 0, status: 'pending' }]);
  // Nobody is asked while it is open.
  const before = await sql`select sum(deferrals) from deliveries where booking_id = any (${ids})`;
  await due();
  await one.email.tick(one.app, signal);
  expect(await sql`select sum(deferrals) from deliveries where booking_id = any (${ids})`).toEqual(
    before,
  );
  wire.set('pass');
  const sentNow = async () => {
    const rows = await sql<{ booking_id: string }[]>`
      select booking_id from deliveries
      where booking_id = any (${ids}) and channel = 'email' and status = 'sent'
      order by due_at`;
    return rows.map((row) => row.booking_id);
  };
  await eventually('a first one goes through', async () => {
    await one.email.tick(one.app, signal);
    return (await sentNow()).length > 0;
  });
  await one.drain(one.email);
  // Ten at most: that is what the rate gave, the oldest first.
  const first = await sentNow();
  expect(first.length).toBeLessThanOrEqual(10);
  expect(first).toEqual(ids.slice(0, first.length));
  await sql`update delivery_channels set tokens = 0, refilled_at = now() - interval '10 seconds'`;
  await one.drain(one.email);
  const second = await sentNow();
  expect(second).toEqual(ids.slice(0, second.length));
  expect(second.length - first.length).toBeLessThanOrEqual(12);
  await sql`update delivery_channels set tokens = 10, refilled_at = now()`;
  await one.drain(one.email);
  expect(await sentNow()).toEqual(ids);
});

test('quiet hours hold SMS back until they end, but not what cannot wait', async () => {
  const one = await bench.open();
  const quietNow = async (user_id: string) => {
    await wantSms(sql, user_id, '+6281200000001');
    await sql`
      update notification_settings
      set quiet_from = ((now() at time zone 'Asia/Jakarta') - interval '1 hour')::time,
        quiet_until = ((now() at time zone 'Asia/Jakarta') + interval '1 hour')::time
      where user_id = ${user_id}`;
  };
  const far = await bookOne(sql, ({ owner }) => quietNow(owner.user_id));
  const near = await bookOne(sql, ({ owner }) => quietNow(owner.user_id), 5);
  await one.drain(one.sms, one.email);
  const [, waiting] = await deliveriesOf(sql, far.booking_id);
  expect(waiting).toMatchObject({
    channel: 'sms',
    status: 'pending',
    attempts: 0,
    error_code: null,
  });
  const ahead = Temporal.Now.instant().until(waiting!.due_at).total('minutes');
  expect(ahead).toBeGreaterThan(55);
  expect(ahead).toBeLessThanOrEqual(60);
  // Mail rings nobody's phone.
  expect(await statusOf(far.booking_id, 'email')).toBe('sent');
  expect(await statusOf(near.booking_id, 'sms')).toBe('sent');
  expect(sms.told).toHaveLength(1);
  await sql`
    update deliveries set due_at = now(), next_attempt_at = now()
    where booking_id = ${far.booking_id}`;
  await sql`
    update notification_settings set quiet_until = quiet_from
    where user_id = ${far.owner.user_id}`;
  await one.drain(one.sms);
  expect(await statusOf(far.booking_id, 'sms')).toBe('sent');
});

test('an address that bounces gets nothing more', async () => {
  const one = await bench.open();
  sms.answer = () => ({ status: 400, body: { code: 21211, message: 'not a number' } });
  const number = '+6281299999999';
  const first = await bookOne(sql, ({ owner }) => wantSms(sql, owner.user_id, number));
  await one.drain(one.sms);
  expect((await deliveriesOf(sql, first.booking_id))[1]).toMatchObject({
    status: 'dead',
    error_code: 'sms 21211',
  });
  sms.answer = () => ({ status: 201 });
  const second = await bookOne(sql, ({ owner }) => wantSms(sql, owner.user_id, number));
  await one.drain(one.sms);
  expect((await deliveriesOf(sql, second.booking_id))[1]).toMatchObject({
    status: 'dead',
    error_code: 'sms bounced',
  });
  expect(sms.told).toHaveLength(1);
});

test('what its owner does not want any more is dropped, and a national number is dead', async () => {
  const one = await bench.open();
  const visit = await bookOne(sql, ({ owner }) => wantSms(sql, owner.user_id, '0812 345'));
  await one.drain(one.sms);
  expect((await deliveriesOf(sql, visit.booking_id))[1]).toMatchObject({
    error_code: 'sms number',
  });
  const changed = await bookOne(sql, ({ owner }) => wantSms(sql, owner.user_id, '+6281211111111'));
  await sql`
    update notification_preferences set enabled = false
    where user_id = ${changed.owner.user_id} and channel = 'sms'`;
  await one.drain(one.sms);
  expect(await statusOf(changed.booking_id, 'sms')).toBe('dropped');
  expect(sms.told).toHaveLength(0);
});

test('a device that is gone is forgotten; one that is left is enough', async () => {
  const one = await bench.open();
  push.answer = ({ path }) => ({ status: path === '/gone' ? 410 : 201 });
  const browser = makeBrowser();
  const { owner, booking_id } = await bookOne(sql, async ({ owner: { user_id } }) => {
    for (const endpoint of ['/gone', '/here']) {
      await sql`
        select add_push_device(${user_id}, 'webpush', ${push.url + endpoint}, ${browser.p256dh},
          ${browser.auth})`;
    }
    await sql`
      insert into notification_settings (user_id, quiet_from, quiet_until)
      values (${user_id}, '00:00', '00:00')`;
  });
  await one.drain(one.push);
  expect(await statusOf(booking_id, 'push')).toBe('sent');
  const devices = await sql`
    select endpoint, end_reason from push_devices where user_id = ${owner.user_id}
    order by endpoint`;
  expect(devices).toMatchObject([
    { endpoint: `${push.url}/gone`, end_reason: 'webpush 410' },
    { endpoint: `${push.url}/here`, end_reason: null },
  ]);
  push.answer = () => ({ status: 404 });
  await sql`
    update deliveries set status = 'pending', next_attempt_at = now()
    where booking_id = ${booking_id} and channel = 'push'`;
  await one.drain(one.push);
  expect(await statusOf(booking_id, 'push')).toBe('dropped');
});

test('a paused channel sends nothing, for any daemon, and goes on where it stood', async () => {
  const [one, other] = [await bench.open(), await bench.open()];
  const { booking_id } = await bookOne(sql);
  await sql`select pause_channel('email', true, 'test', ${sql.json(desk)})`;
  await one.drain(one.email);
  await other.drain(other.email);
  expect(await statusOf(booking_id, 'email')).toBe('pending');
  await sql`select pause_channel('email', false, null, ${sql.json(desk)})`;
  await other.drain(other.email);
  expect(await statusOf(booking_id, 'email')).toBe('sent');
  const audit = await sql`select action from audit_log where target_type = 'channel' order by id`;
  expect(audit).toMatchObject([{ action: 'channel.paused' }, { action: 'channel.resumed' }]);
});

test('two dispatchers send each message once; who lost the lease changes nothing', async () => {
  const [one, other] = [await bench.open(), await bench.open()];
  const ids: string[] = [];
  for (let n = 0; n < 12; n += 1) ids.push((await bookOne(sql)).booking_id);
  await Promise.all([one.drain(one.email), other.drain(other.email)]);
  for (const booking_id of ids) {
    const [row] = await deliveriesOf(sql, booking_id);
    expect(row).toMatchObject({ status: 'sent', attempts: 1 });
    expect(mail.list().filter(({ to }) => to === row!.address)).toHaveLength(1);
  }
  const { booking_id } = await bookOne(sql);
  const [row] = await deliveriesOf(sql, booking_id);
  await sql`update deliveries set status = 'sending', attempts = 2 where id = ${row!.id}`;
  const late = { delivery_id: row!.id, result: 'dead', attempts: 1 } as const;
  expect((await finishDelivery(sql, late)).outcome).toBe('conflict');
  expect(await statusOf(booking_id, 'email')).toBe('sending');
});

test('a message that kills whoever takes it is put aside after its last try', async () => {
  const one = await bench.open();
  const { booking_id } = await bookOne(sql);
  await sql`
    update deliveries
    set status = 'sending', attempts = delivery_attempts_max(), next_attempt_at = now()
    where booking_id = ${booking_id}`;
  await one.drain(one.email);
  expect((await deliveriesOf(sql, booking_id))[0]).toMatchObject({
    status: 'dead',
    error_code: 'lease lost',
  });
});

test('greylisting waits for minutes, and three days are enough of trying', async () => {
  const one = await bench.open();
  const { booking_id } = await bookOne(sql);
  await fetch(`${mail.outbox_url}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode: 'defer' }),
  });
  await one.drain(one.email);
  expect((await deliveriesOf(sql, booking_id))[0]).toMatchObject({
    status: 'pending',
    attempts: 1,
    error_code: 'smtp 451',
  });
  await sql`
    update deliveries set due_at = now() - interval '73 hours', next_attempt_at = now()
    where booking_id = ${booking_id}`;
  await one.drain(one.email);
  expect((await deliveriesOf(sql, booking_id))[0]).toMatchObject({
    status: 'dead',
    error_code: 'too old: smtp 451',
  });
  await fetch(`${mail.outbox_url}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode: 'none' }),
  });
});
