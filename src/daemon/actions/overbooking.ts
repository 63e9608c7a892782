import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { refusalsOf } from '../locks/recent-refusals.ts';
import { type OverbookingResult, setOverbooking as set, slotNames } from '../store/overbooking.ts';
import { findSlotMeta } from '../store/slots.ts';
import { dbActor } from './actor.ts';
import { rememberSlots } from './find-slot.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';

const seatsText = (count: number) => (count === 1 ? 'one seat' : `${count} seats`);

/** The rule that stands in the way, in words. */
function refused(result: OverbookingResult, seats: number): Error {
  const { rule, extra_seats, allowed, seat, capacity } = result;
  const extra = (extra_seats ?? 0) - seats;
  const details: { readonly [name in NonNullable<typeof rule>]: string } = {
    overbooking_off: 'The clinic never overbooks; a manager can change that rule.',
    overbooking_limit:
      `The rule of the clinic allows ${seatsText(allowed ?? 0)} more than this slot was made for; ` +
      `it has ${extra} of them already.`,
    overbooking_sold: `Seat ${seat ?? 0} is held or booked, so the slot keeps at least ${seatsText(seat ?? 0)}.`,
    overbooking_none: `The slot has only ${extra} seats more than it was made for.`,
    overbooking_unlabelled: `The seat plan has no seat number ${capacity ?? 0}: add seats to it first.`,
  };
  const facts = { rule, extra_seats: extra, extra_seats_max: allowed, seat };
  return failure('policy_refused', facts, rule === null ? undefined : details[rule]);
}

/**
 * Gives a slot more seats than it was made for, or takes unsold ones back. Everybody may book them;
 * those on the waiting list are not asked, because somebody is meant to get the seat.
 */
export async function setOverbooking(
  app: App,
  actor: Actor,
  input: Input<'set_overbooking'>,
): Promise<Output<'set_overbooking'>> {
  const { slot_id, dry_run, seats } = input;
  const result = await set(app.sql, input, dbActor(actor));
  const { outcome, capacity, extra_seats, allowed, taken, version } = result;
  if (outcome === 'policy_refused') throw refused(result, seats);
  if (
    outcome !== 'ok' ||
    capacity === null ||
    extra_seats === null ||
    allowed === null ||
    taken === null ||
    version === null
  ) {
    throw failure(outcome, {}, outcome === 'not_found' ? 'There is no such slot.' : undefined);
  }
  if (!dry_run) {
    // This process stops refusing what it knew to be full; others look again within a minute.
    refusalsOf(app.locks)?.forget(slot_id);
    const meta = await findSlotMeta(app.sql, slot_id);
    if (meta) rememberSlots(app, [meta]);
    app.wake.relay();
  }
  const { time_zone, starts_at, ...names } = await slotNames(app.sql, slot_id);
  return {
    slot_id,
    ...names,
    starts_at: zonedText(starts_at, time_zone),
    dry_run,
    capacity,
    extra_seats,
    extra_seats_max: allowed,
    taken,
    version,
  };
}
