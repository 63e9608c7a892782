import { AppError } from '../domain/errors.ts';
import type { TicketRule } from '../domain/refusal-ticket.ts';
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

/** What helps at the door; REF stands for the reference, where one is known. */
const next_by_rule: { readonly [rule in TicketRule]: string } = {
  ticket_used: 'petpro tickets list REF',
  seat_changed: 'petpro tickets print REF --out tickets.pdf',
  booking_final: 'petpro bookings history REF',
  other_place: 'petpro bookings show REF',
  other_day: 'petpro bookings show REF',
  event_over: 'petpro bookings show REF',
  no_tickets: 'petpro check-in REF',
  ticket_forged: 'petpro find NAME, then petpro check-in with the reference',
  tickets_off: 'petpro find NAME, then petpro check-in with the reference',
};

/** The refusal with the command that helps. */
function withNext(error: unknown): unknown {
  if (!(error instanceof AppError) || error.facts['next'] !== undefined) return error;
  const { rule, reference_code } = error.facts;
  const known = Object.entries(next_by_rule).find(([name]) => name === rule)?.[1];
  if (known === undefined) return error;
  const next = known.replace('REF', String(reference_code));
  return new AppError(error.code, error.detail, { ...error.facts, next }, { cause: error });
}

/** `petpro check-in`: a reference as typed, or the text of a ticket as a scanner types it. */
export async function checkIn(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  // Only a clinic that was named: the demo's own is no door that somebody stands at.
  const { clinic } = context.config;
  const place = clinic === null ? null : await clinicOf(session);
  const request = {
    code: firstWord(args),
    ...(place === null ? {} : { clinic_id: place.clinic_id }),
    ...versionField(args),
  };
  const booking = await session.client
    .call('check_in', request, callOptions(args))
    .catch((error: unknown) => {
      throw withNext(error);
    });
  const { seats, seat_names, seats_left, reference_code } = booking;
  const many = seats.length > 1 ? 'seats' : 'seat';
  const came =
    seats.length === 0 ? 'arrived' : `admitted, ${many} ${(seat_names ?? seats).join(', ')}`;
  printOne(context, {
    kind: 'CheckIn',
    item: booking,
    csv,
    name: reference_code,
    lines: [
      [
        reference_code,
        `${came}: ${[booking.pet_name, booking.owner_name ?? '-'].filter(Boolean).join(', ')}`,
      ],
      [
        'visit',
        [`${booking.time} ${booking.service_name}`, booking.staff_name].filter(Boolean).join(', '),
      ],
      ['still out', seats_left > 0 ? String(seats_left) : ''],
      ['to pay', booking.payment_state === 'due' ? `petpro pay ${reference_code}` : ''],
    ],
  });
}
