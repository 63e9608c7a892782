import { AppError } from '../domain/errors.ts';
import {
  bookingRef,
  callOptions,
  isForPeople,
  newSlotFields,
  versionField,
  withNearestSlot,
} from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { lookOf } from './format.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

const csv = [
  'reference_code',
  'booking_id',
  'quote',
  'slot_id',
  'starts_at',
  'previous_starts_at',
  'amount',
  'previous_amount',
  'currency',
  'refund_percent',
  'refund_amount',
  'due_amount',
  'version',
];

/**
 * `petpro reschedule`: says first what the server would do, then asks. The version of that answer goes with the
 * real call, so that what was shown is what happens.
 */
export async function reschedule(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const session = openSession(context);
  const booking = await session.client.call('get_booking', { booking_id });
  const clinic = await session.client.call('get_clinic', { clinic_id: booking.clinic_id });
  const service = clinic.services.find((one) => one.service_id === booking.service_id);
  if (!service) throw new AppError('not_found', `${clinic.name} no longer offers this service.`);
  const look = lookOf(context, clinic);
  const reason = textOption(args, 'reason');
  const request = {
    booking_id,
    ...(await newSlotFields(session, clinic, service, args)),
    by: textOption(args, 'by') === 'clinic' ? ('clinic' as const) : ('owner' as const),
    ...(reason === null ? {} : { reason }),
    ...versionField(args),
  };
  const call = async (fields: { quote?: boolean; expected_version?: number }, options = {}) =>
    await session.client
      .call('reschedule_booking', { ...request, ...fields }, options)
      .catch((error: unknown) => {
        throw withNearestSlot(error, `reschedule ${booking.reference_code} --to`);
      });
  const quote = await call({ quote: true });
  const moneyOf = (result: typeof quote) =>
    [
      look.money(result.amount, result.currency),
      Number(result.refund_amount) > 0
        ? `, ${look.money(result.refund_amount, result.currency)} come back`
        : '',
      Number(result.due_amount) > 0
        ? `, ${look.money(result.due_amount, result.currency)} due at the visit`
        : '',
    ].join('');
  const show = (result: typeof quote, verb: string) =>
    printOne(context, {
      kind: 'Rescheduling',
      item: result,
      csv,
      name: result.reference_code,
      as_of: look.now(),
      lines: [
        [verb, `${result.reference_code} ${booking.pet_name ?? ''}, ${booking.service_name}`],
        ['from', look.moment(result.previous_starts_at)],
        ['to', look.moment(result.starts_at)],
        ['price', moneyOf(result)],
      ],
    });
  if (flagOption(args, 'dry_run')) {
    show(quote, 'Would move');
    say(context, 'Nothing was changed.');
    return;
  }
  const effect = `Moving ${booking.reference_code} from ${look.moment(quote.previous_starts_at)} to ${look.moment(quote.starts_at)}: ${moneyOf(quote)}.`;
  await confirmOrFail(context, effect, {
    yes: flagOption(args, 'yes'),
    next: `add --yes, or --dry-run to see the plan: petpro reschedule ${booking.reference_code} --dry-run`,
  });
  const expected_version = request.expected_version ?? quote.version;
  show(await call({ expected_version }, callOptions(args)), 'Moved');
  if (isForPeople(context)) say(context, 'The owner is told by mail.');
}
