import { AppError } from '../../domain/errors.ts';

/** The last row's sort key as an opaque text; callers hand it back and never look inside. */
function encodeCursor(parts: readonly [string, string]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Reads a cursor that we gave; anything else is the caller's mistake. */
export function decodeCursor(cursor: string | undefined): readonly [string, string] | null {
  if (cursor === undefined) return null;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && typeof parts[0] === 'string' && typeof parts[1] === 'string') {
      return [parts[0], parts[1]];
    }
  } catch {
    // Falls through to the one answer for all broken cursors.
  }
  throw new AppError('invalid_input', 'The cursor is not one of ours.', {
    errors: [{ path: 'cursor', message: 'Use next_cursor of the page before' }],
  });
}

const uuid_form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A cursor over time and id, as slots and bookings are ordered. */
export function decodeTimeCursor(
  cursor: string | undefined,
): { readonly at: Temporal.Instant; readonly id: string } | null {
  const parts = decodeCursor(cursor);
  if (parts === null) return null;
  const [at, id] = parts;
  try {
    if (uuid_form.test(id)) return { at: Temporal.Instant.from(at), id };
  } catch {
    // A text that is no instant: the answer below.
  }
  throw new AppError('invalid_input', 'The cursor is not one of ours.');
}

/** A cursor over a name and id, as clinics are ordered. */
export function decodeNameCursor(
  cursor: string | undefined,
): { readonly name: string; readonly id: string } | null {
  const parts = decodeCursor(cursor);
  if (parts === null) return null;
  const [name, id] = parts;
  // PostgreSQL has no text with NUL in it.
  if (uuid_form.test(id) && !name.includes('\0')) return { name, id };
  throw new AppError('invalid_input', 'The cursor is not one of ours.');
}

/** One page of rows that were read with one row too many, and the cursor of the next page. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  key: (row: T) => readonly [string, string],
): { readonly items: readonly T[]; readonly next_cursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const has_more = rows.length > limit && last !== undefined;
  return { items, next_cursor: has_more ? encodeCursor(key(last)) : null };
}
