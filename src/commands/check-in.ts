import { callOptions, firstWord, versionField } from './choice.ts';
import type { Context } from './context.ts';
import { clinicOf } from './lookup.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import type { Args } from './spec.ts';

const csv = [
  'reference_code',
  'booking_id',
  'seats',
  'seats_left',
  'status',
  'arrived_at',
  'starts_at',
  'version',
];

/** `petpro check-in`: a reference as typed, or the text of a ticket as a scanner types it. */
export async function checkIn(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  // Only a clinic that was named: the demo's own is no door that somebody stands at.
  const { clinic } = context.config;
  const place = clinic === null ? null : await clinicOf(session);
  const booking = await session.client.call(
    'check_in',
    {
      code: firstWord(args),
      ...(place === null ? {} : { clinic_id: place.clinic_id }),
      ...versionField(args),
    },
    callOptions(args),
  );
  const { seats, seats_left, reference_code } = booking;
  const many = seats.length > 1 ? 'seats' : 'seat';
  const came = seats.length === 0 ? 'arrived' : `admitted, ${many} ${seats.join(', ')}`;
  printOne(context, {
    kind: 'CheckIn',
    item: booking,
    csv,
    name: reference_code,
    lines: [
      [reference_code, `${came}: ${booking.pet_name ?? '-'}, ${booking.owner_name ?? '-'}`],
      ['visit', `${booking.time} ${booking.service_name}, ${booking.staff_name ?? 'any vet'}`],
      ['still out', seats_left > 0 ? String(seats_left) : ''],
      ['to pay', booking.payment_state === 'due' ? `petpro pay ${reference_code}` : ''],
    ],
  });
}
