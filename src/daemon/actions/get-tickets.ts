import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { seatLabel, ticketPaper } from '../../domain/ticket.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { printPdf } from '../paper/print.ts';
import { ticketFacts } from '../paper/ticket-facts.ts';
import { findBooking } from '../store/bookings.ts';
import { findTickets, type TicketBooking } from '../store/tickets.ts';
import { scopeOf } from './actor.ts';
import { failure } from './outcome.ts';
import { masker } from './personal-data.ts';
import { zonedText } from './slot-time.ts';

/** Why a booking has no tickets, as the rule that stands in the way. */
function refuse(booking: TicketBooking): never {
  const { reference_code, status, kind } = booking;
  const is_over = status === 'cancelled' || status === 'no-show';
  const rule = kind === 'venue' && is_over ? 'booking_final' : 'no_tickets';
  const detail =
    rule === 'booking_final'
      ? `The booking ${reference_code} is ${status}; its tickets admit nobody.`
      : `${booking.clinic_name} sells no tickets; the reference ${reference_code} is enough there.`;
  throw failure('policy_refused', { rule, reference_code, status }, detail);
}

/** The tickets of a booking, one per seat, as JSON and on paper. */
export async function getTickets(
  app: App,
  actor: Actor,
  input: Input<'get_tickets'>,
): Promise<Output<'get_tickets'>> {
  const known = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  const found = known && (await findTickets(app.sql, known.booking_id));
  if (!found) throw new AppError('not_found', 'There is no such booking.');
  const is_over = found.status === 'cancelled' || found.status === 'no-show';
  if (found.kind !== 'venue' || found.seats.length === 0 || is_over) refuse(found);
  const [secret] = app.config.ticket_secret;
  if (secret === undefined) {
    const detail = 'Tickets cannot be signed: the daemon has no PETPRO_TICKET_SECRET.';
    throw failure('policy_refused', { rule: 'tickets_off' }, detail);
  }
  const booking = { ...found, owner_name: masker(actor)(found.owner_name) };
  const facts = ticketFacts(booking, secret, input.lang ?? booking.lang);
  const pdf = input.format === 'pdf' ? await printPdf(ticketPaper(facts)) : null;
  const { time_zone } = booking;
  const { text, date, time } = localTime(booking.starts_at, time_zone);
  return {
    booking_id: booking.booking_id,
    reference_code: booking.reference_code,
    clinic_id: booking.clinic_id,
    clinic_name: booking.clinic_name,
    service_name: booking.service_name,
    owner_name: booking.owner_name,
    starts_at: text,
    ends_at: zonedText(booking.ends_at, time_zone),
    date,
    time,
    payment_state: booking.payment_state,
    tickets: booking.seats.map(({ seat, name, tier, used_at }, index) => ({
      seat,
      ...(name === null ? {} : { name }),
      tier,
      label: seatLabel(facts.lang, { seat, name, tier }),
      code: facts.seats[index]?.code ?? '',
      used_at: used_at === null ? null : zonedText(Temporal.Instant.from(used_at), time_zone),
    })),
    ...(pdf === null ? {} : { pdf: pdf.toString('base64') }),
  };
}
