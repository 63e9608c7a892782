import { beforeAll, expect, test } from 'vitest';
import { cli } from '../cli/harness.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';
import { isSigned, startReceiver, status } from './receiver.ts';

/** A clinic's administrator and a whole daemon: from a booking to the other system's door. */

const harness = await startHarness({ PETPRO_WEBHOOK_ALLOW: '127.0.0.1,::1' });
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const run = (words: readonly string[], more: Parameters<typeof cli>[1] = {}, token?: string) =>
  cli(['webhooks', ...words], {
    ...more,
    env: {
      PETPRO_URL: world.base,
      PETPRO_TOKEN: token ?? world.tokens.admin,
      PETPRO_CLINIC: world.clinic.id,
    },
  });

test('from `webhooks add` to a signed event of a real booking', async () => {
  const receiver = await startReceiver();
  const added = await run(['add', receiver.url, '--events', 'booking.*']);
  expect(added.code).toBe(0);
  const secret = /secret +(whsec_\S+)/.exec(added.out)?.[1] ?? '';
  expect(added.err).toContain('not shown again');
  const booking_id = await freshBooking(world);
  await eventually('the booking arrives', () =>
    receiver.received.find(({ event }) => event['event_type'] === 'booking.confirmed'),
  );
  expect(receiver.received.every((one) => isSigned(one, secret))).toBe(true);
  const payloads = receiver.received.map(({ event }) => event['payload']);
  expect(payloads).toContainEqual(expect.objectContaining({ booking_id }));
  await eventually('all are marked', async () => {
    const { items } = JSON.parse((await run(['list', '--json'])).out);
    return items[0].waiting === 0;
  });
  const shown = await run(['show', '127.0.0.1'], { terminal: 120 });
  expect(shown.out).toMatch(/Webhook +http:\/\/127/);
  expect(shown.out).toContain('booking.confirmed');
  for (const words of [
    ['list', '--json'],
    ['show', '127.0.0.1', '--json'],
  ]) {
    expect((await run(words)).out).not.toContain('whsec_');
  }
  const rotated = await run(['rotate', '127.0.0.1', '--json']);
  expect(JSON.parse(rotated.out).items[0].secret).toMatch(/^whsec_/);
  expect((await run(['rotate', '127.0.0.1', '--overlap-hours', '0'])).code).toBe(2);
  expect((await run(['test', '127.0.0.1'])).out).toMatch(/Delivered/);
  receiver.answer(status(418, {}, 'teapot'));
  const failed = await run(['test', '127.0.0.1']);
  expect(failed).toMatchObject({ code: 11, out: expect.stringContaining('teapot') });
  const disabled = await run(['disable', '127.0.0.1', '--reason', 'moving']);
  expect(disabled.out).toContain('moving');
  const refused = await run(['replay', '127.0.0.1']);
  expect(refused).toMatchObject({
    code: 9,
    err: expect.stringContaining('petpro webhooks enable'),
  });
  receiver.answer(status(200));
  expect((await run(['enable', '127.0.0.1'])).code).toBe(0);
  const before = receiver.received.length;
  const rehearsed = await run(['replay', '127.0.0.1', '--all', '--dry-run']);
  expect(rehearsed.out).toMatch(/Would send\s+\d+ events/);
  expect(receiver.received).toHaveLength(before);
  expect((await run(['replay', '127.0.0.1', '--all'])).out).toContain('In line');
  await eventually('they come again', () => receiver.received.length > before);
  const list = await run(['deliveries', '127.0.0.1', '--status', 'delivered', '-o', 'csv']);
  expect(list.out.split('\r\n')[0]).toContain('event_type');
});

test('what cannot be is said, with what to do', async () => {
  const refusals = [
    [['add', 'ftp://x.example.com'], 2, 'https://'],
    [['add', 'https://u:p@x.example.com'], 2, 'user and password'],
    [['add', 'https://x.example.com', '--events', 'booking.conf'], 2, 'No event is called so'],
    [['add', 'http://169.254.169.254/'], 9, 'not a public address'],
    [['add', 'http://localhost/'], 9, 'internal network'],
    [['show', 'nobody.example.com'], 3, 'petpro webhooks list'],
    [['disable', '127', '--if-version', '1'], 6, 'changed'],
    [['replay', '127', '--since', 'yesterday'], 2, '2026-11-19T00:00:00'],
  ] as const;
  for (const [words, code, said] of refusals) {
    expect(await run(words)).toMatchObject({ code, err: expect.stringContaining(said) });
  }
  for (const token of [world.tokens.manager, world.tokens.sre, world.tokens.desk]) {
    expect((await run(['list'], {}, token)).code).toBe(5);
  }
});
