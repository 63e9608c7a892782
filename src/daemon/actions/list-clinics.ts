import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { listClinics as read } from '../store/clinics.ts';
import { decodeNameCursor, pageOf } from './cursor.ts';

/** Clinics, salons and venues by name. Operators of one clinic see theirs alone. */
export async function listClinics(
  app: App,
  actor: Actor,
  input: Input<'list_clinics'>,
): Promise<Output<'list_clinics'>> {
  const { city, name, kind, category, limit } = input;
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
  return { items: [...items], next_cursor };
}
