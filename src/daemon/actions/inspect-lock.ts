import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findKey } from '../locks/find-key.ts';
import { lockItem } from '../locks/lock-json.ts';
import { holdHistory } from '../store/locks.ts';
import { zonedText } from './slot-time.ts';

/** One lock, or the hold that lacks it. */
export async function inspectLock(
  app: App,
  actor: Actor,
  { key }: Input<'inspect_lock'>,
): Promise<Output<'inspect_lock'>> {
  const row = await findKey(app, actor, key);
  const zone = row.slot?.time_zone ?? 'UTC';
  const history = row.hold ? await holdHistory(app.sql, row.hold.reservation_id) : [];
  return {
    ...lockItem(row),
    can_release: row.class === 'leaked' && row.cause !== 'no_end',
    history: history.map((step) => ({ ...step, at: zonedText(step.at, zone) })),
  };
}
