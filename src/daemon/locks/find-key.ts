import { AppError } from '../../domain/errors.ts';
import { LOCK_PREFIX } from '../../domain/lock.ts';
import type { Actor, App } from '../app-types.ts';
import { lastRelease } from '../store/locks.ts';
import { type LockRow, readKey } from './board.ts';
import { doormanState } from './doorman.ts';

async function missing(app: App, actor: Actor, key: string): Promise<AppError> {
  const last = await lastRelease(app.sql, key, actor.clinic_id);
  if (last === null) return new AppError('not_found', 'There is no such lock.');
  const at = last.at.toString({ smallestUnit: 'second' });
  const said = last.reason === null ? '' : `: ${last.reason}`;
  return new AppError('not_found', `There is no such lock. It was released at ${at}${said}`, {
    released_at: at,
    reason: last.reason,
  });
}

/** The row of one key within the caller's clinic: the lock, or the hold that lacks it. Throws `not_found`. */
export async function findKey(app: App, actor: Actor, key: string): Promise<LockRow> {
  // Whatever else lives in that Redis is not ours to show, let alone to delete.
  if (!key.startsWith(LOCK_PREFIX)) throw new AppError('not_found', 'There is no such lock.');
  const { rows, is_up } = await readKey(app, key, actor.clinic_id);
  const [row] = rows;
  if (row !== undefined) return row;
  if ((await doormanState(app, is_up)) !== 'down') throw await missing(app, actor, key);
  throw new AppError('unavailable', 'Redis does not answer, so nothing can be said about it.', {
    retry_after_ms: 1_000,
  });
}
