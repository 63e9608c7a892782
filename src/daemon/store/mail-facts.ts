import type { BookingStatus } from '../../domain/booking.ts';
import type { MailFacts, MailLang } from '../../domain/message.ts';
import { parseAmount } from '../../domain/money.ts';
import { type Db, run } from './db.ts';
import type { HeldItem } from './items.ts';

/** What a mail tells, and what decides whether it is still wanted. */
export type MailRow = {
  readonly facts: MailFacts;
  /** Null while there is only a hold. */
  readonly status: BookingStatus | null;
  readonly is_booked: boolean;
  /** The hold has neither ended nor become a booking. */
  readonly is_pending: boolean;
  readonly clinic_kind: 'clinic' | 'salon' | 'venue';
  readonly version: number;
  /** When that version came to be: the calendar file's stamp. */
  readonly changed_at: Temporal.Instant;
};

type Row = {
  readonly lang: MailLang;
  readonly reference_code: string;
  readonly owner_name: string;
  readonly pet_name: string | null;
  readonly service_name: string;
  readonly staff_name: string | null;
  readonly clinic_name: string;
  readonly clinic_address: string | null;
  readonly clinic_phone: string | null;
  readonly clinic_email: string | null;
  readonly time_zone: string;
  readonly starts_at: Temporal.Instant;
  readonly ends_at: Temporal.Instant;
  /** Null where there is one service. */
  readonly items: readonly HeldItem[] | null;
  readonly quantity: number;
  readonly amount: string;
  readonly currency: string;
  readonly is_paid: boolean;
  readonly refund_amount: string | null;
  readonly refund_currency: string | null;
  readonly refund_percent: number | null;
  readonly cancelled_by: 'owner' | 'clinic' | null;
  readonly answer_by: Temporal.Instant;
  readonly has_card: boolean;
  readonly is_pending: boolean;
  readonly status: BookingStatus | null;
  readonly clinic_kind: MailRow['clinic_kind'];
  readonly seat_names: readonly string[] | null;
  readonly version: number | null;
  readonly changed_at: Temporal.Instant;
};

/** The newest refund speaks: a mail about money names what is on its way now. */
async function readRow(sql: Db, reservation_id: string): Promise<Row | null> {
  const [row] = await run(sql<Row[]>`
    select u.lang, r.reference_code, u.full_name as owner_name,
      coalesce(b.pet_snapshot ->> 'name', pt.name) as pet_name,
      coalesce(b.service_snapshot ->> 'name', items_name(r), sv.name) as service_name,
      st.name as staff_name, c.name as clinic_name, c.address as clinic_address,
      c.phone as clinic_phone, c.email as clinic_email, c.kind as clinic_kind, c.time_zone, sl.starts_at,
      coalesce(items_end(r), sl.ends_at) as ends_at, items_json(r.id, r.currency) as items,
      r.quantity, seat_labels(r.slot_id, r.id, r.seats) as seat_names,
      coalesce(b.amount, r.amount) as amount, r.currency,
      exists (
        select from payments p where p.reservation_id = r.id and p.paid_at is not null
      ) as is_paid,
      f.amount as refund_amount, f.currency as refund_currency, b.refund_percent,
      b.cancelled_by, b.status, b.version, r.expires_at as answer_by,
      exists (select from authorisations a where a.reservation_id = r.id) as has_card,
      r.status = 'pending' as is_pending,
      coalesce(b.updated_at, r.updated_at) as changed_at
    from reservations r
    join users u on u.id = r.user_id
    join clinics c on c.id = r.clinic_id
    left join bookings b on b.reservation_id = r.id
    join slots sl on sl.id = coalesce(b.slot_id, r.slot_id)
    join services sv on sv.id = sl.service_id
    left join staff st on st.id = sl.staff_id
    left join pets pt on pt.id = r.pet_id
    left join lateral (
      select amount, currency
      from refunds
      where reservation_id = r.id and status <> 'denied'
      order by created_at desc
      limit 1
    ) as f on true
    where r.id = ${reservation_id}`);
  return row ?? null;
}

/** Facts of the visit that a message is about; null when it is gone. */
export async function findMailFacts(sql: Db, reservation_id: string): Promise<MailRow | null> {
  const row = await readRow(sql, reservation_id);
  if (!row) return null;
  const { amount, currency, refund_amount, refund_currency, is_paid, pet_name } = row;
  const { status, version, changed_at, clinic_kind, ...rest } = row;
  const refund =
    refund_amount === null || refund_currency === null
      ? null
      : parseAmount(refund_amount, refund_currency);
  return {
    status,
    is_booked: status !== null,
    is_pending: rest.is_pending,
    clinic_kind,
    version: version ?? 0,
    changed_at,
    facts: {
      lang: rest.lang,
      reference_code: rest.reference_code,
      owner_name: rest.owner_name,
      pet_name: pet_name ?? '',
      service_name: rest.service_name,
      staff_name: rest.staff_name,
      clinic_name: rest.clinic_name,
      clinic_address: rest.clinic_address,
      clinic_phone: rest.clinic_phone,
      clinic_email: rest.clinic_email,
      time_zone: rest.time_zone,
      starts_at: rest.starts_at,
      ends_at: rest.ends_at,
      items: (rest.items ?? []).map(({ starts_at, service_name, staff_name }) => ({
        starts_at: Temporal.Instant.from(starts_at),
        service_name,
        staff_name,
      })),
      quantity: rest.quantity,
      seat_names: rest.seat_names,
      amount: parseAmount(amount, currency),
      payment_state: is_paid ? 'paid' : 'due',
      refund,
      refund_percent: rest.refund_percent,
      cancelled_by: rest.cancelled_by,
      answer_by: rest.answer_by,
      has_card: rest.has_card,
    },
  };
}

/** What a payment page says of a hold, and to whom. */
export type CheckoutFacts = {
  readonly email: string | null;
  readonly lang: MailLang;
  readonly service_name: string;
  readonly clinic_name: string;
  readonly user_id: string;
  /** The clinic has to say yes before the money moves. */
  readonly needs_approval: boolean;
};

export async function findCheckoutFacts(
  sql: Db,
  reservation_id: string,
): Promise<CheckoutFacts | null> {
  const [row] = await run(sql<CheckoutFacts[]>`
    select u.email, u.lang, coalesce(items_name(r), sv.name) as service_name, c.name as clinic_name, u.id as user_id,
      r.approval = 'awaiting' as needs_approval
    from reservations r
    join users u on u.id = r.user_id
    join services sv on sv.id = r.service_id
    join clinics c on c.id = r.clinic_id
    where r.id = ${reservation_id}`);
  return row ?? null;
}
