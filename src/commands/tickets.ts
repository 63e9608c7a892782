import { AppError } from '../domain/errors.ts';
import { bookingRef, isForPeople } from './choice.ts';
import type { Context } from './context.ts';
import { printList, printOne } from './output.ts';
import { putOut } from './paper-out.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

const seat_csv = ['seat', 'tier', 'label', 'code', 'used_at'];
const csv = ['reference_code', 'booking_id', 'service_name', 'starts_at', 'owner_name'];

function langField(args: Args): { readonly lang?: 'en' | 'ja' | 'id' } {
  const lang = textOption(args, 'speaks');
  return lang === 'en' || lang === 'ja' || lang === 'id' ? { lang } : {};
}

/** `petpro tickets list`: the seats of a booking, and which of them came in. */
export async function listTickets(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const session = openSession(context);
  const found = await session.client.call('get_tickets', { booking_id, ...langField(args) });
  printList(context, {
    kind: 'TicketList',
    items: found.tickets,
    columns: [
      { head: 'SEAT', text: (one) => one.label },
      { head: 'CAME IN', text: (one) => one.used_at ?? '-' },
      { head: 'CODE', text: (one) => one.code, whole: true },
    ],
    csv: seat_csv,
    name: (one) => one.code,
    empty: 'The booking has no seats.',
  });
}

/** `petpro tickets print`: the PDF to a file, a printer or a pipe; its figures with -o. */
export async function printTickets(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const session = openSession(context);
  const request = { booking_id, ...langField(args) };
  if (!isForPeople(context)) {
    const item = await session.client.call('get_tickets', request);
    printOne(context, { kind: 'Tickets', item, csv, name: item.reference_code, lines: [] });
    return;
  }
  const found = await session.client.call('get_tickets', { ...request, format: 'pdf' });
  if (found.pdf === undefined) {
    const detail = 'The daemon sent no PDF; it is older than this command.';
    throw new AppError('unavailable', detail, { next: 'petpro version' });
  }
  const name = `tickets-${found.reference_code}.pdf`;
  const content = Buffer.from(found.pdf, 'base64');
  await putOut(context, args, { content, name, raw: false, copies: 1 });
}
