import type { EndpointName } from '../../src/domain/api.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type { DayRow } from '../../src/tui/rows.ts';
import type { FakeApi } from './fake-api.ts';
import { at, bookingOf, clinic_id, DATE, NOW, slotsOf, uuid } from './fixture.ts';

/** What happens to a booking after it was made, in memory: moved, paid, undone, looked at. */

type Handlers = {
  readonly [N in EndpointName]?: (request: Request<N>) => Output<N>;
};

const instant = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toString();

/** The endpoints; `rowOf` and `check` are the fake server's own. */
export function fakeLife(
  api: () => FakeApi,
  rowOf: (booking_id: string) => DayRow,
  check: (row: DayRow, expected: number | undefined) => void,
): Handlers {
  return {
    reschedule_booking: ({ booking_id, slot_id = '', by, quote, expected_version }) => {
      const row = rowOf(booking_id);
      check(row, expected_version);
      const date = /^\d{8}/.exec(slot_id.slice(-9))?.[0] ?? '';
      const iso = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}`;
      const slot = slotsOf(row.service_id, iso).find((one) => one.slot_id === slot_id);
      if (slot === undefined || api().taken.has(slot_id)) {
        throw new AppError('slot_taken', 'The slot was booked.', { nearest: [] });
      }
      // Saturdays cost more, but never by the clinic's own wish.
      const is_dear = iso === '2026-11-21' && by !== 'clinic';
      const amount = is_dear ? '300000.00' : row.amount;
      if (quote !== true) api().change(row.reference_code ?? '', { starts_at: slot.starts_at });
      return {
        booking_id: row.booking_id ?? '',
        reference_code: row.reference_code ?? '',
        quote: quote === true,
        slot_id,
        starts_at: slot.starts_at,
        date: iso,
        time: slot.time,
        previous_slot_id: row.slot_id,
        previous_starts_at: row.starts_at,
        amount,
        previous_amount: row.amount,
        currency: 'IDR',
        refund_percent: 50,
        refund_amount: '0.00',
        refund_id: null,
        due_amount: is_dear ? '50000.00' : '0.00',
        version: rowOf(booking_id).version ?? 1,
      };
    },
    undo_booking: ({ booking_id, expected_version }) => {
      const row = rowOf(booking_id);
      check(row, expected_version);
      const undone =
        row.status === 'cancelled' || row.status === 'no-show' ? row.status : 'arrived';
      if (api().is_told) {
        throw new AppError('policy_refused', 'Its owner has been told.', { rule: 'already_told' });
      }
      const arrived_at = undone === 'arrived' ? null : row.arrived_at;
      api().change(row.reference_code ?? '', { status: 'confirmed', arrived_at });
      return { ...bookingOf(rowOf(booking_id)), undone };
    },
    list_undoable: () => ({ items: api().undoable, next_cursor: null }),
    resend_booking: ({ booking_id }) => {
      const row = rowOf(booking_id);
      if (row.owner_phone === null) {
        throw new AppError('policy_refused', 'The owner has no address.');
      }
      return { type: 'booking_confirmed', channels: ['sms'] };
    },
    pay_booking: ({ booking_id, amount, expected_version }) => {
      const row = rowOf(booking_id);
      check(row, expected_version);
      const is_part = amount !== undefined && amount !== row.amount;
      const payment_state = is_part ? 'due' : 'paid';
      api().change(row.reference_code ?? '', { payment_state });
      const rest = is_part ? `${Number(row.amount) - Number(amount)}.00` : '0.00';
      return {
        payment_id: uuid(9, 900),
        booking_id: row.booking_id ?? '',
        reference_code: row.reference_code ?? '',
        already_paid: false,
        amount: amount ?? row.amount,
        amount_rest: rest,
        currency: 'IDR',
        version: rowOf(booking_id).version ?? 1,
      };
    },
    get_receipt: ({ payment_id }) => {
      const row = rowOf(payment_id);
      if (row.payment_state !== 'paid') throw new AppError('not_found', 'No payment yet.');
      const text = ['Klinik Sehat BSD', '', `${row.service_name}   Rp 250.000`, '', 'Terima kasih'];
      return {
        receipt_number: `${row.reference_code}-1`,
        payment_id: uuid(9, 900),
        booking_id: row.booking_id ?? '',
        reference_code: row.reference_code ?? '',
        lang: 'id',
        clinic_name: 'Klinik Sehat BSD',
        clinic_address: null,
        clinic_phone: null,
        owner_name: row.owner_name,
        pet_name: row.pet_name,
        service_name: row.service_name,
        starts_at: row.starts_at,
        paid_at: at('10:40'),
        payment_method: 'cash',
        price: row.amount,
        amount: row.amount,
        tax_amount: '24775.00',
        tax_percent: '11',
        amount_rest: '0.00',
        refunded: '0.00',
        currency: 'IDR',
        text: text.join('\n'),
        html: '',
      };
    },
    trace_booking: ({ booking_id }) => {
      const row = rowOf(booking_id);
      const line = { detail: null, source: 'web', request_id: null, sequence: null, out_ms: null };
      return {
        booking_id: row.booking_id ?? '',
        reference_code: row.reference_code ?? '',
        items: [
          { ...line, at: at('10:01'), since_ms: 0, part: 'hold', what: 'reservation.created' },
          { ...line, at: at('10:03'), since_ms: 120_000, part: 'payment', what: 'success' },
          {
            ...line,
            at: at('10:03'),
            since_ms: 12,
            part: 'event',
            what: 'booking.confirmed',
            sequence: 918_100,
            out_ms: 84,
          },
          { ...line, at: at('10:03'), since_ms: 910, part: 'message', what: 'booking_confirmed' },
        ],
      };
    },
    get_reservation: ({ reservation_id }) => {
      const found = api().day.items.find(
        (one) => one.reservation_id === reservation_id || one.reference_code === reservation_id,
      );
      if (found === undefined) throw new AppError('not_found', 'No such hold.');
      return {
        reservation_id: found.reservation_id ?? '',
        reference_code: found.reference_code ?? '',
        status: found.kind === 'hold' ? 'pending' : 'confirmed',
        user_id: found.user_id ?? '',
        pet_id: uuid(8, 1),
        clinic_id,
        service_id: found.service_id,
        slot_id: found.slot_id,
        starts_at: found.starts_at,
        date: DATE,
        time: found.time,
        quantity: 1,
        seats: [1],
        amount: found.amount,
        currency: 'IDR',
        expires_at: found.hold_expires_at ?? instant(NOW),
        extended: false,
        booking_id: found.booking_id,
        payment_url: found.kind === 'hold' ? 'https://pay.example.com/c/pay/cs_test_h0ld' : null,
        payment_attempts: [{ result: 'failed', at: at('10:39') }],
        version: 1,
        created_at: at('10:38'),
      };
    },
    list_bookings: () => ({
      items: api()
        .day.items.filter((row) => row.kind === 'booking')
        .map((row) => bookingOf(row)),
      next_cursor: null,
    }),
  };
}
