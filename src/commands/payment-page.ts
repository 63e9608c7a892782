import { bookingRef, callOptions } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import type { Args } from './spec.ts';

/** `petpro payments page`: the address where the owner of a hold pays for it. */
export async function openPaymentPage(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const reservation_id = bookingRef(args);
  const page = await session.client.call(
    'create_payment_session',
    { reservation_id },
    callOptions(args),
  );
  const hold = await session.client.call('get_reservation', { reservation_id });
  const clinic = await session.client.call('get_clinic', { clinic_id: hold.clinic_id });
  const look = lookOf(context, clinic);
  printOne(context, {
    kind: 'PaymentSession',
    item: page,
    csv: ['reference_code', 'payment_url', 'amount', 'currency', 'expires_at', 'booking_id'],
    name: page.reference_code,
    as_of: look.now(),
    lines: [
      [page.booking_id === null ? 'Held' : 'Booked', page.reference_code],
      ['pay at', page.payment_url ?? ''],
      ['amount', page.payment_url === null ? '' : look.money(page.amount, page.currency)],
      ['until', page.booking_id === null ? look.moment(page.expires_at) : ''],
    ],
  });
  if (page.payment_url !== null) {
    say(context, `Wait for it: petpro payments wait ${page.reference_code}`);
  }
}
