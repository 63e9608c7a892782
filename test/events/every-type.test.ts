import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { setOverbooking } from '../../src/daemon/store/overbooking.ts';
import { recordPaymentSession, takePaymentEvent } from '../../src/daemon/store/payments.ts';
import { event_types } from '../../src/domain/events.ts';
import { addScene, customer, desk, mustBook, mustHold, type Scene } from '../helpers/booking.ts';
import { addSlot, createTestDatabase, lapse } from '../helpers/database.ts';
import { eventFaults } from '../helpers/events.ts';
import { addPlace, addWaiting } from '../waitlist/scene.ts';

// Every kind of event is made to happen by the function that writes it, and has the form that
// docs/events promises.

const { sql } = await createTestDatabase({ max: 2 });
const amount = '250000.00';

/** A hold with a payment page. */
async function heldWithPage(scene?: Scene) {
  const { slot_id, owner, clinic, service_id } = scene ?? (await addScene(sql));
  const reservation_id = await mustHold(sql, slot_id, owner);
  const payment_id = randomUUID();
  const session_id = `cs_${payment_id}`;
  const expires_at = Temporal.Now.instant().add({ minutes: 31 }).toString();
  const page = { payment_id, reservation_id, session_id, expires_at };
  const payment_url = 'http://127.0.0.1/pay';
  expect((await recordPaymentSession(sql, { ...page, payment_url }, desk)).outcome).toBe('ok');
  return { ...page, slot_id, owner, clinic, service_id, intent: `pi_${payment_id}` };
}

type Held = Awaited<ReturnType<typeof heldWithPage>>;

/** The provider's news of that page. */
async function hear(held: Held, result: 'success' | 'failed' | 'authorised' | 'voided') {
  return await takePaymentEvent(sql, {
    event_id: `evt_${randomUUID()}`,
    event_type: `test.${result}`,
    payload: {},
    session_id: held.session_id,
    payment_intent: held.intent,
    result,
    amount,
    currency: 'IDR',
  });
}

async function paidBooking() {
  const held = await heldWithPage();
  const { booking_id } = await hear(held, 'success');
  if (booking_id === null) throw new Error('it was not booked');
  return { ...held, booking_id };
}

async function sayStatus(booking_id: string, ...words: readonly string[]): Promise<void> {
  for (const word of words) {
    const [row] = await sql<{ outcome: string }[]>`
      select outcome from set_booking_status(${booking_id}, ${word}, null, ${sql.json(desk)})`;
    expect(`${word}: ${row?.outcome}`).toBe(`${word}: ok`);
  }
}

async function askRefund(booking_id: string): Promise<string> {
  const [row] = await sql<{ outcome: string; refund_id: string }[]>`
    select outcome, refund_id from request_refund(
      ${booking_id}, 1000, 'test', true, ${sql.json(desk)}, true
    )`;
  expect(row?.outcome).toBe('ok');
  return row?.refund_id ?? '';
}

const decide = async (refund_id: string, grant: boolean) =>
  await sql`select decide_refund(${refund_id}, ${grant}, 'test', ${sql.json(desk)})`;

const finish = async (refund_id: string, result: 'completed' | 'failed') => {
  await sql`update refunds set status = 'processing' where id = ${refund_id}`;
  await sql`select finish_refund(${refund_id}, ${result}, ${`re_${refund_id}`}, null)`;
};

afterAll(async () => {
  const rows = await sql<{ event_type: string }[]>`
    select distinct event_type from booking_events_outbox`;
  const seen = rows.map(({ event_type }) => event_type);
  expect(event_types.filter((name) => !seen.includes(name))).toEqual([]);
  expect(await eventFaults(sql)).toEqual([]);
});

test('holds: created, extended, cancelled, expired', async () => {
  const scene = await addScene(sql);
  const kept = await mustHold(sql, scene.slot_id, scene.owner);
  await sql`select extend_reservation(${kept}, null, ${sql.json(desk)})`;
  await sql`select cancel_reservation(${kept}, 'changed their mind', ${sql.json(desk)})`;
  const lapsed = await mustHold(sql, scene.slot_id, scene.owner);
  await lapse(sql, lapsed);
  expect(await sql`select * from expire_due(10)`).toHaveLength(1);
});

test('slots: overbooked', async () => {
  const { clinic, slot_id } = await addScene(sql);
  await sql`update clinics set overbooking_percent = 10 where id = ${clinic.id}`;
  const wish = { slot_id, seats: 1, reason: 'walk-in', dry_run: false };
  expect((await setOverbooking(sql, wish, desk)).outcome).toBe('ok');
});

test('requests: asked, approved, voided', async () => {
  const scenes = [await addScene(sql), await addScene(sql)];
  await sql`update services set requires_approval = true`;
  const [yes, no] = [await heldWithPage(scenes[0]), await heldWithPage(scenes[1])];
  await sql`update services set requires_approval = false`;
  for (const held of [yes, no]) {
    expect((await hear(held, 'authorised')).outcome).toBe('awaiting_approval');
  }
  for (const [held, grant] of [
    [yes, true],
    [no, false],
  ] as const) {
    const [row] = await sql<{ outcome: string }[]>`
      select outcome from decide_approval(
        ${held.reservation_id}, ${grant}, 'test', ${sql.json(desk)}
      )`;
    expect(row?.outcome).toBe('ok');
  }
  expect((await hear(no, 'voided')).outcome).toBe('voided');
});

test('bookings: created, confirmed, moved, arrived, completed, cancelled, by hand', async () => {
  const scene = await addScene(sql);
  const booking_id = await mustBook(sql, scene.slot_id, scene.owner);
  const later = await addSlot(sql, scene.clinic, scene.service_id, { in_hours: 96 });
  const [moved] = await sql<{ outcome: string }[]>`
    select outcome from reschedule_booking(
      ${booking_id}, ${later}, 'clinic', null, 'test', null, false, ${sql.json(desk)}
    )`;
  expect(moved?.outcome).toBe('ok');
  await sayStatus(booking_id, 'arrived', 'in-progress', 'completed');
  const [review] = await sql<{ outcome: string }[]>`
    select outcome from submit_review(
      ${booking_id}, 5, '{}', 'Kind to Mochi.', false, ${sql.json(customer(scene.owner.user_id))}
    )`;
  expect(review?.outcome).toBe('ok');
  const other = await paidBooking();
  await sql`
    select cancel_booking(${other.booking_id}, 'test', 'clinic', null, false, ${sql.json(desk)})`;
  const third = await paidBooking();
  await sql`update bookings set status = 'no-show' where id = ${third.booking_id}`;
});

test('money: processed, failed, late, disputed, and all that becomes of a refund', async () => {
  expect((await hear(await heldWithPage(), 'failed')).outcome).toBe('failed_recorded');
  const late = await heldWithPage();
  await sql`select cancel_reservation(${late.reservation_id}, 'test', ${sql.json(desk)})`;
  expect((await hear(late, 'success')).outcome).toBe('refund_requested');
  const paid = await paidBooking();
  const [granted, denied] = [await askRefund(paid.booking_id), await askRefund(paid.booking_id)];
  await decide(granted, true);
  await decide(denied, false);
  await finish(granted, 'completed');
  const failing = await askRefund(paid.booking_id);
  await decide(failing, true);
  await finish(failing, 'failed');
  await sql`
    select take_dispute_event(
      ${`evt_${randomUUID()}`}, 'charge.dispute.created', '{}', 'dp_1', ${paid.intent}, 'open',
      ${amount}, 'IDR', 'fraudulent'
    )`;
});

test('the waiting list: changed, offered', async () => {
  const place = await addPlace(sql);
  await addWaiting(sql, place);
  const [row] = await sql<{ outcome: string }[]>`
    select outcome from offer_next(${place.slot_id}, '{}', ${sql.json(desk)})`;
  expect(row?.outcome).toBe('offered');
});

test('webhooks: disabled', async () => {
  const { clinic } = await addScene(sql);
  await sql`
    with made as (
      insert into webhook_endpoints (clinic_id, url, event_types, secret, listens_after)
      values (${clinic.id}, 'https://hooks.example.com', '{*}', 'whsec_dGVzdA==', 0)
      returning *
    )
    select disable_webhook(made::webhook_endpoints, 'test') from made`;
});
