import type { App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { system_actor } from '../store/actor.ts';
import { type OfferedHold, offerNext } from '../store/waitlist.ts';

/**
 * Calls about one slot in a row. Each looks at up to a hundred people, so this many are more than a
 * list has; the rest come with the next look.
 */
const CALLS_MAX = 50;

/** The doorman learns of a hold that PostgreSQL has decided. Never fails: the lock keeper repairs. */
export async function lockOffer(app: App, hold: OfferedHold): Promise<void> {
  failpoint('after-claim');
  await app.locks.assign(hold.slot_id, hold.seats, hold.lock_id, hold.ttl_ms);
}

/**
 * Offers the free seats of a slot to those who wait for it, in their order; answers how many offers
 * were made. The seats go by the judge: whoever is faster than we are has them.
 */
export async function offerPlaces(app: App, slot_id: string, signal: AbortSignal): Promise<number> {
  let tried: readonly string[] = [];
  let offers = 0;
  for (let call = 0; call < CALLS_MAX && !signal.aborted; call += 1) {
    const next = await offerNext(app.sql, slot_id, tried, system_actor);
    tried = next.tried;
    if (next.outcome === 'none' || next.outcome === 'later') break;
    if (next.outcome !== 'offered' || next.hold === null) continue;
    await lockOffer(app, next.hold);
    offers += 1;
    const { reservation_id } = next.hold;
    app.log.info('waitlist.offered', { entry_id: next.entry_id, slot_id, reservation_id });
  }
  return offers;
}
