import { parseSearch } from '../../domain/search.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { type OwnerRow, type OwnerVisitRow, searchOwners as read } from '../store/owners.ts';
import { assertClinic } from './actor.ts';
import { masker } from './personal-data.ts';
import { zonedText } from './slot-time.ts';

type Owner = Output<'search_owners'>['items'][number];

function visitJson(row: OwnerVisitRow | null, actor: Actor): Owner['next_visit'] {
  if (row === null) return null;
  const { time_zone, ...visit } = row;
  return {
    ...visit,
    starts_at: zonedText(Temporal.Instant.from(row.starts_at), time_zone),
    pet_name: masker(actor)(row.pet_name),
  };
}

/** An owner as the API shows them; names and numbers are hidden from roles that need none. */
export function ownerJson(row: OwnerRow, actor: Actor): Owner {
  const mask = masker(actor);
  return {
    user_id: row.user_id,
    full_name: mask(row.full_name),
    phone: mask(row.phone),
    email: mask(row.email),
    lang: row.lang,
    pets: row.pets.map((pet) => ({ ...pet, name: mask(pet.name) })),
    next_visit: visitJson(row.next_visit, actor),
    last_visit: visitJson(row.last_visit, actor),
    last_service_id: row.last_service_id,
  };
}

/**
 * Owners by their name or a pet's, number or its end, address or booking reference. A key of one clinic has its own
 * owners first, other keys those of the clinic that they name.
 */
export async function searchOwners(
  app: App,
  actor: Actor,
  input: Input<'search_owners'>,
): Promise<Output<'search_owners'>> {
  const { q, near, limit } = input;
  if (input.clinic_id !== undefined) assertClinic(actor, input.clinic_id);
  const clinic_id = actor.clinic_id ?? input.clinic_id ?? null;
  const visits_at = actor.clinic_id;
  const terms = parseSearch(q);
  const rows = await read(app.sql, { terms, clinic_id, visits_at, near, limit });
  const items = rows.map((row) => ({ ...ownerJson(row, actor), matched_by: row.matched_by }));
  return { items, next_cursor: null };
}
