import { afterEach, expect, test, vi } from 'vitest';
import { expectSound, openCrashBench, patiently, type Scene } from '../crash/bench.ts';
import { mustBook } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { relay } from './bench.ts';

const bench = await openCrashBench(await createTestDatabase({ max: 3 }));
const { sql, start, makeScene, mail } = bench;

vi.setConfig({ testTimeout: 120_000 });
afterEach(() => expectSound(bench));

const BATCH = 12;

async function messageId(id: string): Promise<string> {
  const response = await fetch(`${mail.outbox_url}/messages/${id}.eml`);
  return /^message-id:\s*(<[^>]+>)/im.exec(await response.text())?.[1] ?? 'none';
}

test('a dispatcher killed in the middle of its batch: every mail arrives, under one id', async () => {
  const scenes: Scene[] = [];
  for (let n = 0; n < BATCH; n += 1) scenes.push(await makeScene());
  for (const { slot_id, owner } of scenes) await mustBook(sql, slot_id, owner);
  await relay(sql);
  const dying = await start({ PETPRO_ONLY: 'dispatcher' });
  await patiently('the first mail has arrived', async () => mail.list().length > 0);
  await dying.kill('SIGKILL');
  await sql`update deliveries set next_attempt_at = now() where status = 'sending'`;
  await start({ PETPRO_ONLY: 'dispatcher' });
  await patiently('all are sent', async () => {
    const left = await sql`select from deliveries where status <> 'sent'`;
    return left.length === 0;
  });
  const deliveries = await sql<{ id: string }[]>`select id from deliveries`;
  const arrived = await Promise.all(mail.list().map(({ id }) => messageId(id)));
  // Twice is possible, as two mails: whoever reads by Message-ID sees one.
  expect(new Set(arrived)).toEqual(new Set(deliveries.map(({ id }) => `<${id}@petpro.localhost>`)));
  expect(deliveries).toHaveLength(BATCH);
});
