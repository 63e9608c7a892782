import { randomUUID } from 'node:crypto';
import { type EndpointName, endpoints } from '../../src/domain/api.ts';
import type { StreamName } from '../../src/domain/api-attachments.ts';
import { lockKey } from '../../src/domain/lock.ts';
import { mayAccess, type Role, roles } from '../../src/domain/roles.ts';
import {
  addClinic,
  addOwner,
  addService,
  addSlot,
  type Clinic,
  type OwnerIds,
} from '../helpers/database.ts';
import { calendarSamples } from './calendar.ts';
import { capacity_samples } from './capacity.ts';
import { type Answer, call, type Harness, member, type Request } from './harness.ts';
import { kpi_samples } from './kpis.ts';
import { message_samples } from './messages.ts';
import { outbox_samples } from './outbox.ts';
import { attachFile, completeVisit, reviewVisit } from './papers.ts';
import { reminderSamples } from './reminders.ts';
import { savedSamples } from './saved.ts';
import { schedule_samples } from './schedules.ts';
import { series_samples } from './series.ts';
import { closedHours, freshTimeOff } from './time-off.ts';
import { freshTickets } from './venue.ts';
import { view_samples } from './views.ts';
import { waitlist_samples } from './waitlist.ts';
import { webhook_samples } from './webhooks.ts';

/** Two clinics, two owners and a token for everybody: enough to be foreign to each other. */
export type World = {
  readonly base: string;
  readonly clinic: Clinic;
  readonly other_clinic: Clinic;
  readonly service_id: string;
  readonly other_service_id: string;
  readonly owner: OwnerIds;
  readonly other_owner: OwnerIds;
  readonly tokens: Readonly<Record<Role, string>>;
  readonly other_customer: string;
  /** A desk key of `other_clinic` only. */
  readonly other_desk: string;
  readonly harness: Harness;
};

export async function buildWorld(harness: Harness): Promise<World> {
  const { sql } = harness;
  const clinic = await addClinic(sql, { undo_ms: 30_000 });
  const other_clinic = await addClinic(sql, { currency: 'JPY', time_zone: 'Asia/Tokyo' });
  const owner = await addOwner(sql);
  const other_owner = await addOwner(sql);
  const entries = await Promise.all(
    roles.map(async (role) => {
      const token =
        role === 'customer'
          ? await harness.mintCustomerToken(owner.user_id)
          : await harness.addKey(role);
      return [role, token] as const;
    }),
  );
  const token = (wanted: Role) => entries.find(([role]) => role === wanted)?.[1] ?? '';
  return {
    base: harness.daemon.url,
    clinic,
    other_clinic,
    service_id: await addService(sql, clinic),
    other_service_id: await addService(sql, other_clinic, { price: '3500' }),
    owner,
    other_owner,
    tokens: {
      customer: token('customer'),
      viewer: token('viewer'),
      desk: token('desk'),
      manager: token('manager'),
      sre: token('sre'),
      ci: token('ci'),
      admin: token('admin'),
    },
    other_customer: await harness.mintCustomerToken(other_owner.user_id),
    other_desk: await harness.addKey('desk', other_clinic.id),
    harness,
  };
}

let hours = 72;
/** A slot that overlaps no other one of this world: one owner may hold all of them. */
export async function freshSlot(world: World): Promise<string> {
  hours += 1;
  return await addSlot(world.harness.sql, world.clinic, world.service_id, { in_hours: hours });
}

/** Whom a booking is for: customers are themselves, staff name the owner. */
function forOwner(world: World, role: Role) {
  const { user_id, pet_id } = world.owner;
  return role === 'customer' ? { pet_id } : { pet_id, user_id };
}

export async function slotRequest(world: World, role: Role): Promise<Record<string, unknown>> {
  return {
    service_id: world.service_id,
    slot_id: await freshSlot(world),
    ...forOwner(world, role),
  };
}

export function must(answer: Answer, name: string): string {
  const value = member(answer.json, name);
  if (typeof value === 'string') return value;
  throw new Error(`${answer.status} without ${name}: ${answer.text}`);
}

/** A hold of `owner`, made by the desk. */
export async function freshHold(world: World): Promise<string> {
  const body = await slotRequest(world, 'desk');
  const token = world.tokens.desk;
  return must(await call(world.base, 'create_reservation', { body }, { token }), 'reservation_id');
}

/** A confirmed booking of `owner`, paid in cash at the desk unless told otherwise. */
export async function freshBooking(world: World, payment_method = 'cash'): Promise<string> {
  const body = { ...(await slotRequest(world, 'desk')), payment_method };
  const token = world.tokens.desk;
  return must(await call(world.base, 'create_booking', { body }, { token }), 'booking_id');
}

/** A refund of a new booking, asked for by that role: the desk's waits for a manager. */
export async function freshRefund(world: World, role: 'desk' | 'manager'): Promise<string> {
  const body = { booking_id: await freshBooking(world), amount: '1000.00', reason: 'test' };
  const token = world.tokens[role];
  return must(await call(world.base, 'create_refund', { body }, { token }), 'refund_id');
}

/** A hold that costs nothing and waits for the clinic's yes. */
export async function freshRequest(world: World): Promise<string> {
  const reservation_id = await freshHold(world);
  await world.harness.sql`
    update reservations set approval = 'awaiting', approval_asked_at = now(), amount_due = 0
    where id = ${reservation_id}`;
  return reservation_id;
}

/** A closed batch of one payment, of a clinic-day long ago. */
export async function freshSettlement(world: World): Promise<string> {
  const booking_id = await freshBooking(world);
  const { sql } = world.harness;
  await sql`
    update financial_entries set created_at = '2026-02-03T12:00:00Z'
    where booking_id = ${booking_id}`;
  const body = { clinic_id: world.clinic.id, from: '2026-02-01', to: '2026-02-28' };
  const token = world.tokens.manager;
  return must(await call(world.base, 'create_settlement', { body }, { token }), 'settlement_id');
}

/** A lock that belongs to nothing, and the fingerprint that a release must name. */
export async function leakedLock(world: World): Promise<{ key: string; token: string }> {
  const slot_id = await freshSlot(world);
  const { locks } = world.harness.daemon.app;
  await locks.assign(slot_id, [1], `leaked.${slot_id}`, 600_000);
  const key = lockKey(slot_id, 1);
  const entry = await locks.inspect(key);
  if (entry === null || entry === 'none') throw new Error('the lock could not be planted');
  return { key, token: entry.token };
}

/** A service of its own: prices of the shared one must stay simple. */
const freshService = async ({ harness, clinic }: World) => await addService(harness.sql, clinic);

let phones = 10_000_000;

type Sample = (world: World, role: Role) => Promise<Request>;

/** One request per endpoint that must succeed for every role that is let in. */
export const samples: Readonly<
  Record<Exclude<EndpointName, 'take_payment_event' | StreamName>, Sample>
> = {
  get_me: async () => ({}),
  list_clinics: async () => ({ query: { limit: '5' } }),
  get_clinic: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  list_services: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  get_day: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  list_slots: async (world) => {
    await freshSlot(world);
    return { params: { service_id: world.service_id }, query: { explain: '1' } };
  },
  get_week: async (world) => {
    await freshSlot(world);
    return { params: { service_id: world.service_id } };
  },
  list_rows: async (world) => {
    const { clinic, service_id, harness } = world;
    const other = await addService(harness.sql, clinic);
    const query = { services: `${service_id},${other}` };
    return { params: { clinic_id: clinic.id }, query };
  },
  search_owners: async () => ({ query: { q: 'Owner' } }),
  get_owner: async ({ owner }) => ({ params: { user_id: owner.user_id } }),
  create_owner: async () => {
    phones += 1;
    return { body: { full_name: 'Rina', phone: `+6281${phones}`, pet_name: 'Mochi' } };
  },
  create_reservation: async (world, role) => ({ body: await slotRequest(world, role) }),
  get_reservation: async (world) => ({ params: { reservation_id: await freshHold(world) } }),
  extend_reservation: async (world) => ({ params: { reservation_id: await freshHold(world) } }),
  confirm_reservation: async (world) => ({
    params: { reservation_id: await freshHold(world) },
    body: { payment_method: 'cash' },
  }),
  cancel_reservation: async (world) => ({ params: { reservation_id: await freshHold(world) } }),
  create_booking: async (world, role) => ({ body: await slotRequest(world, role) }),
  list_bookings: async ({ owner }) => ({ query: { user_id: owner.user_id } }),
  get_booking: async (world) => ({ params: { booking_id: await freshBooking(world) } }),
  cancel_booking: async (world) => ({
    params: { booking_id: await freshBooking(world) },
    body: { reason: 'test' },
  }),
  set_booking_status: async (world) => ({
    params: { booking_id: await freshBooking(world) },
    body: { status: 'arrived' },
  }),
  reschedule_booking: async (world) => ({
    params: { booking_id: await freshBooking(world) },
    body: { slot_id: await freshSlot(world) },
  }),
  undo_booking: async (world, role) => {
    const params = { booking_id: await freshBooking(world) };
    const token = world.tokens[role === 'customer' ? role : 'desk'];
    // Customers take their own cancel back only.
    if (role === 'customer') await call(world.base, 'cancel_booking', { params }, { token });
    else {
      const body = { status: 'arrived' };
      await call(world.base, 'set_booking_status', { params, body }, { token });
    }
    return { params };
  },
  list_undoable: async () => ({}),
  get_booking_rules: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  set_booking_rules: async ({ clinic }) => ({
    params: { clinic_id: clinic.id },
    body: { undo_ms: 30_000 },
  }),
  set_service_approval: async (world) => ({
    params: { service_id: await freshService(world) },
    body: { requires_approval: true },
  }),
  ...capacity_samples,
  ...kpi_samples,
  ...series_samples,
  take_time_off: freshTimeOff,
  list_time_off: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  end_time_off: async (world) => ({ params: { time_off_id: await closedHours(world) } }),
  create_review: async (world) => ({
    params: { booking_id: await completeVisit(world, await freshBooking(world)) },
    body: { rating: 5, ratings_breakdown: { care: 5 }, comment: 'Kind to Mochi.' },
  }),
  edit_review: async (world) => ({
    params: { review_id: await reviewVisit(world, await freshBooking(world)) },
    body: { rating: 3 },
  }),
  list_reviews: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  decide_review: async (world) => ({
    params: { review_id: await reviewVisit(world, await freshBooking(world)) },
    body: { decision: 'rejected', reason: 'test' },
  }),
  reply_review: async (world) => ({
    params: { review_id: await reviewVisit(world, await freshBooking(world)) },
    body: { reply: 'Thank you.' },
  }),
  ...reminderSamples(freshBooking),
  ...calendarSamples(freshBooking),
  list_attachments: async (world) => ({ params: { booking_id: await freshBooking(world) } }),
  delete_attachment: async (world) => ({
    params: await attachFile(world, await freshBooking(world)),
  }),
  sweep_attachments: async () => ({}),
  trace_booking: async (world) => ({ params: { booking_id: await freshBooking(world) } }),
  get_tickets: async (world) => ({ params: { booking_id: await freshTickets(world) } }),
  check_in: async (world) => ({ body: { code: await freshTickets(world) } }),
  list_jobs: async () => ({}),
  inspect_jobs: async () => ({ params: { queue: 'outbox' }, query: { state: 'dead' } }),
  list_locks: async () => ({ query: { class: 'leaked' } }),
  inspect_lock: async (world) => ({ params: { key: (await leakedLock(world)).key } }),
  release_lock: async (world) => {
    const { key, token } = await leakedLock(world);
    return { params: { key }, body: { token, reason: 'test' } };
  },
  ...outbox_samples,
  ...message_samples,
  resend_booking: async (world) => ({ params: { booking_id: await freshBooking(world) } }),
  list_prices: async ({ service_id }) => ({ params: { service_id } }),
  set_price: async (world) => ({
    params: { service_id: await freshService(world), tier: 'Adult' },
    body: { price: '100000', quantity_prices: [{ from: 4, price: '300000', per: 'package' }] },
  }),
  withdraw_price: async (world) => {
    const params = { service_id: await freshService(world), tier: 'Adult' };
    const { admin: token } = world.tokens;
    await call(world.base, 'set_price', { params, body: { price: '1' } }, { token });
    return { params };
  },
  quote_slot: async (world) => ({
    params: { slot_id: await freshSlot(world) },
    query: { quantity: '1' },
  }),
  get_money_rules: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  set_money_rules: async ({ clinic }) => ({
    params: { clinic_id: clinic.id },
    body: { desk_refund_limit: null },
  }),
  list_payments: async ({ clinic }) => ({ query: { clinic_id: clinic.id, status: 'success' } }),
  get_payment: async (world) => ({ params: { payment_id: await freshBooking(world) } }),
  list_entries: async ({ clinic }) => ({ query: { clinic_id: clinic.id } }),
  list_inbox: async ({ clinic }) => ({ query: { clinic_id: clinic.id } }),
  settle_inbox_item: async ({ harness: { sql } }) => {
    const event_id = `evt_${randomUUID()}`;
    await sql`
      insert into webhook_events (event_id, event_type, payload, outcome)
      values (${event_id}, 'checkout.session.completed', '{}', 'unknown_money')`;
    return { params: { item_id: `event-${event_id}` }, body: { reason: 'test' } };
  },
  ...savedSamples(freshHold),
  list_approvals: async ({ clinic }) => ({ query: { clinic_id: clinic.id } }),
  decide_approval: async (world) => ({
    params: { reservation_id: await freshRequest(world) },
    body: { decision: 'rejected', reason: 'test' },
  }),
  list_refunds: async ({ clinic }) => ({ query: { clinic_id: clinic.id, status: 'pending' } }),
  create_refund: async (world) => ({
    body: { booking_id: await freshBooking(world), amount: '1000.00', reason: 'test' },
  }),
  decide_refund: async (world) => ({
    params: { refund_id: await freshRefund(world, 'desk') },
    body: { decision: 'granted' },
  }),
  complete_refund: async (world) => ({
    params: { refund_id: await freshRefund(world, 'manager') },
    body: { handed_over: 'cash' },
  }),
  retry_refund: async (world) => {
    const refund_id = await freshRefund(world, 'manager');
    const { sql } = world.harness;
    await sql`
      update payments set external_reference = 'pi_' || id
      where id = (select payment_id from refunds where id = ${refund_id})`;
    await sql`update refunds set status = 'failed' where id = ${refund_id}`;
    return { params: { refund_id } };
  },
  cleanup_locks: async () => ({ body: { max: 5, dry_run: true } }),
  reconcile: async () => ({ body: { dry_run: true } }),
  pay_booking: async (world) => ({
    params: { booking_id: await freshBooking(world, 'at_clinic') },
    body: { payment_method: 'cash' },
  }),
  get_receipt: async (world) => {
    const body = { payment_method: 'cash' };
    const params = { booking_id: await freshBooking(world, 'at_clinic') };
    const paid = await call(
      world.base,
      'pay_booking',
      { params, body },
      { token: world.tokens.desk },
    );
    return { params: { payment_id: must(paid, 'payment_id') } };
  },
  get_cash_up: async ({ clinic }) => ({ params: { clinic_id: clinic.id } }),
  create_settlement: async ({ clinic }) => ({
    body: { clinic_id: clinic.id, from: '2026-01-01', to: '2026-01-31', dry_run: true },
  }),
  list_settlements: async ({ clinic }) => ({ query: { clinic_id: clinic.id } }),
  get_settlement: async (world) => ({ params: { settlement_id: await freshSettlement(world) } }),
  ...waitlist_samples,
  ...schedule_samples,
  ...view_samples,
  ...webhook_samples,
  count_cash: async ({ clinic }) => ({
    params: { clinic_id: clinic.id },
    body: { counted: '250000', note: 'test' },
  }),
};

export { stateOf } from './state.ts';

export type SampleName = keyof typeof samples;
export const sample_names = Object.keys(samples) as SampleName[];

/** Who may call it and sees most: admin, where the customer does not speak for themselves. */
export function callerOf(name: SampleName): Role {
  return mayAccess('admin', endpoints[name].access) ? 'admin' : 'customer';
}

export const unknown_id = () => randomUUID();
