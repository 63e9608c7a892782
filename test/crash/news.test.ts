import { afterEach, describe, expect, test, vi } from 'vitest';
import { STREAM_KEY } from '../../src/daemon/workers/stream.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { member } from '../http/harness.ts';
import { expectSound, openCrashBench, patiently, type Scene, storyOf } from './bench.ts';

const bench = await openCrashBench(await createTestDatabase({ max: 3 }));
const { sql, start, makeScene, book, control, mail, raw } = bench;

// Each test starts two to four daemons, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
afterEach(() => expectSound(bench));

/** Paid and booked by a daemon without workers: all the news is still to come. */
async function bookQuietly(scene: Scene): Promise<string> {
  const api = await start({ PETPRO_ONLY: 'api' });
  const answer = await book(api.url, scene);
  const ref = String(member(answer.json, 'reference_code'));
  await control('pay', { ref, outcome: 'success' });
  await patiently('booked', async () => (await storyOf(bench, scene)).bookings === 1);
  await api.kill('SIGTERM');
  return ref;
}

const mailsOf = (ref: string) => mail.list().filter(({ subject }) => subject.includes(ref));

/** Message-IDs as they arrived. */
async function messageIds(ref: string): Promise<readonly string[]> {
  return await Promise.all(
    mailsOf(ref).map(async ({ id }) => {
      const response = await fetch(`${mail.outbox_url}/messages/${id}.eml`);
      return /^message-id:\s*(<[^>]+>)/im.exec(await response.text())?.[1] ?? 'none';
    }),
  );
}

async function deliveriesOf(ref: string) {
  return await sql<{ type: string; status: string; attempts: number }[]>`
    select type, status, attempts from deliveries
    where payload ->> 'reference_code' = ${ref}
    order by type`;
}

/** Every event stands in the stream once and in order. */
async function expectWholeStream(): Promise<void> {
  const [state] = await sql<{ last_sequence: number }[]>`select last_sequence from outbox_state`;
  const last = state?.last_sequence ?? 0;
  const entries = await patiently('the stream is whole', async () => {
    const found = await raw.xrange(STREAM_KEY, '-', '+');
    return found.length >= last ? found : null;
  });
  const sequences = entries.map(([id]) => Number(id.split('-')[0]));
  expect(sequences).toEqual(Array.from({ length: last }, (_, index) => index + 1));
}

describe.each(['after-sequence', 'after-fan-out'] as const)('a relay dead %s', (at) => {
  test('loses no event, tells none twice, and the mail goes out once', async () => {
    const scene = await makeScene();
    const ref = await bookQuietly(scene);
    const dying = await start({ PETPRO_ONLY: 'relay', PETPRO_FAILPOINT: at });
    expect(await dying.ended).toBe('SIGKILL');
    await start({ PETPRO_ONLY: 'relay,dispatcher' });
    await patiently('all events are out', async () => {
      const waiting = await sql`
        select from booking_events_outbox where sequence is null or not published`;
      return waiting.length === 0;
    });
    await expectWholeStream();
    await patiently('the mail is sent', async () => {
      return (await deliveriesOf(ref)).every(({ status }) => status === 'sent');
    });
    expect(await deliveriesOf(ref)).toEqual([
      { type: 'booking_confirmed', status: 'sent', attempts: 1 },
    ]);
    expect(mailsOf(ref)).toHaveLength(1);
  });
});

test('a dispatcher dead after the send: the same message comes again under the same id', async () => {
  const ref = await bookQuietly(await makeScene());
  const dying = await start({ PETPRO_ONLY: 'relay,dispatcher', PETPRO_FAILPOINT: 'after-send' });
  expect(await dying.ended).toBe('SIGKILL');
  expect(mailsOf(ref)).toHaveLength(1);
  expect(await deliveriesOf(ref)).toMatchObject([{ status: 'sending', attempts: 1 }]);
  // The lease of whoever died runs out.
  await sql`update deliveries set next_attempt_at = now() where status = 'sending'`;
  await start({ PETPRO_ONLY: 'dispatcher' });
  await patiently('it is sent', async () => (await deliveriesOf(ref))[0]?.status === 'sent');
  expect(await deliveriesOf(ref)).toMatchObject([{ status: 'sent', attempts: 2 }]);
  // At least once, as documented: whoever reads mail by Message-ID sees one.
  const ids = await messageIds(ref);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});
