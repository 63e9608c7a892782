import { bookingRef, callOptions, versionField } from './choice.ts';
import type { Context } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import type { Args } from './spec.ts';

const words = {
  cancelled: 'cancel taken back',
  arrived: 'check-in taken back',
  'no-show': 'no-show taken back',
} as const;

/** `petpro undo`: the last change of a booking, while nothing of it has left the house. */
export async function undo(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const session = openSession(context);
  const booking = await session.client.call(
    'undo_booking',
    { booking_id, ...versionField(args) },
    callOptions(args),
  );
  const who = `${booking.pet_name ?? '-'}, ${booking.owner_name ?? '-'}`;
  printOne(context, {
    kind: 'Booking',
    item: booking,
    csv: ['reference_code', 'booking_id', 'undone', 'status', 'starts_at', 'version'],
    name: booking.reference_code,
    lines: [
      [booking.reference_code, `${words[booking.undone]}: ${who}`],
      ['visit', `${booking.date} ${booking.time} ${booking.service_name}`],
      ['status', booking.status],
    ],
  });
}

/** `petpro undo list`: the caller's own journal. */
export async function listUndoable(context: Context): Promise<undefined> {
  const session = openSession(context);
  const look = lookOf(context, await clinicOf(session));
  const page = await session.client.call('list_undoable', {});
  printList(context, {
    kind: 'UndoableList',
    items: page.items,
    columns: [
      { head: 'AT', text: (one) => look.moment(one.at), whole: true },
      { head: 'DONE', text: (one) => one.action },
      {
        head: 'LEAVES',
        text: (one) => (one.leaves_at === null ? '-' : look.time(one.leaves_at)),
      },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
    ],
    csv: ['at', 'action', 'leaves_at', 'reference_code', 'booking_id', 'version'],
    name: (one) => one.reference_code,
    as_of: look.now(),
    empty: 'Nothing of the last day can be undone.',
  });
}
