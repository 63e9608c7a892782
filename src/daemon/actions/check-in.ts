import { AppError } from '../../domain/errors.ts';
import { type Refusal, ticketRefusal } from '../../domain/refusal-ticket.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { readCheckInCode, type TicketCode } from '../../domain/ticket.ts';
import { localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { isSigned } from '../paper/ticket-code.ts';
import { type BookingRow, findBooking } from '../store/bookings.ts';
import { admitSeats, findTickets, type TicketBooking, type TicketUse } from '../store/tickets.ts';
import { dbActor, scopeOf } from './actor.ts';
import { bookingJson } from './booking-json.ts';
import { failure } from './outcome.ts';
import { setBookingStatus } from './set-booking-status.ts';

const refused = ({ detail, facts }: Refusal) => failure('policy_refused', facts, detail);

/** Everybody whom the signature lets in, wherever they are: the paper itself told who they are. */
const anywhere = { user_id: null, clinic_id: null };

/** A ticket that we signed, or a refusal; a forged one is worth a line in the log. */
function trust(app: App, actor: Actor, ticket: TicketCode): void {
  const { ticket_secret } = app.config;
  if (ticket_secret.length === 0) throw refused(ticketRefusal('tickets_off'));
  if (isSigned(ticket, ticket_secret)) return;
  const { reference_code, seat } = ticket;
  const { request_id } = actor;
  app.log.warn('ticket.forged', { reference_code, seat, clinic_id: actor.clinic_id, request_id });
  throw refused(ticketRefusal('ticket_forged'));
}

type Entry = { readonly booking: TicketBooking; readonly seat: number | null };

/** Which booking stands at the door, and with which seat; null = all of it. */
async function entryOf(app: App, actor: Actor, text: string): Promise<Entry> {
  const code = readCheckInCode(text);
  switch (code.kind) {
    case 'unreadable':
      throw refused(ticketRefusal('ticket_forged'));
    case 'unknown': {
      const detail = 'code: Give a reference such as BP10000127, or the text of a ticket.';
      throw new AppError('invalid_input', detail, {
        errors: [{ path: 'body.code', message: 'Neither a reference nor a ticket' }],
      });
    }
    case 'ticket': {
      trust(app, actor, code);
      const booking = await findTickets(app.sql, code.reference_code);
      if (!booking) throw new AppError('not_found', 'The booking of this ticket is gone.');
      return { booking, seat: code.seat };
    }
    case 'booking': {
      const known = await findBooking(app.sql, code.booking_ref, scopeOf(actor));
      const booking = known && (await findTickets(app.sql, known.booking_id));
      if (!booking) throw new AppError('not_found', 'There is no such booking.');
      return { booking, seat: null };
    }
  }
}

/** The refusal in words, with times as the clock of the place shows them. */
function explain({ booking, seat }: Entry, use: TicketUse): Error {
  const { problem, used_at, admits_from } = use;
  if (problem === null) return failure('policy_refused');
  const { reference_code, status, time_zone, clinic_name } = booking;
  const starts = localTime(booking.starts_at, time_zone);
  const used = used_at === null ? null : localTime(used_at, time_zone);
  const opens = admits_from === null ? null : localTime(admits_from, time_zone);
  return refused(
    ticketRefusal(problem, {
      reference_code,
      status,
      seat,
      place: clinic_name,
      starts_at: starts.text,
      moment: `${starts.date} ${starts.time}`,
      opens_moment: opens === null ? null : `${opens.date} ${opens.time}`,
      used_at: used?.text ?? null,
      used_moment: used === null ? null : `${used.date} ${used.time}`,
    }),
  );
}

async function answer(
  app: App,
  actor: Actor,
  booking_id: string,
  admitted: {
    readonly seats: readonly number[];
    readonly seat_names?: readonly string[];
    readonly seats_left: number;
  },
): Promise<Output<'check_in'>> {
  const row: BookingRow | null = await findBooking(app.sql, booking_id, anywhere);
  if (!row) throw new Error(`The booking ${booking_id} is not there any more`);
  return { ...bookingJson(row, actor), ...admitted };
}

/**
 * Somebody is at the door, with a reference or a ticket. Where tickets are sold each seat comes in
 * once; elsewhere it is the arrival of the booking, which may be said twice.
 */
export async function checkIn(
  app: App,
  actor: Actor,
  input: Input<'check_in'>,
): Promise<Output<'check_in'>> {
  const entry = await entryOf(app, actor, input.code);
  const { booking, seat } = entry;
  const { booking_id, kind } = booking;
  const { clinic_id: place = actor.clinic_id, expected_version = null } = input;
  if (kind !== 'venue' && seat === null) {
    if (place !== null && place !== booking.clinic_id) {
      throw explain(entry, { ...nothing_used, problem: 'other_place' });
    }
    const { expected_version: version } = input;
    const move = { booking_id, status: 'arrived' as const };
    await setBookingStatus(app, actor, {
      ...move,
      ...(version === undefined ? {} : { expected_version: version }),
    });
    return await answer(app, actor, booking_id, { seats: [], seats_left: 0 });
  }
  const request = { booking_id, seat, place, expected_version };
  const used = await admitSeats(app.sql, request, dbActor(actor));
  const { outcome, seats, seats_left, version } = used;
  if (outcome === 'policy_refused') throw explain(entry, used);
  if (outcome !== 'ok') throw failure(outcome, version === null ? {} : { version });
  app.wake.relay();
  const names = booking.seats
    .filter((one) => seats?.includes(one.seat))
    .flatMap(({ name }) => name ?? []);
  return await answer(app, actor, booking_id, {
    seats: seats ?? [],
    ...(names.length === 0 ? {} : { seat_names: names }),
    seats_left: seats_left ?? 0,
  });
}

const nothing_used: TicketUse = {
  outcome: 'policy_refused',
  problem: null,
  seats: null,
  used_at: null,
  seats_left: null,
  admits_from: null,
  version: null,
};
