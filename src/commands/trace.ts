import { bookingRef } from './choice.ts';
import type { Context } from './context.ts';
import { lookOf } from './format.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';
import type { Args } from './spec.ts';

/** `+120 ms` below ten seconds, then seconds. */
function duration(milliseconds: number): string {
  return milliseconds < 10_000 ? `${milliseconds} ms` : `${Math.round(milliseconds / 1_000)} s`;
}

/** `petpro bookings trace` */
export async function traceBooking(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const booking_id = bookingRef(args);
  const trace = await session.client.call('trace_booking', { booking_id });
  const booking = await session.client.call('get_booking', { booking_id });
  const clinic = await session.client.call('get_clinic', { clinic_id: booking.clinic_id });
  const look = lookOf(context, clinic);
  printList(context, {
    kind: 'Trace',
    items: trace.items,
    columns: [
      { head: 'AT', text: (one) => look.moment(one.at), whole: true },
      { head: 'AFTER', text: (one) => duration(one.since_ms), right: true },
      { head: 'T+', text: (one) => duration(one.total_ms ?? 0), right: true, wide: true },
      { head: 'WHAT', text: (one) => one.what, whole: true },
      { head: 'DETAIL', text: (one) => one.detail ?? '' },
      { head: 'FROM', text: (one) => one.source ?? '-', wide: true },
      { head: 'SEQ', text: (one) => String(one.sequence ?? ''), right: true },
      {
        head: 'OUT AFTER',
        text: (one) => (one.out_ms === null ? '' : duration(one.out_ms)),
        right: true,
      },
    ],
    csv: [
      'at',
      'since_ms',
      'total_ms',
      'part',
      'what',
      'detail',
      'source',
      'request_id',
      'sequence',
      'out_ms',
    ],
    name: (one) => one.what,
    as_of: look.now(),
    empty: 'Nothing is recorded.',
  });
}
