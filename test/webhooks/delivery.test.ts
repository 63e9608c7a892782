import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  listWebhookDeliveries,
  listWebhooks,
  replayWebhook,
  rotateWebhook,
  setWebhook,
  testWebhook,
} from '../../src/daemon/actions/webhook-endpoints.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { webhookWaitMs } from '../../src/domain/webhook.ts';
import { eventually } from '../helpers/poll.ts';
import { isSigned, startReceiver, status } from './receiver.ts';
import { openScene } from './scene.ts';

const scene = await openScene();
const { app, sql, admin, emit, add, look, drain, pass, newClinic } = scene;

const rowsOf = async (webhook_id: string) =>
  await sql<{ status: string; attempts: number; sequence: number; last_error: string | null }[]>`
    select status, attempts, sequence, last_error from webhook_deliveries
    where endpoint_id = ${webhook_id} order by sequence`;

test('an event arrives once, signed, at those who listen to it and at nobody else', async () => {
  const [clinic, other] = [await newClinic(), await newClinic()];
  const [all, some, foreign] = [
    await startReceiver(),
    await startReceiver(),
    await startReceiver(),
  ];
  await emit(clinic);
  await drain();
  const hook = await add(clinic, all.url);
  await add(clinic, some.url, ['refund.*', 'booking.completed']);
  await add(other, foreign.url);
  const ids = [await emit(clinic), await emit(clinic, 'booking.completed')];
  await drain();
  await drain();
  expect(all.received.map(({ id }) => id)).toEqual(ids);
  expect(some.received.map(({ id }) => id)).toEqual(ids.slice(1));
  expect(foreign.received).toEqual([]);
  const [first] = all.received;
  expect(first?.event).toMatchObject({
    event_id: ids[0],
    event_type: 'booking.confirmed',
    clinic_id: clinic,
    payload: { owner: 'Ayu \u{1f408}' },
  });
  expect(hook.secret).toMatch(/^whsec_[\w+/]{43}=$/);
  expect(all.received.every((one) => isSigned(one, hook.secret))).toBe(true);
  expect(isSigned(first!, `whsec_${'A'.repeat(43)}=`)).toBe(false);
  expect(isSigned({ ...first!, body: `${first!.body} ` }, hook.secret)).toBe(false);
  expect(isSigned({ ...first!, timestamp: '1' }, hook.secret)).toBe(false);
  expect(await look(hook.webhook_id)).toMatchObject({ waiting: 0, dead: 0, failures: 0 });
  expect(JSON.stringify(await listWebhooks(app, admin(), { clinic_id: clinic }))).not.toContain(
    'whsec_',
  );
  expect(scene.lines.join('')).not.toContain('whsec_');
});

test('only 2xx counts; what fails is tried again, later each time, and arrives', async () => {
  const clinic = await newClinic();
  const receiver = await startReceiver();
  const hook = await add(clinic, receiver.url);
  const trap = await startReceiver();
  const answers = [
    status(500, {}, 'broken\u001b[2J'),
    status(302, { location: trap.url }),
    status(429, { 'retry-after': '3600' }),
    status(404),
  ];
  const id = await emit(clinic);
  for (const [at, answer] of answers.entries()) {
    receiver.answer(answer);
    await drain();
    expect(await rowsOf(hook.webhook_id)).toMatchObject([{ status: 'pending', attempts: at + 1 }]);
    // Not due yet: asking again changes nothing.
    await drain();
    expect(receiver.received).toHaveLength(at + 1);
    await pass('2 hours');
  }
  const { items } = await listWebhookDeliveries(app, admin(), {
    webhook_id: hook.webhook_id,
    limit: 10,
  });
  expect(items).toMatchObject([{ status_code: 404, error: 'the receiver answered 404' }]);
  expect(await look(hook.webhook_id)).toMatchObject({ failures: 4, status: 'enabled' });
  receiver.answer(status(200, {}, 'thanks'));
  await drain();
  expect(await rowsOf(hook.webhook_id)).toMatchObject([{ status: 'delivered', attempts: 5 }]);
  expect(new Set(receiver.received.map((one) => one.id))).toEqual(new Set([id]));
  expect(receiver.received.every((one) => isSigned(one, hook.secret))).toBe(true);
  expect(trap.received).toEqual([]);
  expect(await look(hook.webhook_id)).toMatchObject({ failures: 0, failing_since: null });
});

test('the waits grow, are spread, last about three days, and heed Retry-After', () => {
  const waits = Array.from({ length: 10 }, (_, at) => webhookWaitMs(at + 1, 0.5, null));
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000).toBeCloseTo(71.6, 0);
  expect(webhookWaitMs(1, 0, null)).toBe(4_500);
  expect(webhookWaitMs(1, 1, null)).toBe(5_500);
  expect(webhookWaitMs(1, 0, 60_000)).toBe(60_000);
  expect(webhookWaitMs(1, 0, 1e12)).toBe(79_200_000);
});

test('after three days a delivery is given up, and the endpoint taken out with an event', async () => {
  const clinic = await newClinic();
  const [receiver, watcher] = [await startReceiver(), await startReceiver()];
  const hook = await add(clinic, receiver.url);
  await add(clinic, watcher.url, ['webhook.*']);
  receiver.answer(status(503));
  await emit(clinic);
  for (let attempt = 0; attempt < 11; attempt += 1) {
    await drain();
    await pass('23 hours');
  }
  const [row] = await rowsOf(hook.webhook_id);
  expect(row).toMatchObject({ status: 'dead' });
  expect(row?.attempts).toBeLessThan(12);
  for (let more = 0; more < 8; more += 1) await emit(clinic);
  await drain();
  for (let more = 0; more < 10; more += 1) {
    await pass('1 hour');
    await drain();
  }
  const ended = await look(hook.webhook_id);
  expect(ended).toMatchObject({ status: 'disabled', dead: 1 });
  expect(ended.disabled_reason).toContain('three days');
  expect(ended.failures).toBeGreaterThanOrEqual(10);
  const tries = receiver.received.length;
  await emit(clinic);
  await pass('1 day');
  await drain();
  expect(receiver.received).toHaveLength(tries);
  await drain();
  expect(watcher.received.map(({ event }) => event['event_type'])).toEqual(['webhook.disabled']);
  expect(watcher.received[0]?.event).toMatchObject({ payload: { webhook_id: hook.webhook_id } });
  expect(scene.lines.some((line) => line.includes('webhook.disabled'))).toBe(true);
});

test('410 ends it at once; enabled again it hears what is new, and replay brings the rest', async () => {
  const clinic = await newClinic();
  const receiver = await startReceiver();
  const { webhook_id } = await add(clinic, receiver.url, ['booking.*']);
  receiver.answer(status(410));
  const first = await emit(clinic);
  await drain();
  expect(await look(webhook_id)).toMatchObject({ status: 'disabled', dead: 1 });
  const missed = await emit(clinic);
  await drain();
  const refused = replayWebhook(app, admin(), { webhook_id, all: false, dry_run: false });
  await expect(refused).rejects.toMatchObject({ code: 'policy_refused' });
  receiver.answer(status(200));
  await setWebhook(app, admin(), { webhook_id, status: 'enabled' });
  const fresh = await emit(clinic);
  await drain();
  expect(receiver.received.map(({ id }) => id)).toEqual([first, fresh]);
  const range = { webhook_id, all: false, dry_run: true };
  expect(await replayWebhook(app, admin(), range)).toMatchObject({ matched: 2, next_after: null });
  await drain();
  expect(receiver.received).toHaveLength(2);
  const done = await replayWebhook(app, admin(), { ...range, dry_run: false });
  expect(done).toMatchObject({ matched: 2 });
  await drain();
  expect(receiver.received.slice(2).map(({ id }) => id)).toEqual([first, missed]);
  const again = await replayWebhook(app, admin(), { ...range, dry_run: false });
  expect(again).toMatchObject({ matched: 0 });
  const bounds = { since: '2020-01-01T00:00:00Z', until: '2099-01-01T00:00:00Z' };
  const all = { webhook_id, all: true, dry_run: false, ...bounds };
  expect(await replayWebhook(app, admin(), all)).toMatchObject({ matched: 3 });
  await drain();
  expect(receiver.received).toHaveLength(7);
  const [{ sequence } = { sequence: 0 }] = await sql<{ sequence: number }[]>`
    select sequence from booking_events_outbox where id = ${fresh}`;
  const one = { ...all, after: sequence - 1, to: sequence, dry_run: true };
  expect(await replayWebhook(app, admin(), one)).toMatchObject({ matched: 1 });
  const past = { ...all, until: '2020-01-02T00:00:00Z', dry_run: true };
  expect(await replayWebhook(app, admin(), past)).toMatchObject({ matched: 0 });
});

test('while a secret is replaced both sign; afterwards, or when it leaked, only the new one', async () => {
  const clinic = await newClinic();
  const receiver = await startReceiver();
  const hook = await add(clinic, receiver.url);
  const { webhook_id } = hook;
  const rotated = await rotateWebhook(app, admin(), { webhook_id, overlap_hours: 24 });
  await emit(clinic);
  await drain();
  const [one] = receiver.received;
  expect(one?.signatures).toHaveLength(2);
  expect([isSigned(one!, hook.secret), isSigned(one!, rotated.secret)]).toEqual([true, true]);
  await sql`update webhook_endpoints set old_secret_until = now() - interval '1 second'`;
  await emit(clinic);
  await drain();
  const two = receiver.received[1]!;
  expect([isSigned(two, hook.secret), isSigned(two, rotated.secret)]).toEqual([false, true]);
  const leaked = await rotateWebhook(app, admin(), { webhook_id, overlap_hours: 0 });
  await emit(clinic);
  await drain();
  const three = receiver.received[2]!;
  expect([isSigned(three, rotated.secret), isSigned(three, leaked.secret)]).toEqual([false, true]);
});

test('a receiver that hangs keeps its own places only, and never more than four', async () => {
  const clinic = await newClinic();
  const [slow, quick] = [await startReceiver(), await startReceiver()];
  const hanging = await add(clinic, slow.url);
  await add(clinic, quick.url);
  slow.answer(() => {});
  for (let count = 0; count < 20; count += 1) await emit(clinic);
  const own = scene.makeSender();
  const stop = new AbortController();
  await eventually('the quick one has all', async () => {
    await own.worker.tick(app, stop.signal);
    return quick.received.length === 20;
  });
  expect(slow.open()).toBe(4);
  expect(slow.received).toHaveLength(4);
  stop.abort();
  await own.settled();
  await eventually('the connections are closed', () => slow.open() === 0);
  // Given back: an attempt that was not made does not count.
  const rows = await rowsOf(hanging.webhook_id);
  expect(rows.every((row) => row.status === 'pending' && row.attempts === 0)).toBe(true);
  expect(await look(hanging.webhook_id)).toMatchObject({ failures: 0, waiting: 20 });
  slow.answer(status(200));
  await drain();
  expect(await look(hanging.webhook_id)).toMatchObject({ waiting: 0, dead: 0 });
});

test('a test says what came back, also of a disabled endpoint, and counts for nothing', async () => {
  const clinic = await newClinic();
  const receiver = await startReceiver();
  const hook = await add(clinic, receiver.url);
  const { webhook_id } = hook;
  const good = await testWebhook(app, admin(), { webhook_id });
  expect(good).toMatchObject({ status: 'delivered', status_code: 204, event_type: 'webhook.test' });
  expect(isSigned(receiver.received[0]!, hook.secret)).toBe(true);
  receiver.answer(status(500, {}, 'x'.repeat(100_000)));
  await setWebhook(app, admin(), { webhook_id, status: 'disabled', reason: 'moving' });
  const bad = await testWebhook(app, admin(), { webhook_id });
  expect(bad).toMatchObject({ status: 'dead', status_code: 500 });
  expect(bad.response).toHaveLength(500);
  expect(await look(webhook_id)).toMatchObject({ failures: 0, dead: 0, disabled_reason: 'moving' });
});

test('two senders at once deliver each event once', async () => {
  const clinic = await newClinic();
  const receiver = await startReceiver();
  await add(clinic, receiver.url);
  const ids = await Promise.all(Array.from({ length: 30 }, () => emit(clinic)));
  await sql`select sequence_events(500)`;
  const both = [scene.makeSender(), scene.makeSender()];
  await eventually('all have arrived', async () => {
    await Promise.all(both.map((one) => one.worker.tick(app, scene.stop.signal)));
    return receiver.received.length >= ids.length;
  });
  await Promise.all(both.map((one) => one.settled()));
  expect(receiver.received.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
});

test('what a killed daemon had in hand is sent again when its lease is over', async () => {
  const clinic = await newClinic();
  const receiver = await startReceiver();
  const hook = await add(clinic, receiver.url);
  const id = await emit(clinic);
  await sql`select queue_webhooks(500)`;
  const claim = () => sql`select delivery_id, attempts from claim_webhooks(10, 4, 30000)`;
  const [claimed] = await claim();
  expect(await claim()).toEqual([]);
  await pass('1 minute');
  await sql`update webhook_deliveries set leased_until = now() - interval '1 second'
    where status = 'sending'`;
  await drain();
  expect(receiver.received.map((one) => one.id)).toEqual([id]);
  const late = await sql`
    select outcome from finish_webhook(
      ${claimed?.['delivery_id']}, ${claimed?.['attempts']}, 'retry', null, 'late', null, null, 0
    )`;
  expect(late).toEqual([{ outcome: 'conflict' }]);
  expect(await rowsOf(hook.webhook_id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
});

test('an administrator of another clinic sees and changes nothing; nothing was forgotten', async () => {
  const clinic = await newClinic();
  const hook = await add(clinic, 'https://hooks.example.com/x');
  const { webhook_id } = hook;
  const stranger = admin(await newClinic());
  const tries = [
    listWebhooks(app, stranger, { clinic_id: clinic }),
    setWebhook(app, stranger, { webhook_id, status: 'disabled' }),
    rotateWebhook(app, stranger, { webhook_id, overlap_hours: 0 }),
    replayWebhook(app, stranger, { webhook_id, all: true, dry_run: false }),
    testWebhook(app, stranger, { webhook_id }),
    listWebhookDeliveries(app, stranger, { webhook_id, limit: 5 }),
    setWebhook(app, admin(), { webhook_id: randomUUID(), status: 'disabled' }),
  ];
  for (const one of await Promise.allSettled(tries)) {
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
  }
  const old = setWebhook(app, admin(), { webhook_id, status: 'disabled', expected_version: 7 });
  await expect(old).rejects.toMatchObject({ code: 'conflict', facts: { version: 1 } });
  await assertInvariants(sql);
});
