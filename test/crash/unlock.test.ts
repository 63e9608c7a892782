import { afterEach, expect, test, vi } from 'vitest';
import { createTestDatabase } from '../helpers/database.ts';
import { call, member } from '../http/harness.ts';
import { expectCrash, expectSound, lockOf, openCrashBench, patiently } from './bench.ts';

const bench = await openCrashBench(await createTestDatabase({ max: 3 }));
const { start, makeScene } = bench;

vi.setConfig({ testTimeout: 120_000 });
afterEach(() => expectSound(bench));

test('dead between the end of a hold and its unlock: another daemon frees the slot within seconds', async () => {
  const keeper = await start({ PETPRO_ONLY: 'api,sweeper,relay' });
  const scene = await makeScene();
  const dying = await start({ PETPRO_ONLY: 'api', PETPRO_FAILPOINT: 'before-unlock' });
  const { token } = { token: bench.desk };
  const body = { ...scene.body, ...scene.owner };
  const held = await call(dying.url, 'create_reservation', { body }, { token });
  expect(held.status, held.text).toBe(201);
  const params = { reservation_id: String(member(held.json, 'reservation_id')) };
  await expectCrash(dying, call(dying.url, 'cancel_reservation', { params }, { token }));
  // Minutes, if nobody cared.
  await patiently('the lock is gone', async () => (await lockOf(bench, scene)) === null);
  const rival = { ...scene.body, ...scene.rival };
  const again = await call(keeper.url, 'create_reservation', { body: rival }, { token });
  expect(again.status, again.text).toBe(201);
});
