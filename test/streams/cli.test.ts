import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { INPUT_KEY } from '../../src/daemon/workers/consume.ts';
import { cli } from '../cli/harness.ts';
import { eventually } from '../helpers/poll.ts';
import { startHarness } from '../http/harness.ts';

/** A daemon as it runs: another service writes, an operator looks after what could not be taken. */

const harness = await startHarness();
const raw = new Redis(harness.env['REDIS_URL'] ?? '');
afterAll(() => raw.disconnect());
let sre = '';
let admin = '';
beforeAll(async () => {
  sre = await harness.addKey('sre');
  admin = await harness.addKey('admin');
});

const run = (words: readonly string[], token = sre) =>
  cli(['events', ...words], { env: { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token } });

test('a poisoned event is listed, taken again, and given up', async () => {
  expect(await run(['parked'])).toMatchObject({ code: 0, err: 'Nothing is parked.\n' });
  const user_id = randomUUID();
  const event = {
    event_type: 'pet.updated',
    event_id: `pets:${user_id}`,
    pet_id: user_id,
    name: 'Mochi',
    species: 'cat',
    breed: null,
    updated_at: 'the other day',
  };
  await raw.xadd(INPUT_KEY, '*', 'event', JSON.stringify(event));
  const listed = await eventually('it is parked', async () => {
    const { out } = await run(['parked', '--json']);
    return JSON.parse(out).items[0];
  });
  expect(listed).toMatchObject({
    event_id: event.event_id,
    event_type: 'pet.updated',
    reason: 'no time of the change',
    event: null,
  });
  const id: string = listed.parked_id;
  const whole = await run(['parked', '--json'], admin);
  expect(JSON.parse(JSON.parse(whole.out).items[0].event)).toEqual(event);
  const again = await run(['retry', id]);
  expect(again).toMatchObject({ code: 8, out: expect.stringContaining('no time of the change') });
  expect((await run(['discard', id])).code).toBe(2);
  expect((await run(['discard', 'pets'])).err).toContain('petpro events parked');
  expect((await run(['discard', id, '--reason', 'sent by hand'])).code).toBe(0);
  expect((await run(['retry', id])).code).toBe(6);
  expect((await run(['retry', randomUUID()])).code).toBe(3);
  expect((await run(['parked'])).err).toBe('Nothing is parked.\n');
  expect((await run(['parked'], await harness.addKey('manager'))).code).toBe(5);
});
