import { salonState, type Triple, ticketState } from '../../domain/states.ts';

/** The states of the source documents; none for a booking that was written by hand, without a hold. */
export function derivedStates(triple: Triple | null) {
  return triple === null ? {} : { state: ticketState(triple), salon_state: salonState(triple) };
}
