import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { ServerTCP } from '@nestjs/microservices';
import { afterAll, expect, test } from 'vitest';
import { createGuard } from '../../src/daemon/workers/webhooks-guard.ts';
import { freePort } from '../../src/sandbox/process.ts';
import { openScene } from './scene.ts';

/** A service of the platform, with the TCP server of NestJS from npm: `@EventPattern` handlers. */

// It would tell the whole run of the failures that are planted here.
Logger.overrideLogger(false);

const scene = await openScene();
const { emit, add, look, drain, pass, newClinic, sql } = scene;

async function startService(handlers: Readonly<Record<string, (data: unknown) => unknown>>) {
  const port = await freePort();
  const server = new ServerTCP({ host: '127.0.0.1', port });
  for (const [pattern, handler] of Object.entries(handlers)) {
    server.addHandler(pattern, async (data: unknown) => handler(data), true);
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(() => resolve());
  await promise;
  afterAll(() => server.close());
  return `tcp://127.0.0.1:${port}`;
}

test('events reach the handlers of a NestJS service, and count when these have ended', async () => {
  const taken: unknown[] = [];
  let is_broken = true;
  const url = await startService({
    'booking.created': (data) => {
      taken.push(data);
    },
    'booking.cancelled': () => {
      if (is_broken) throw new Error('no disk');
      return { ok: true };
    },
  });
  const clinic = await newClinic();
  const hook = await add(clinic, url, ['booking.*']);
  const id = await emit(clinic, 'booking.created');
  await drain();
  expect(taken).toMatchObject([{ event_id: id, event_type: 'booking.created', clinic_id: clinic }]);
  await emit(clinic, 'booking.cancelled');
  await emit(clinic, 'booking.completed');
  await drain();
  const rowsOf = () => sql`
    select event_type, status, last_error, response from webhook_deliveries
    where endpoint_id = ${hook.webhook_id} order by sequence`;
  expect(await rowsOf()).toMatchObject([
    { status: 'delivered' },
    { status: 'pending', last_error: expect.stringMatching(/.+/) },
    { status: 'pending', last_error: expect.stringContaining('no matching') },
  ]);
  is_broken = false;
  await pass('1 minute');
  await drain();
  expect((await rowsOf())[1]).toMatchObject({ status: 'delivered', response: '{"ok":true}' });
  expect(await look(hook.webhook_id)).toMatchObject({ waiting: 1 });
});

test('tcp goes only to what the settings name, in production too', async () => {
  const guard = createGuard({ allow: ['127.0.0.1', 'crm.internal'], is_prod: true });
  for (const url of ['tcp://127.0.0.1:1', 'tcp://crm.internal:1']) {
    expect(() => guard.assertUrl(url)).not.toThrow();
  }
  for (const host of ['127.0.0.2', '8.8.8.8', 'example.com', '0x7f.1', '[::1]']) {
    expect(() => guard.assertUrl(`tcp://${host}:1`)).toThrow(/PETPRO_WEBHOOK_ALLOW/);
  }
  const gone = await add(await newClinic(), `tcp://127.0.0.1:${await freePort()}`);
  await emit(gone.clinic_id);
  await drain();
  expect(await look(gone.webhook_id)).toMatchObject({
    waiting: 1,
    last_error: expect.stringContaining('ECONNREFUSED'),
  });
});
