import type { Output } from '../../domain/shapes.ts';
import { zonedText } from '../actions/slot-time.ts';
import type { LockRow } from './board.ts';

type LockItem = Output<'list_locks'>['items'][number];

/** Enough to tell two of them apart in one screen, not enough to use one. */
const masked = (text: string) => `${text.slice(0, 4)}**`;

function holderOf(row: LockRow): string | null {
  if (row.hold) return `u:${masked(row.hold.user_id)}`;
  return row.entry?.value && row.class !== 'foreign' ? `o:${masked(row.entry.value)}` : null;
}

/** Since when the row is as it is: a hold's age, or how long ago it ended; null when nobody can know. */
export function ageMs(row: LockRow): number | null {
  if (row.hold === null) return null;
  const is_over = row.hold.status !== 'pending';
  return Math.round(is_over ? row.hold.changed_ms_ago : row.hold.age_ms);
}

/** A row as it leaves the daemon: neither people nor lock tokens in it. */
export function lockItem(row: LockRow): LockItem {
  const { slot, hold, entry } = row;
  const zone = slot?.time_zone ?? 'UTC';
  const lock_id = row.class === 'foreign' ? null : (entry?.value ?? null);
  return {
    key: row.key.toWellFormed(),
    class: row.class,
    cause: row.cause,
    slot_id: row.slot_id,
    seat: row.seat,
    clinic_id: slot?.clinic_id ?? null,
    clinic_code: slot?.clinic_code ?? null,
    starts_at: slot ? zonedText(slot.starts_at, zone) : null,
    staff_name: slot?.staff_name ?? null,
    service_name: slot?.service_name ?? null,
    holder: holderOf(row),
    lock_id: lock_id === null ? null : masked(lock_id),
    token: row.token,
    ttl_ms: entry?.ttl_ms ?? null,
    has_end: entry === null ? null : entry.ttl_ms !== null,
    reservation_id: hold?.reservation_id ?? null,
    reference_code: hold?.reference_code ?? null,
    reservation_status: hold?.status ?? null,
    expires_at: hold ? zonedText(hold.expires_at, zone) : null,
    extended: hold?.extended ?? false,
    age_ms: ageMs(row),
  };
}
