import type { Triple } from '../../domain/states.ts';
import { type Db, run } from './db.ts';

type Row = {
  readonly reservation: NonNullable<Triple['reservation']>;
  readonly payment_status: NonNullable<Triple['payment']>['status'] | null;
  readonly refund_status: NonNullable<Triple['payment']>['refund_status'];
  readonly booking_status: NonNullable<Triple['booking']>['status'] | null;
  readonly is_delivered: boolean;
};

/** What the states of the source documents are computed from. Money that arrived decides. */
export async function readTriple(sql: Db, reservation_id: string): Promise<Triple | null> {
  const [row] = await run(sql<Row[]>`
    select r.status as reservation, p.status as payment_status, p.refund_status,
      b.status as booking_status,
      exists (
        select from deliveries d
        where d.booking_id = b.id and d.type = 'booking_confirmed' and d.status = 'sent'
      ) as is_delivered
    from reservations r
    left join bookings b on b.reservation_id = r.id
    left join lateral (
      select status, refund_status
      from payments
      where reservation_id = r.id
      order by status in ('success', 'refunded') desc, created_at desc
      limit 1
    ) as p on true
    where r.id = ${reservation_id}`);
  if (!row) return null;
  const { reservation, payment_status, refund_status, booking_status, is_delivered } = row;
  return {
    reservation,
    payment: payment_status === null ? null : { status: payment_status, refund_status },
    booking: booking_status === null ? null : { status: booking_status, is_delivered },
  };
}
