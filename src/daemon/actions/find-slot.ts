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

type Caches = {
  readonly slots: BoundedCache<SlotMeta>;
  readonly zones: BoundedCache<string>;
  /** By service, local time and vet: several vets may be open at one time. */
  readonly times: BoundedCache<readonly SlotMeta[]>;
};

const caches = new WeakMap<App, Caches>();

function cachesOf(app: App): Caches {
  const known = caches.get(app) ?? {
    slots: boundedCache<SlotMeta>(SLOTS_MAX, KEPT_MS),
    zones: boundedCache<string>(SERVICES_MAX, KEPT_MS),
    times: boundedCache<readonly SlotMeta[]>(SLOTS_MAX, KEPT_MS),
  };
  caches.set(app, known);
  return known;
}

const absent = () => new AppError('not_found', 'There is no such slot of this service.');

async function slotById(app: App, slot_id: string): Promise<SlotMeta> {
  const { slots } = cachesOf(app);
  const known = slots.get(slot_id);
  if (known) return known;
  const meta = await findSlotMeta(app.sql, slot_id);
  if (!meta) throw absent();
  slots.set(slot_id, meta);
  return meta;
}

async function zoneOf(app: App, service_id: string): Promise<string> {
  const { zones } = cachesOf(app);
  const known = zones.get(service_id);
  if (known) return known;
  const zone = await clinicZone(app.sql, service_id);
  if (zone === null) throw new AppError('not_found', 'There is no such service.');
  zones.set(service_id, zone);
  return zone;
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
  const { times } = cachesOf(app);
  const key = [service_id, date, time, staff_id ?? '*'].join('|');
  const known = times.get(key);
  if (known) return known;
  const starts_at = await wantedStart(app, service_id, date, time);
  const found = await slotsStartingAt(app.sql, service_id, starts_at, staff_id ?? null);
  if (found.length === 0) {
    throw new AppError('invalid_slot', `The service has no slot at ${date} ${time}.`);
  }
  times.set(key, found);
  return found;
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
