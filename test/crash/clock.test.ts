import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { createTestDatabase, lapse } from '../helpers/database.ts';
import { call, codeOf, member } from '../http/harness.ts';
import { expectSound, nothing, openCrashBench, patiently, type Scene, storyOf } from './bench.ts';

const bench = await openCrashBench(await createTestDatabase({ max: 3 }));
const { sql, desk, control } = bench;
vi.setConfig({ testTimeout: 120_000 });
afterEach(() => expectSound(bench));

const preload = path.resolve(import.meta.dirname, '../helpers/chaos-clock.ts');
const start = (skew_ms: number) =>
  bench.start({
    NODE_OPTIONS: `--import=${pathToFileURL(preload).href}`,
    PETPRO_TEST_SKEW_MS: String(skew_ms),
  });

/** Minutes that a hold has left, by the only clock that counts. */
async function minutesLeft(scene: Scene): Promise<number> {
  const [row] = await sql<{ minutes: number }[]>`
    select round(extract(epoch from expires_at - now()) / 60)::float8 as minutes
    from reservations where slot_id = ${scene.slot_id}`;
  return row?.minutes ?? 0;
}

async function refundOf(url: string, in_hours: number): Promise<unknown> {
  const scene = await bench.makeScene({ in_hours });
  const body = { ...scene.body, ...scene.owner, payment_method: 'cash' };
  const booked = await call(url, 'create_booking', { body }, { token: desk });
  const params = { booking_id: String(member(booked.json, 'reference_code')) };
  const request = { params, body: { quote: true } };
  const quoted = await call(url, 'cancel_booking', request, { token: desk });
  return member(quoted.json, 'refund_percent');
}

/** Everything that asks for the time, told as what came of it. */
async function decisions(skew_ms: number) {
  const { url, lines } = await start(skew_ms);
  const ready = lines.find((line) => line['event'] === 'daemon.ready');
  const clock_ms = new Date(String(ready?.['at'])).getTime() - Date.now();

  const scene = await bench.makeScene();
  const held = await bench.book(url, scene);
  const rival = await bench.book(url, scene, 'rival');
  const params = { reservation_id: String(member(held.json, 'reservation_id')) };
  const before = await minutesLeft(scene);
  const extended = await call(url, 'extend_reservation', { params }, { token: desk });
  const after = await minutesLeft(scene);
  const ref = String(member(held.json, 'reference_code'));
  await control('pay', { ref, outcome: 'success' });
  await patiently('booked', async () => (await storyOf(bench, scene)).bookings === 1);

  const other = await bench.makeScene();
  const lapsing = await bench.book(url, other);
  await lapse(sql, String(member(lapsing.json, 'reservation_id')));
  await patiently('swept', async () => (await storyOf(bench, other)).ended === 1);

  // Minutes on either side of a tier's edge: two minutes of a wrong clock would tip them over.
  const hours = [24 - 1 / 60, 24 + 2 / 60, 48 - 1 / 60, 48 + 2 / 60];
  const percents = [];
  for (const in_hours of hours) percents.push(await refundOf(url, in_hours));
  const soon = await bench.makeScene({ in_hours: 2 / 60 });
  const past = await bench.makeScene({ in_hours: -1 / 60 });
  return {
    clock_ms,
    told: {
      held: held.status,
      rival: rival.status,
      before,
      extended: extended.status,
      after,
      booked: await storyOf(bench, scene),
      swept: await storyOf(bench, other),
      percents,
      soon: (await bench.book(url, soon)).status,
      past: codeOf(await bench.book(url, past)),
    },
  };
}

test.for([0, 120_000, -120_000])(
  'a daemon whose clock is wrong by %i ms decides the same',
  async (skew_ms) => {
    const { clock_ms, told } = await decisions(skew_ms);
    // The control: its clock really is wrong.
    expect(Math.abs(clock_ms - skew_ms)).toBeLessThan(30_000);
    expect(told).toEqual({
      held: 201,
      rival: 409,
      before: 10,
      extended: 200,
      after: 15,
      booked: { ...nothing, bookings: 1, claims: 1, paid: 1 },
      swept: { ...nothing, ended: 1 },
      percents: [0, 50, 50, 100],
      soon: 201,
      past: 'invalid_slot',
    });
  },
);
