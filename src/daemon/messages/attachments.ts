import type { MailType } from '../../domain/message.ts';
import type { Attachment } from '../../domain/ports.ts';
import { ticketPaper } from '../../domain/ticket.ts';
import type { App } from '../app-types.ts';
import { printPdf } from '../paper/print.ts';
import { ticketFacts } from '../paper/ticket-facts.ts';
import type { MailRow } from '../store/mail-facts.ts';
import { findTickets } from '../store/tickets.ts';

/** Mails after which the owner must hold tickets: a move may have changed the seats. */
const with_tickets: readonly MailType[] = ['booking_confirmed', 'booking_rescheduled'];

/**
 * What goes out with a mail: the tickets of a venue. A failure to draw them fails the try, so that
 * no confirmation leaves without; without a secret there are none, and that is told once per mail.
 */
export async function attachmentsOf(
  app: App,
  type: MailType,
  row: MailRow,
): Promise<readonly Attachment[]> {
  if (row.clinic_kind !== 'venue' || !with_tickets.includes(type)) return [];
  const { reference_code, lang } = row.facts;
  const [secret] = app.config.ticket_secret;
  if (secret === undefined) {
    app.log.warn('tickets.not_attached', { reference_code, cause: 'no PETPRO_TICKET_SECRET' });
    return [];
  }
  const booking = await findTickets(app.sql, reference_code);
  if (!booking || booking.seats.length === 0) return [];
  const content = await printPdf(ticketPaper(ticketFacts(booking, secret, lang)));
  return [{ file_name: `tickets-${reference_code}.pdf`, type: 'application/pdf', content }];
}
