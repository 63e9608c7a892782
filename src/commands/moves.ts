import type { DeskMove } from '../domain/booking.ts';
import { bookingRef, callOptions, versionField } from './choice.ts';
import type { Context } from './context.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import type { Args, Run } from './spec.ts';

const csv = ['reference_code', 'booking_id', 'status', 'arrived_at', 'starts_at', 'version'];

function move(status: DeskMove, said: string): Run {
  return async (context: Context, args: Args): Promise<undefined> => {
    const booking_id = bookingRef(args);
    const session = openSession(context);
    const booking = await session.client.call(
      'set_booking_status',
      { booking_id, status, ...versionField(args) },
      callOptions(args),
    );
    printOne(context, {
      kind: 'Booking',
      item: booking,
      csv,
      name: booking.reference_code,
      lines: [
        [
          booking.reference_code,
          `${said}: ${booking.pet_name ?? '-'}, ${booking.owner_name ?? '-'}`,
        ],
        ['visit', `${booking.time} ${booking.service_name}, ${booking.staff_name ?? 'any vet'}`],
      ],
    });
    return;
  };
}

/** The desk's one-word verbs. */
export const moves: Readonly<Record<'start' | 'complete' | 'no-show', Run>> = {
  start: move('in-progress', 'in the room'),
  complete: move('completed', 'complete'),
  'no-show': move('no-show', 'no-show'),
};
