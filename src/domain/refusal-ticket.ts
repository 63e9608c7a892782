import type { Json } from './errors.ts';

/** Why nobody comes in with a ticket or a reference. */
export type TicketRule =
  | 'other_place'
  | 'no_tickets'
  | 'booking_final'
  | 'ticket_used'
  | 'seat_changed'
  | 'event_over'
  | 'other_day'
  | 'ticket_forged'
  | 'tickets_off';

export type Refusal = {
  readonly rule: TicketRule;
  readonly detail: string;
  readonly facts: Readonly<Record<string, Json>>;
};

/** What is known of the booking; moments as the clock of the place shows them. */
export type RefusedEntry = {
  readonly reference_code: string;
  readonly status: string;
  /** Null: the whole booking. */
  readonly seat: number | null;
  readonly place: string;
  readonly starts_at: string;
  readonly moment: string;
  readonly opens_moment: string | null;
  readonly used_at: string | null;
  readonly used_moment: string | null;
};

/** For the rules that know no booking. */
const nobody: RefusedEntry = {
  reference_code: '',
  status: '',
  seat: null,
  place: '',
  starts_at: '',
  moment: '',
  opens_moment: null,
  used_at: null,
  used_moment: null,
};

/** One sentence that says what stands in the way and what can be done. */
function sentence(rule: TicketRule, entry: RefusedEntry): string {
  const { reference_code, seat, place, moment, opens_moment, used_moment, status } = entry;
  const what =
    seat === null ? `The booking ${reference_code}` : `Seat ${seat} of ${reference_code}`;
  switch (rule) {
    case 'other_place':
      return `${what} is for ${place}, not for here.`;
    case 'no_tickets':
      return `${place} admits by booking, not by ticket; check ${reference_code} in.`;
    case 'booking_final':
      return `${what} admits nobody: the booking is ${status}.`;
    case 'ticket_used':
      return `${what} was admitted on ${used_moment ?? 'an earlier scan'}; it admits once.`;
    case 'seat_changed':
      return `${what} belongs to it no longer: the booking was moved; ask for its new tickets.`;
    case 'event_over':
      return `${what} was for ${moment}, which is over.`;
    case 'other_day':
      return `${what} is for ${moment}; it admits from ${opens_moment ?? 'then'} on.`;
    case 'ticket_forged':
      return 'This ticket is not ours or is damaged; check the reference in if the name fits.';
    case 'tickets_off':
      return 'Tickets cannot be checked: the daemon has no PETPRO_TICKET_SECRET. References can.';
  }
}

/** The refusal with the facts that a program at the door needs. */
export function ticketRefusal(rule: TicketRule, entry: RefusedEntry = nobody): Refusal {
  const { reference_code, status, seat, starts_at, used_at } = entry;
  const known = reference_code === '' ? {} : { reference_code, status, seat, starts_at };
  const used = rule === 'ticket_used' && used_at !== null ? { used_at } : {};
  return { rule, detail: sentence(rule, entry), facts: { rule, ...known, ...used } };
}
