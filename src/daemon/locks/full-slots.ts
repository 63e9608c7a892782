import type { App } from '../app-types.ts';
import { type Fullness, slotFullness } from '../store/fullness.ts';

/**
 * Losers of slots with many seats. To look for a free seat among thousands that are taken costs Redis and PostgreSQL
 * milliseconds for each loser; so once a slot was found full, those who want it ask together: while one count is on
 * its way the others queue, and the next count is for all of them. Each answer was true after its caller asked, and
 * nothing is kept that could drift: rows are counted, every time.
 */

/** Counts go on so long after the last one that found the slot full. */
const FULL_FOR_MS = 1_000;
/** Callers that one count answers. */
const BATCH = 500;
const SLOTS_MAX = 1_000;

type Wish = {
  readonly user_id: string;
  readonly idempotency_key: string | null;
  readonly quantity: number;
};
type Answer = Pick<Fullness, 'retry_after_ms'> | null;
type Waiting = { readonly wish: Wish; readonly resolve: (answer: Answer) => void };
type Entry = { full_until_ms: number; waiting: Waiting[]; is_counting: boolean };

/** Per app, not per process: tests open several. */
const slots_of = new WeakMap<App, Map<string, Entry>>();

function entriesOf(app: App): Map<string, Entry> {
  const known = slots_of.get(app) ?? new Map<string, Entry>();
  slots_of.set(app, known);
  return known;
}

/** To be called when the judge found no seat in a slot for many. */
export function noteFull(app: App, slot_id: string): void {
  const entries = entriesOf(app);
  const full_until_ms = performance.now() + FULL_FOR_MS;
  const known = entries.get(slot_id);
  if (known) {
    known.full_until_ms = full_until_ms;
    return;
  }
  const oldest = entries.size >= SLOTS_MAX ? entries.keys().next() : undefined;
  // Counts under way keep their entry.
  if (oldest && !oldest.done) entries.delete(oldest.value);
  entries.set(slot_id, { full_until_ms, waiting: [], is_counting: false });
}

async function count(app: App, slot_id: string, entry: Entry, batch: readonly Waiting[]) {
  try {
    const wishes = batch.map(({ wish }) => wish);
    const { free, retry_after_ms, own } = await slotFullness(app.sql, slot_id, wishes);
    const is_short = (wish: Wish) => free !== null && free < wish.quantity;
    const is_full = wishes.some(is_short);
    entry.full_until_ms = is_full ? performance.now() + FULL_FOR_MS : 0;
    const heard = new Set(own);
    for (const [index, { wish, resolve }] of batch.entries()) {
      resolve(is_short(wish) && !heard.has(index + 1) ? { retry_after_ms } : null);
    }
  } catch (error) {
    // The judge will say what is the matter.
    app.log.debug('full_slots.failed', { slot_id, err: error });
    for (const { resolve } of batch) resolve(null);
  }
}

async function countAll(app: App, slot_id: string, entry: Entry): Promise<void> {
  entry.is_counting = true;
  while (entry.waiting.length > 0) {
    await count(app, slot_id, entry, entry.waiting.splice(0, BATCH));
  }
  entry.is_counting = false;
}

/**
 * Says for a slot that was full a moment ago whether it still is for this wish, and until when at least; null =
 * ask doorman and judge as usual.
 */
export async function lookIfFull(app: App, slot_id: string, wish: Wish): Promise<Answer> {
  const entry = entriesOf(app).get(slot_id);
  if (!entry || performance.now() >= entry.full_until_ms) return null;
  const { promise, resolve } = Promise.withResolvers<Answer>();
  entry.waiting.push({ wish, resolve });
  if (!entry.is_counting) void countAll(app, slot_id, entry);
  return await promise;
}
