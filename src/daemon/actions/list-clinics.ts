import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { listClinics as read } from '../store/clinics.ts';
import { type OpenRow, openOfClinics } from '../store/clinics-open.ts';
import { decodeNameCursor, pageOf } from './cursor.ts';
import { zonedTextOrNull } from './slot-time.ts';

/** What is left, as the API shows it; in the time of the clinic. */
export function openJson(row: OpenRow, days: number, time_zone: string) {
  const { slots, remaining, next_at, is_partial } = row;
  return { days, slots, remaining, next_at: zonedTextOrNull(next_at, time_zone), is_partial };
}

/** Clinics, salons and venues by name, with what they have left. Operators of one clinic see theirs alone. */
export async function listClinics(
  app: App,
  actor: Actor,
  input: Input<'list_clinics'>,
): Promise<Output<'list_clinics'>> {
  const { city, name, kind, category, days, limit } = input;
  const after = decodeNameCursor(input.cursor);
  const rows = await read(app.sql, {
    city,
    name,
    kind,
    category,
    clinic_id: actor.clinic_id,
    after: after && { name: after.name, clinic_id: after.id },
    limit: limit + 1,
  });
  const { items, next_cursor } = pageOf(rows, limit, (row) => [row.name, row.clinic_id]);
  if (days === 0 || items.length === 0) return { items: [...items], next_cursor };
  const by_owner = actor.role === 'customer';
  const ids = items.map(({ clinic_id }) => clinic_id);
  const open = new Map(
    (await openOfClinics(app.sql, ids, { days, by_owner })).map((row) => [row.clinic_id, row]),
  );
  const counted = items.map((clinic) => {
    const row = open.get(clinic.clinic_id);
    return row ? { ...clinic, open: openJson(row, days, clinic.time_zone) } : clinic;
  });
  return { items: counted, next_cursor };
}
