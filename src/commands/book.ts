import { callOptions, choose, guestText, withNextSlot } from './choice.ts';
import type { Context } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf } from './lookup.ts';
import { printOne } from './output.ts';
import { stepLines } from './rows.ts';
import { openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

const methods = ['cash', 'card_terminal', 'transfer', 'at_clinic'] as const;

const csv = [
  'reference_code',
  'reservation_id',
  'booking_id',
  'expires_at',
  'amount',
  'currency',
  'payment_url',
];

/** `petpro book`: hold, reserve and pay link in one go, or booked at once when the desk takes the money. */
export async function book(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const choice = await choose(session, clinic, args);
  const { service, request } = choice;
  const pay = textOption(args, 'pay') ?? 'link';
  const notes = textOption(args, 'note');
  const started = await session.client
    .call(
      'create_booking',
      {
        ...request,
        payment_method: methods.find((method) => method === pay) ?? 'checkout',
        ...(flagOption(args, 'save_card') ? { save_payment_method: true } : {}),
        ...(notes === null ? {} : { notes }),
      },
      callOptions(args),
    )
    .catch((error: unknown) => {
      throw withNextSlot(error, 'book', choice);
    });
  const booked = started.booking_id !== null;
  const when = request.date === undefined ? '' : ` on ${request.date} at ${request.time}`;
  printOne(context, {
    kind: 'BookingStarted',
    item: started,
    csv,
    name: started.reference_code,
    as_of: look.now(),
    lines: [
      [booked ? 'Booked' : 'Held', started.reference_code],
      ['for', `${guestText(choice)}: ${service.name}${when}`],
      ...stepLines(started.items, look),
      ['seats', started.seat_labels?.join(', ') ?? ''],
      ['amount', look.money(started.amount, started.currency)],
      ['pay at', started.payment_url ?? ''],
      ['until', booked ? '' : look.moment(started.expires_at)],
      ['note', started.replayed ? 'this was already done; nothing was done twice' : ''],
    ],
  });
}
