import type { TicketFacts } from '../../domain/ticket.ts';
import type { TicketBooking } from '../store/tickets.ts';
import { signTicket } from './ticket-code.ts';

/** What the tickets of a booking say, signed with the first of the secrets. */
export function ticketFacts(
  booking: TicketBooking,
  secret: string,
  lang: TicketFacts['lang'],
): TicketFacts {
  const { reference_code } = booking;
  return {
    lang,
    reference_code,
    event_name: booking.service_name,
    place_name: booking.clinic_name,
    place_address: booking.clinic_address,
    owner_name: booking.owner_name,
    starts_at: booking.starts_at,
    ends_at: booking.ends_at,
    time_zone: booking.time_zone,
    is_due: booking.payment_state === 'due',
    seats: booking.seats.map(({ seat, name, tier }) => {
      return { seat, name, tier, code: signTicket({ reference_code, seat }, secret) };
    }),
  };
}
