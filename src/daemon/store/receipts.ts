import type { Scope } from './actor.ts';
import { type Db, run } from './db.ts';

export type ReceiptRow = {
  readonly payment_id: string;
  readonly booking_id: string;
  readonly reference_code: string;
  /** Which payment of the booking this is, from 1. */
  readonly number: number;
  readonly lang: 'en' | 'ja' | 'id';
  readonly clinic_name: string;
  readonly clinic_address: string | null;
  readonly clinic_phone: string | null;
  readonly time_zone: string;
  readonly owner_name: string | null;
  readonly pet_name: string | null;
  readonly service_name: string;
  readonly starts_at: Temporal.Instant;
  readonly paid_at: Temporal.Instant;
  readonly payment_method: string;
  /** Null: one ordinary price. */
  readonly price_lines:
    | readonly { readonly tier: string | null; readonly units: number; readonly total: string }[]
    | null;
  readonly price: string;
  readonly amount: string;
  readonly tax_amount: string;
  readonly tax_bp: number;
  readonly amount_paid: string;
  readonly refunded: string;
  readonly currency: string;
};

/** A payment that bought a booking, by its id or as the last one of a reference. */
export async function findReceipt(
  sql: Db,
  payment_ref: string,
  scope: Scope,
): Promise<ReceiptRow | null> {
  const is_code = payment_ref.startsWith('BP');
  const [row] = await run(sql<ReceiptRow[]>`
    select p.id as payment_id, b.id as booking_id, b.reference_code, u.lang,
      (
        select count(*)
        from payments o
        where o.booking_id = b.id and o.status in ('success', 'refunded')
          and (o.paid_at, o.id) <= (p.paid_at, p.id)
      ) as number,
      c.name as clinic_name, c.address as clinic_address, c.phone as clinic_phone, c.time_zone,
      case when u.is_erased then null else u.full_name end as owner_name,
      b.pet_snapshot ->> 'name' as pet_name, concat_ws(' ', b.service_snapshot ->> 'name', (
        select '(' || array_to_string(seat_labels(b.slot_id, r.id, r.seats), ', ') || ')'
        from reservations r
        where r.id = b.reservation_id
      )) as service_name,
      b.booking_time as starts_at, p.paid_at, p.payment_method,
      b.price_lines, b.amount as price, p.amount,
      coalesce(e.tax_amount, 0) as tax_amount,
      coalesce((b.service_snapshot ->> 'tax_bp')::integer, 0) as tax_bp,
      booking_paid(b.id) as amount_paid, coalesce(p.refund_amount, 0) as refunded, p.currency
    from payments p
    join bookings b on b.id = p.booking_id
    join clinics c on c.id = b.clinic_id
    join users u on u.id = b.user_id
    left join financial_entries e on e.payment_id = p.id and e.type = 'payment'
    where p.status in ('success', 'refunded')
      and ${is_code ? sql`b.reference_code = ${payment_ref}` : sql`p.id = ${payment_ref}`}
      ${scope.user_id === null ? sql`` : sql`and b.user_id = ${scope.user_id}`}
      ${scope.clinic_id === null ? sql`` : sql`and b.clinic_id = ${scope.clinic_id}`}
    order by p.paid_at desc, p.id desc
    limit 1`);
  return row ?? null;
}
