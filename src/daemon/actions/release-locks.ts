import type { App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { releasePlaces } from '../locks/places.ts';

/** Frees the doorman's locks of a hold that has ended. Best effort: they also end by themselves. */
export async function releaseLocks(
  app: App,
  ended: {
    readonly slot_id: string | null;
    readonly seats: readonly number[] | null;
    readonly lock_id: string | null;
  },
): Promise<void> {
  const { slot_id, seats, lock_id } = ended;
  if (slot_id === null || seats === null || lock_id === null || seats.length === 0) return;
  failpoint('before-unlock');
  await releasePlaces(app, { slot_id, seats, lock_id });
}
