import { bookingRef, callOptions, versionField } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

const csv = [
  'reference_code',
  'booking_id',
  'payment_id',
  'amount',
  'amount_rest',
  'currency',
  'already_paid',
  'version',
];

function methodOf(args: Args): 'cash' | 'card_terminal' | 'transfer' {
  const method = textOption(args, 'method');
  return method === 'card_terminal' || method === 'transfer' ? method : 'cash';
}

/** `petpro pay`: a part goes with the version of the booking as it was read, so it is taken once. */
export async function takePayment(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const amount = textOption(args, 'amount');
  const session = openSession(context);
  const booking = await session.client.call('get_booking', { booking_id });
  const clinic = await session.client.call('get_clinic', { clinic_id: booking.clinic_id });
  const look = lookOf(context, clinic);
  const part = amount === null ? {} : { amount, expected_version: booking.version };
  const paid = await session.client.call(
    'pay_booking',
    { booking_id, payment_method: methodOf(args), ...part, ...versionField(args) },
    callOptions(args),
  );
  printOne(context, {
    kind: 'Payment',
    item: paid,
    csv,
    name: paid.payment_id,
    as_of: look.now(),
    lines: [
      [paid.already_paid ? 'Paid before' : 'Paid', paid.reference_code],
      ['amount', paid.already_paid ? '' : look.money(paid.amount, paid.currency)],
      ['rest', look.money(paid.amount_rest, paid.currency)],
    ],
  });
  if (paid.already_paid) say(context, 'Nothing was left to pay: take no money.');
}
