import { expect, test } from 'vitest';
import { policyOf, policyText } from '../../src/commands/rules.ts';
import {
  getBookingRules,
  setBookingRules,
  setServiceApproval,
} from '../../src/daemon/actions/booking-rules.ts';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { expectProblem, openBench, staff } from '../actions/bench.ts';
import { makeWorld, startBooking } from '../actions/world.ts';
import { mustBook } from '../helpers/booking.ts';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';

const { app, sql } = await openBench();
const { body } = shapes.set_booking_rules;

test('a new refund policy holds for new bookings and leaves the others alone', async () => {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const manager = staff('manager', clinic.id);
  const quote = async (booking_id: string) =>
    (await cancelBooking(app, manager, { booking_id, by: 'owner', quote: true })).refund_percent;
  const book = async (in_hours: number) =>
    await mustBook(sql, await addSlot(sql, clinic, service_id, { in_hours }), await addOwner(sql));
  const before = await book(30);
  const rules = await setBookingRules(app, manager, {
    clinic_id: clinic.id,
    cancellation_policy: policyOf('0:10,12:80,24+:90'),
  });
  expect(rules.version).toBe(2);
  expect(await quote(before)).toBe(50);
  expect(await quote(await book(31))).toBe(90);
  expect(await quote(await book(13))).toBe(80);
  expect(await quote(await book(3))).toBe(10);
  const [entry] = await sql`
    select action, before, after from audit_log where target_id = ${clinic.id}`;
  expect(entry).toMatchObject({
    action: 'clinic.booking_rules',
    before: { hold_ms: 600_000 },
    after: { cancellation_policy: [{ from_hours: 0, percent: 10 }, {}, {}] },
  });
});

test('a shorter hold is what the next hold lives', async () => {
  const world = await makeWorld(sql);
  const manager = staff('manager', world.clinic.id);
  await setBookingRules(app, manager, { clinic_id: world.clinic.id, hold_ms: 300_000 });
  const { expires_at } = await startBooking(app, world);
  const left_ms = Temporal.Instant.from(expires_at)
    .since(Temporal.Now.instant())
    .total('milliseconds');
  expect(left_ms).toBeGreaterThan(280_000);
  expect(left_ms).toBeLessThanOrEqual(301_000);
});

test('two managers do not overwrite each other, and strangers see nothing', async () => {
  const clinic = await addClinic(sql);
  const clinic_id = clinic.id;
  const manager = staff('manager', clinic_id);
  const { version } = await getBookingRules(app, manager, { clinic_id });
  const change = (undo_ms: number) =>
    setBookingRules(app, manager, { clinic_id, undo_ms, expected_version: version });
  const results = await Promise.allSettled([change(1_000), change(2_000)]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  await expectProblem(change(3_000), 'conflict');
  const other = staff('manager', (await addClinic(sql)).id);
  await expectProblem(setBookingRules(app, other, { clinic_id, undo_ms: 0 }), 'not_found');
  await expectProblem(getBookingRules(app, other, { clinic_id }), 'not_found');
});

test('a service waits for the clinic from the next hold on', async () => {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const manager = staff('manager', clinic.id);
  const wish = { service_id, requires_approval: true };
  expect(await setServiceApproval(app, manager, wish)).toEqual(wish);
  await setServiceApproval(app, manager, wish);
  const audited = await sql`select 1 from audit_log where target_id = ${service_id}`;
  expect(audited).toHaveLength(1);
  const other = staff('manager', (await addClinic(sql)).id);
  await expectProblem(setServiceApproval(app, other, wish), 'not_found');
});

test.each([
  [{ hold_ms: 299_999 }],
  [{ hold_ms: 900_001 }],
  [{ undo_ms: -1 }],
  [{ approval_ms: 0 }],
  [{ check_in_hours: 1.5 }],
  [{ cancellation_policy: [] }],
  [{ cancellation_policy: [{ from_hours: 1, percent: 0 }] }],
  [{ cancellation_policy: [{ after_hours: 0, percent: 0 }] }],
  [{ cancellation_policy: [{ from_hours: 0, percent: 101 }] }],
  [{ cancellation_policy: [{ from_hours: 0, after_hours: 0, percent: 1 }] }],
  [
    {
      cancellation_policy: [
        { from_hours: 0, percent: 0 },
        { from_hours: 24, percent: 50 },
        { after_hours: 24, percent: 100 },
      ],
    },
  ],
])('%j is refused before it reaches anybody', (wish) => {
  expect(body.safeParse(wish).success).toBe(false);
});

test('tiers are written as people say them', () => {
  const policy = policyOf('0:0, 24h:50%, 48+:100');
  expect(policy).toEqual([
    { from_hours: 0, percent: 0 },
    { from_hours: 24, percent: 50 },
    { after_hours: 48, percent: 100 },
  ]);
  expect(policyText(policy)).toBe('from 0 h 0 %, from 24 h 50 %, more than 48 h 100 %');
  expect(() => policyOf('24=50')).toThrow('no tier');
});
