import { AppError } from '../../domain/errors.ts';
import { findRows, type OpenSlot, type ServiceItem } from '../../domain/items.ts';
import { instantOf } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { findService } from '../store/clinics.ts';
import { type ItemSlot, itemSlots } from '../store/items.ts';
import { clinicZone, findSlotMeta } from '../store/slots.ts';
import { failure } from './outcome.ts';

/** Rows of slots that several services can have one after another. docs/items.md. */

export type FoundSlot = OpenSlot & ItemSlot;
export type FoundRow = readonly FoundSlot[];

/** When a row begins, as callers say it. */
export type RowStart = {
  readonly starts_at?: string | undefined;
  readonly date?: string | undefined;
  readonly time?: string | undefined;
  readonly slot_id?: string | undefined;
};

/** The clinic that sells all of these services, and its zone; another clinic's service does not exist. */
export async function clinicOfItems(
  app: App,
  actor: Actor,
  items: readonly ServiceItem[],
): Promise<{
  readonly clinic_id: string;
  readonly time_zone: string;
  readonly currencies: ReadonlySet<string>;
}> {
  const service_ids = [...new Set(items.map(({ service_id }) => service_id))];
  const services = await Promise.all(service_ids.map((id) => findService(app.sql, id)));
  const [first] = services;
  const clinic_id = first?.clinic_id;
  const [service_id = ''] = service_ids;
  for (const [index, service] of services.entries()) {
    if (!service || (actor.clinic_id !== null && actor.clinic_id !== service.clinic_id)) {
      throw new AppError('not_found', `There is no such service: ${service_ids[index]}.`);
    }
    if (service.clinic_id !== clinic_id) {
      const rule = 'items_clinic';
      throw failure('policy_refused', { rule }, 'All services of one booking are of one clinic.');
    }
    if (!service.is_available) {
      const detail = `The clinic does not offer "${service.name}" now.`;
      throw failure('service_unavailable', { service_id: service.service_id }, detail);
    }
  }
  const time_zone = await clinicZone(app.sql, service_id);
  if (clinic_id === undefined || time_zone === null) {
    throw new AppError('not_found', 'There is no such service.');
  }
  const currencies = new Set(services.flatMap((service) => service?.currency ?? []));
  return { clinic_id, time_zone, currencies };
}

/** The instant that a caller names. */
export async function startOfRow(
  app: App,
  start: RowStart,
  time_zone: string,
): Promise<Temporal.Instant> {
  const { starts_at, date, time, slot_id } = start;
  if (starts_at !== undefined) return Temporal.Instant.from(starts_at);
  if (slot_id !== undefined) {
    const slot = await findSlotMeta(app.sql, slot_id);
    if (slot) return slot.starts_at;
    throw new AppError('not_found', 'There is no such slot.');
  }
  if (date === undefined || time === undefined) throw new Error('A row without a beginning');
  const { instant, kind } = instantOf(date, time, time_zone);
  if (kind !== 'gap') return instant;
  const detail = `${date} ${time} does not exist in ${time_zone}: the clocks go forward over it.`;
  throw new AppError('invalid_slot', detail);
}

/** Rows that begin within [from, to), one per beginning; slots of `without` are left out. */
export async function rowsBetween(
  app: App,
  wish: {
    readonly clinic_id: string;
    readonly items: readonly ServiceItem[];
    readonly from: Temporal.Instant;
    readonly to: Temporal.Instant;
    readonly is_owner: boolean;
    readonly limit: number;
    readonly without?: ReadonlySet<string>;
  },
): Promise<readonly FoundRow[]> {
  const { items, from, to, limit, without } = wish;
  const slots = (await itemSlots(app.sql, wish)).flatMap((slot): readonly FoundSlot[] =>
    without?.has(slot.slot_id)
      ? []
      : [
          {
            ...slot,
            starts_ms: slot.starts_at.epochMilliseconds,
            ends_ms: slot.ends_at.epochMilliseconds,
            busy_from_ms: slot.busy_from.epochMilliseconds,
            busy_to_ms: slot.busy_to.epochMilliseconds,
          },
        ],
  );
  return findRows(slots, items.length, {
    from_ms: from.epochMilliseconds,
    to_ms: to.epochMilliseconds,
    limit,
  });
}
