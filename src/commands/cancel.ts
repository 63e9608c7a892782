import { bookingRef, callOptions, isForPeople, versionField } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { lookOf } from './format.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

const csv = [
  'reference_code',
  'booking_id',
  'quote',
  'status',
  'refund_percent',
  'refund_amount',
  'currency',
  'refund_id',
  'version',
];

/**
 * `petpro cancel`: says first what the server would do, then asks. The version of that answer goes with the real
 * call, so that what was shown is what happens.
 */
export async function cancel(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const session = openSession(context);
  const reason = textOption(args, 'reason');
  const request = {
    booking_id,
    by: textOption(args, 'by') === 'clinic' ? ('clinic' as const) : ('owner' as const),
    ...(reason === null ? {} : { reason }),
    ...(flagOption(args, 'now') ? { now: true } : {}),
    ...versionField(args),
  };
  const booking = await session.client.call('get_booking', { booking_id });
  const clinic = await session.client.call('get_clinic', { clinic_id: booking.clinic_id });
  const look = lookOf(context, clinic);
  const quote = await session.client.call('cancel_booking', { ...request, quote: true });
  const refund = look.money(quote.refund_amount, quote.currency);
  const what = `${booking.reference_code} ${booking.pet_name ?? ''}, ${booking.service_name}, ${booking.date} ${booking.time}`;
  const effect = `Cancelling ${what} refunds ${refund} (${quote.refund_percent} %).`;
  const show = (result: typeof quote, verb: string) =>
    printOne(context, {
      kind: 'Cancellation',
      item: result,
      csv,
      name: result.reference_code,
      as_of: look.now(),
      lines: [
        [verb, result.reference_code],
        [
          'refund',
          `${look.money(result.refund_amount, result.currency)} (${result.refund_percent} %)`,
        ],
      ],
    });
  if (flagOption(args, 'dry_run')) {
    show(quote, 'Would cancel');
    say(context, 'Nothing was changed.');
    return;
  }
  await confirmOrFail(context, effect, {
    yes: flagOption(args, 'yes'),
    next: `add --yes --reason .., or --dry-run to see the plan: petpro cancel ${booking.reference_code} --dry-run`,
  });
  const done = await session.client.call(
    'cancel_booking',
    { ...request, expected_version: request.expected_version ?? quote.version },
    callOptions(args),
  );
  show(done, 'Cancelled');
  if (!isForPeople(context)) return;
  const { undo_until = null, reference_code } = done;
  say(
    context,
    undo_until === null
      ? 'The owner is told by mail.'
      : `The owner is told at ${look.time(undo_until)}; until then: petpro undo ${reference_code}`,
  );
}
