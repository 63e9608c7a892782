import { expect, test } from 'vitest';
import { booking_statuses, reservation_statuses } from './booking.ts';
import { salon_states, salonState, type Triple, ticket_states, ticketState } from './states.ts';

type Payment = NonNullable<Triple['payment']>;
const paid = (refund_status: Payment['refund_status'] = null): Payment => ({
  status: 'success',
  refund_status,
});
const open = (status: Payment['status']): Payment => ({ status, refund_status: null });
const refunded: Payment = { status: 'refunded', refund_status: 'completed' };
const booked = (status: (typeof booking_statuses)[number], is_delivered = true) => ({
  status,
  is_delivered,
});

const table: readonly (readonly [
  Triple['reservation'],
  Triple['payment'],
  Triple['booking'],
  ticket: string,
  salon: string,
])[] = [
  ['asked', null, null, 'PENDING', 'PENDING'],
  ['refused', null, null, 'FAILED', 'CANCELLED'],
  ['pending', null, null, 'RESERVED', 'PENDING'],
  ['pending', open('pending'), null, 'PAYMENT_PENDING', 'PENDING'],
  ['pending', open('processing'), null, 'PAYMENT_PENDING', 'PENDING'],
  ['pending', paid(), null, 'PAYMENT_PENDING', 'PENDING'],
  ['pending', open('failed'), null, 'PAYMENT_FAILED', 'PENDING'],
  ['expired', null, null, 'EXPIRED', 'CANCELLED'],
  ['expired', open('failed'), null, 'EXPIRED', 'CANCELLED'],
  ['expired', paid('pending'), null, 'REFUND_REQUESTED', 'CANCELLED'],
  ['expired', refunded, null, 'REFUNDED', 'CANCELLED'],
  ['cancelled', null, null, 'CANCELLED', 'CANCELLED'],
  ['cancelled', open('failed'), null, 'CANCELLED', 'CANCELLED'],
  ['cancelled', paid('failed'), null, 'REFUND_REQUESTED', 'CANCELLED'],
  ['confirmed', null, null, 'CONFIRMED', 'CONFIRMED'],
  ['confirmed', null, booked('confirmed', false), 'CONFIRMED', 'CONFIRMED'],
  ['confirmed', paid(), booked('confirmed', false), 'CONFIRMED', 'CONFIRMED'],
  ['confirmed', paid(), booked('confirmed'), 'TICKETS_DELIVERED', 'CONFIRMED'],
  ['confirmed', paid('completed'), booked('confirmed'), 'TICKETS_DELIVERED', 'CONFIRMED'],
  ['confirmed', paid('denied'), booked('confirmed'), 'REFUND_DENIED', 'CONFIRMED'],
  ['confirmed', refunded, booked('confirmed'), 'REFUNDED', 'CONFIRMED'],
  ['confirmed', paid(), booked('in-progress'), 'TICKETS_DELIVERED', 'CONFIRMED'],
  ['confirmed', paid(), booked('completed'), 'TICKETS_DELIVERED', 'COMPLETED'],
  ['confirmed', paid(), booked('no-show'), 'TICKETS_DELIVERED', 'CANCELLED'],
  ['confirmed', paid(), booked('cancelled'), 'CANCELLED', 'CANCELLED'],
  ['confirmed', paid('processing'), booked('cancelled'), 'REFUND_REQUESTED', 'CANCELLED'],
  ['confirmed', paid('denied'), booked('cancelled'), 'REFUND_DENIED', 'CANCELLED'],
  ['confirmed', paid('completed'), booked('cancelled'), 'REFUNDED', 'CANCELLED'],
  ['confirmed', refunded, booked('cancelled'), 'REFUNDED', 'CANCELLED'],
];

test.each(table)('%s, %j, %j: %s, %s', (reservation, payment, booking, ticket, salon) => {
  const triple = { reservation, payment, booking };
  expect([ticketState(triple), salonState(triple)]).toEqual([ticket, salon]);
});

test('every state of both documents is reached, and every triple has one', () => {
  expect(new Set(table.map(([, , , ticket]) => ticket))).toEqual(new Set(ticket_states));
  expect(new Set(table.map(([, , , , salon]) => salon))).toEqual(new Set(salon_states));
  const payments = [null, open('pending'), open('failed'), paid(), paid('denied'), refunded];
  for (const reservation of [...reservation_statuses, 'asked', 'refused'] as const) {
    for (const payment of payments) {
      for (const booking of [null, ...booking_statuses.map((status) => booked(status))]) {
        const triple = { reservation, payment, booking };
        expect(ticket_states).toContain(ticketState(triple));
        expect(salon_states).toContain(salonState(triple));
      }
    }
  }
});
