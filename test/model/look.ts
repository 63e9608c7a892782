import type { Sql } from 'postgres';
import { ledgerOf } from './ledger.ts';
import {
  type BookingModel,
  type HoldModel,
  type Model,
  openPage,
  type PaymentModel,
  seatHolders,
} from './model.ts';

/** What both sides must agree on, as text per reservation and per slot: easy to compare and to read. */
export type Seen = Readonly<Record<string, string>>;

type HoldRow = {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly seats: number;
  readonly booking: string;
  readonly payments: readonly string[];
  readonly refunds: readonly string[];
  readonly ledger: string;
  readonly page: boolean;
};
type SlotRow = {
  readonly id: string;
  readonly status: string;
  readonly booked_count: number;
  readonly claims: number;
  readonly places: number;
  readonly highest: number;
  readonly staff: boolean;
  readonly room: boolean;
};

const holdText = (row: Omit<HoldRow, 'id'>) =>
  [
    `${row.status} v${row.version} seats ${row.seats}`,
    `booking ${row.booking}`,
    `payments ${row.payments.toSorted().join(', ')}`,
    `refunds ${row.refunds.toSorted().join(', ')}`,
    `ledger ${row.ledger}`,
    `page ${row.page}`,
  ].join(' | ');

const slotText = (row: Omit<SlotRow, 'id' | 'places' | 'highest'>) =>
  `${row.status} booked ${row.booked_count} claims ${row.claims} staff ${row.staff} room ${row.room}`;

/** Reads everything in one round trip; throws at once when a seat is sold twice or does not exist. */
export async function look(sql: Sql, model: Model): Promise<Seen> {
  const [holds, slots] = await Promise.all([
    sql<HoldRow[]>`
      select r.id, r.status, r.version,
        (select count(*) from slot_claims c
          where c.slot_id = r.slot_id and c.reservation_id = r.id and c.seat = any (r.seats)
            and (c.expires_at is null) = (r.status = 'confirmed')) as seats,
        case when b.id is null then '' else concat_ws(' ', b.status, b.version, b.payment_mode,
          b.arrived_at is not null,
          (b.amount * 100)::bigint, (b.amount_due * 100)::bigint,
          ((b.service_snapshot ->> 'price')::numeric * 100)::bigint, b.refund_percent_cap
        ) end as booking,
        array(select concat_ws(' ', p.status, (p.amount * 100)::bigint, p.booking_id is not null,
            (coalesce(p.refund_amount, 0) * 100)::bigint)
          from payments p where p.reservation_id = r.id) as payments,
        array(select concat_ws(' ', f.status, (f.amount * 100)::bigint, f.origin, f.decision,
            f.attempts)
          from refunds f where f.reservation_id = r.id) as refunds,
        coalesce((select concat_ws(' ', (sum(e.platform_fee) * 100)::bigint,
            (sum(e.clinic_amount) * 100)::bigint, (sum(e.tax_amount) * 100)::bigint)
          from financial_entries e where e.booking_id = b.id having count(*) > 0), '0 0 0'
        ) as ledger,
        open_session(r.id) is not null as page
      from reservations r
      left join bookings b on b.reservation_id = r.id`,
    sql<SlotRow[]>`
      select sl.id, sl.status, sl.booked_count,
        count(c.seat) as claims, count(distinct c.seat) as places,
        coalesce(max(c.seat), 0) as highest,
        exists (select from staff_claims s where s.slot_id = sl.id) as staff,
        exists (select from room_claims m where m.slot_id = sl.id) as room
      from slots sl
      left join slot_claims c on c.slot_id = sl.id
      group by sl.id`,
  ]);
  for (const { id, claims, places, highest } of slots) {
    const capacity = model.slots.find((slot) => slot.id === id)?.capacity ?? 0;
    if (claims !== places || highest > capacity) throw new Error(`a seat of ${id} is sold twice`);
  }
  return Object.fromEntries([
    ...holds.map((row) => [row.id, holdText(row)] as const),
    ...slots.map((row) => [row.id, slotText(row)] as const),
  ]);
}

const bookingText = (b: BookingModel) =>
  [
    b.status,
    b.version,
    b.mode,
    b.has_arrived ? 't' : 'f',
    b.amount,
    b.amount_due,
    b.unit,
    b.cap,
  ].join(' ');

const completedOf = ({ refunds }: PaymentModel) =>
  refunds
    .filter(({ status }) => status === 'completed')
    .reduce((sum, { amount }) => sum + amount, 0);

function rowOf(hold: HoldModel): Omit<HoldRow, 'id'> {
  const { status, version, booking, payments } = hold;
  const stands = booking === null ? status === 'pending' : booking.status !== 'cancelled';
  return {
    status,
    version,
    seats: stands ? hold.quantity : 0,
    booking: booking === null ? '' : bookingText(booking),
    payments: payments.map((p) =>
      [p.status, p.amount, p.is_booked ? 't' : 'f', completedOf(p)].join(' '),
    ),
    refunds: payments.flatMap((p) =>
      p.refunds.map((f) => [f.status, f.amount, f.origin, f.decision, f.attempts].join(' ')),
    ),
    ledger: ledgerOf(hold).join(' '),
    page: openPage(hold) !== null,
  };
}

/** The same picture, from the model. */
export function picture(model: Model): Seen {
  const slots = model.slots.map((slot) => {
    const holders = seatHolders(model, slot);
    const booked_count = holders
      .filter(({ booking }) => booking !== null)
      .reduce((sum, { quantity }) => sum + quantity, 0);
    const claims = holders.reduce((sum, { quantity }) => sum + quantity, 0);
    const open = booked_count >= slot.capacity ? 'booked' : 'available';
    const status = slot.is_blocked ? 'blocked' : open;
    const staff = claims > 0 && slot.staff !== null;
    const room = claims > 0 && slot.room !== null;
    return [slot.id, slotText({ status, booked_count, claims, staff, room })] as const;
  });
  return Object.fromEntries([
    ...model.holds.map((hold) => [hold.id, holdText(rowOf(hold))] as const),
    ...slots,
  ]);
}
