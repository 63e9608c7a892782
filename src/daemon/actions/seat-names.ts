import type { App } from '../app-types.ts';
import { labelsOf } from '../store/seats.ts';
import type { Holding } from './hold.ts';

/** What the held seats are called, as the field of an answer; nothing is read for a slot of one seat. */
export async function seatNames(
  app: App,
  { held, slot }: Pick<Holding, 'held' | 'slot'>,
): Promise<{ readonly seat_labels?: readonly string[] }> {
  if (slot.capacity === 1) return {};
  const { reservation_id, seats } = held;
  const labels = await labelsOf(app.sql, { slot_id: slot.slot_id, reservation_id, seats });
  return labels === null ? {} : { seat_labels: labels };
}
