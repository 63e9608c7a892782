import { expect, test } from 'vitest';
import { fillPast, fillPresent } from '../../bench/lib/history-fill.ts';
import { findBookingDetail } from '../../src/daemon/store/booking-detail.ts';
import { readTrace } from '../../src/daemon/store/booking-trace.ts';
import { listBookings } from '../../src/daemon/store/bookings.ts';
import { calendarRows } from '../../src/daemon/store/calendar.ts';
import { readDay } from '../../src/daemon/store/day.ts';
import { findPayment } from '../../src/daemon/store/payment-detail.ts';
import { findReceipt } from '../../src/daemon/store/receipts.ts';
import { readReport } from '../../src/daemon/store/reports.ts';
import { listSlots } from '../../src/daemon/store/slots.ts';
import { findTickets } from '../../src/daemon/store/tickets.ts';
import { createTestDatabase } from '../helpers/database.ts';

/**
 * What a day asks costs the same however long the past: pages that PostgreSQL looks at, which say the
 * same on a busy machine as on a quiet one. bench/history.ts has the large form, and the times.
 */

const { sql } = await createTestDatabase({ max: 1, statement_timeout_ms: 60_000 });

const FEW = 1_500;
const MANY = 9_000;
/** A few more pages for a higher index; six times as many would be a table read whole. */
const GROWTH_MAX = 2;
/** Below this, one page more or less says nothing. */
const PAGES_SMALL = 60;

type Target = {
  readonly booking_id: string;
  readonly reservation_id: string;
  readonly reference_code: string;
  readonly user_id: string;
  readonly clinic_id: string;
  readonly service_id: string;
  readonly staff_id: string;
};

const none = { user_id: null, clinic_id: null };
const now = Temporal.Now.instant();
const hours = (count: number) => now.add({ hours: count });
const to_come = { from: now, to: hours(24 * 30) };
const today = now.toString().slice(0, 10);

const questions: Readonly<Record<string, (one: Target) => Promise<unknown>>> = {
  'a week of a service': async ({ service_id }) =>
    await listSlots(sql, { service_id, from: now, to: hours(168), limit: 200 }),
  'the day board': async ({ clinic_id }) => await readDay(sql, clinic_id, now, hours(24)),
  'the coming bookings of a clinic': async ({ clinic_id }) =>
    await listBookings(sql, { scope: none, clinic_id, from: now, limit: 50 }),
  'the coming bookings of a vet': async ({ clinic_id, staff_id }) =>
    await listBookings(sql, { scope: none, clinic_id, staff_id, from: now, limit: 50 }),
  'the coming bookings of an owner': async ({ user_id }) =>
    await listBookings(sql, { scope: none, user_id, from: now, limit: 50 }),
  'a booking with everything': async ({ reference_code }) =>
    await findBookingDetail(sql, reference_code, none),
  'a trace': async (one) => await readTrace(sql, one),
  tickets: async ({ reference_code }) => await findTickets(sql, reference_code),
  'a receipt': async ({ reference_code }) => await findReceipt(sql, reference_code, none),
  'a payment': async ({ reference_code }) => await findPayment(sql, reference_code, none),
  "a vet's calendar": async ({ staff_id }) => await calendarRows(sql, { staff_id }, to_come, 500),
  "an owner's calendar": async ({ user_id }) => await calendarRows(sql, { user_id }, to_come, 500),
  'a report of today': async ({ clinic_id }) =>
    await readReport(sql, { clinic_id, by: 'day', from: today, to: today }),
};

async function looked(): Promise<number> {
  await sql`select pg_stat_force_next_flush()`;
  const [row] = await sql<{ pages: number }[]>`
    select blks_hit + blks_read as pages from pg_stat_database where datname = current_database()`;
  return row?.pages ?? 0;
}

/** Pages per question, once plans and catalogue are known to the connection. */
async function pagesOf(): Promise<Readonly<Record<string, number>>> {
  const targets = await sql<Target[]>`
    select b.id as booking_id, b.reservation_id, b.reference_code, b.user_id, b.clinic_id,
      b.service_id, sl.staff_id
    from bookings b join slots sl on sl.id = b.slot_id
    order by b.booking_time desc limit 40`;
  const pages: Record<string, number> = {};
  for (const [what, ask] of Object.entries(questions)) {
    for (const target of targets.slice(20)) await ask(target);
    // Autovacuum's reads are counted too, when it happens to be at work: the least of three is ours.
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round += 1) {
      const before = await looked();
      for (const target of targets.slice(0, 20)) await ask(target);
      least = Math.min(least, (await looked()) - before);
    }
    pages[what] = Math.round(least / 20);
  }
  return pages;
}

test('six times the past: no question of a day looks at much more', {
  timeout: 120_000,
}, async () => {
  await fillPresent(sql, 500, 100);
  await fillPast(sql, 0, { bookings: FEW, of: MANY, lean: false });
  const few = await pagesOf();
  await fillPast(sql, FEW, { bookings: MANY, of: MANY, lean: false });
  const many = await pagesOf();
  const grown = Object.entries(many)
    .filter(([what, pages]) => pages > GROWTH_MAX * Math.max(few[what] ?? 0, PAGES_SMALL))
    .map(([what, pages]) => `${what}: ${few[what]} -> ${pages}`);
  expect(grown).toEqual([]);
});
