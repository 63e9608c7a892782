import { createHash } from 'node:crypto';
import { type LockClass, lock_classes } from '../../domain/lock.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { type LockRow, readBoard } from '../locks/board.ts';
import { doormanState } from '../locks/doorman.ts';
import { ageMs, lockItem } from '../locks/lock-json.ts';
import { assertClinic } from './actor.ts';
import { decodeCursor, pageOf } from './cursor.ts';

/** Where a row stands: class, then time of the slot, then a fingerprint of the key, which is unique. */
function placeOf(row: LockRow): readonly [string, string] {
  const rank = lock_classes.indexOf(row.class);
  const at = row.slot?.starts_at.toString({ smallestUnit: 'second' }) ?? '';
  return [`${rank} ${at}`, createHash('sha256').update(row.key).digest('hex').slice(0, 16)];
}

function isBehind(place: readonly [string, string], after: readonly [string, string]): boolean {
  return place[0] > after[0] || (place[0] === after[0] && place[1] > after[1]);
}

/** Rows of that class and age. An age that nobody can know counts as old: nothing is hidden by it. */
export function matching(
  rows: readonly LockRow[],
  filter: { readonly class?: LockClass | undefined; readonly older_than_ms?: number | undefined },
): readonly LockRow[] {
  const { class: wanted, older_than_ms = 0 } = filter;
  return rows.filter((row) => {
    const age_ms = ageMs(row) ?? Number.POSITIVE_INFINITY;
    return (wanted === undefined || row.class === wanted) && age_ms >= older_than_ms;
  });
}

/** The lock board. Looks at everything each time: a lock lives for minutes. */
export async function listLocks(
  app: App,
  actor: Actor,
  input: Input<'list_locks'>,
): Promise<Output<'list_locks'>> {
  if (input.clinic_id !== undefined) assertClinic(actor, input.clinic_id);
  const after = decodeCursor(input.cursor);
  const board = await readBoard(app, input.clinic_id ?? actor.clinic_id);
  const count = (name: LockClass) => board.rows.filter((row) => row.class === name).length;
  const places = new Map(board.rows.map((row) => [row, placeOf(row)]));
  const place = (row: LockRow) => places.get(row) ?? placeOf(row);
  const rows = matching(board.rows, input)
    .filter((row) => after === null || isBehind(place(row), after))
    .toSorted((a, b) => (isBehind(place(a), place(b)) ? 1 : -1))
    .slice(0, input.limit + 1);
  const { items, next_cursor } = pageOf(rows, input.limit, place);
  return {
    items: items.map(lockItem),
    next_cursor,
    doorman: await doormanState(app, board.is_up),
    is_complete: board.is_complete,
    counts: {
      live: count('live'),
      leaked: count('leaked'),
      ghost: count('ghost'),
      foreign: count('foreign'),
    },
    as_of: Temporal.Now.instant().toString({ smallestUnit: 'second' }),
  };
}
