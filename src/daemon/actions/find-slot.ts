import { AppError } from '../../domain/errors.ts';
import { instantOf } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { type BoundedCache, boundedCache } from '../http/bounded-cache.ts';
import { clinicZone, findSlotMeta, type SlotMeta, slotsStartingAt } from '../store/slots.ts';

/** Which slot a caller means, as the input schemas let them say it. */
export type SlotChoice = {
  readonly service_id: string;
  readonly slot_id?: string | undefined;
  readonly date?: string | undefined;
  readonly time?: string | undefined;
  readonly staff_id?: string | undefined;
};

const SLOTS_MAX = 10_000;
const SERVICES_MAX = 2_000;
/** What is cached changes rarely, and PostgreSQL judges by its own rows anyway. */
const KEPT_MS = 60_000;

/** Answers under way are shared, so that a rush on a new slot is one query, not a thousand. */
type Shared<T> = BoundedCache<Promise<T>>;

type Caches = {
  readonly slots: Shared<SlotMeta>;
  readonly zones: Shared<string>;
  /** By service, local time and vet: several vets may be open at one time. */
  readonly times: Shared<readonly SlotMeta[]>;
};

const caches = new WeakMap<App, Caches>();

function cachesOf(app: App): Caches {
  const known = caches.get(app);
  if (known) return known;
  const made = {
    slots: boundedCache<Promise<SlotMeta>>(SLOTS_MAX, KEPT_MS),
    zones: boundedCache<Promise<string>>(SERVICES_MAX, KEPT_MS),
    times: boundedCache<Promise<readonly SlotMeta[]>>(SLOTS_MAX, KEPT_MS),
  };
  caches.set(app, made);
  return made;
}

/** Asks once per key; a failure or an absent thing is not remembered. */
function shared<T>(cache: Shared<T>, key: string, ask: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const asked = ask();
  cache.set(key, asked);
  return asked.catch((error: unknown) => {
    cache.delete(key);
    throw error;
  });
}

const absent = () => new AppError('not_found', 'There is no such slot of this service.');

/** To be called once, with the slot or with null when it could not be read. */
export type Announce = (slot: SlotMeta | null) => void;

/**
 * For a caller who is about to read a slot that nobody has read: others who want it wait for that
 * instead of asking too. Null when the slot is known, or somebody is reading it already.
 */
export function announceSlot(app: App, slot_id: string): Announce | null {
  const cache = cachesOf(app).slots;
  if (cache.get(slot_id) !== undefined) return null;
  const { promise, resolve } = Promise.withResolvers<SlotMeta | null>();
  // Those who wait ask for themselves when the first one failed: it may not have been allowed to.
  const slot = promise.then(async (found) => {
    if (found) return found;
    cache.delete(slot_id);
    return await slotById(app, slot_id);
  });
  // Perhaps nobody waits.
  slot.catch(() => {});
  cache.set(slot_id, slot);
  return resolve;
}

/** Keeps what a list has just read: who books next needs no look-up. */
export function rememberSlots(app: App, slots: readonly SlotMeta[]): void {
  const cache = cachesOf(app).slots;
  for (const slot of slots) cache.set(slot.slot_id, Promise.resolve(slot));
}

function slotById(app: App, slot_id: string): Promise<SlotMeta> {
  return shared(cachesOf(app).slots, slot_id, async () => {
    const meta = await findSlotMeta(app.sql, slot_id);
    if (!meta) throw absent();
    return meta;
  });
}

async function zoneOf(app: App, service_id: string): Promise<string> {
  return await shared(cachesOf(app).zones, service_id, async () => {
    const zone = await clinicZone(app.sql, service_id);
    if (zone === null) throw new AppError('not_found', 'There is no such service.');
    return zone;
  });
}

/** The instant that a clinic's clock shows this time; a time that the clock skips is refused. */
async function wantedStart(
  app: App,
  service_id: string,
  date: string,
  time: string,
): Promise<Temporal.Instant> {
  const zone = await zoneOf(app, service_id);
  const { instant, kind } = instantOf(date, time, zone);
  if (kind === 'gap') {
    throw new AppError(
      'invalid_slot',
      `${date} ${time} does not exist in ${zone}: the clocks go forward over it.`,
    );
  }
  return instant;
}

async function slotsByTime(app: App, choice: SlotChoice): Promise<readonly SlotMeta[]> {
  const { service_id, date, time, staff_id } = choice;
  if (date === undefined || time === undefined) {
    throw new AppError('invalid_input', 'Give slot_id, or date and time.');
  }
  const key = [service_id, date, time, staff_id ?? '*'].join('|');
  return await shared(cachesOf(app).times, key, async () => {
    const starts_at = await wantedStart(app, service_id, date, time);
    const found = await slotsStartingAt(app.sql, service_id, starts_at, staff_id ?? null);
    if (found.length > 0) return found;
    throw new AppError('invalid_slot', `The service has no slot at ${date} ${time}.`);
  });
}

/**
 * The slots that fit what the caller names: one, or several when any member of staff will do.
 * Another clinic's is answered as if it did not exist.
 */
export async function findSlots(
  app: App,
  actor: Actor,
  choice: SlotChoice,
): Promise<readonly SlotMeta[]> {
  const found =
    choice.slot_id === undefined
      ? await slotsByTime(app, choice)
      : [await slotById(app, choice.slot_id)];
  const visible = found.filter(
    (slot) =>
      slot.service_id === choice.service_id &&
      (actor.clinic_id === null || actor.clinic_id === slot.clinic_id),
  );
  if (visible.length === 0) throw absent();
  return visible;
}
