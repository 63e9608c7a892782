import type { Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import {
  type EntryRow,
  findEntry,
  listOffers,
  listSkips,
  type OfferRow,
  type SkipRow,
} from '../store/waitlist-rows.ts';
import { scopeOf } from './actor.ts';
import { failure } from './outcome.ts';
import { masker } from './personal-data.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

export type Entry = Output<'join_waitlist'>;

export function offerJson(row: OfferRow, zone: string): NonNullable<Entry['offer']> {
  return {
    reservation_id: row.reservation_id,
    reference_code: row.reference_code,
    slot_id: row.slot_id,
    starts_at: zonedText(row.starts_at, zone),
    staff_name: row.staff_name,
    offered_at: zonedText(row.offered_at, zone),
    offered_by_hand: row.offered_by_hand,
    expires_at: zonedText(row.expires_at, zone),
    accepted_at: zonedTextOrNull(row.accepted_at, zone),
    ended_at: zonedTextOrNull(row.ended_at, zone),
    ended_as: row.ended_as,
  };
}

export function skipJson(row: SkipRow, zone: string): NonNullable<Entry['skip']> {
  return {
    slot_id: row.slot_id,
    starts_at: zonedTextOrNull(row.starts_at, zone),
    reason: row.reason,
    times: row.times,
    last_at: zonedText(row.last_at, zone),
  };
}

/** Entries as the API shows them, with their newest offer and skip. */
export async function entriesJson(
  app: App,
  actor: Actor,
  rows: readonly EntryRow[],
): Promise<readonly Entry[]> {
  const ids = rows.map(({ entry_id }) => entry_id);
  const [offers, skips] = await Promise.all([
    listOffers(app.sql, ids, 1),
    listSkips(app.sql, ids, 1),
  ]);
  const mask = masker(actor);
  return rows.map(({ time_zone, created_at, ...row }) => {
    const offer = offers.find(({ entry_id }) => entry_id === row.entry_id);
    const skip = skips.find(({ entry_id }) => entry_id === row.entry_id);
    return {
      ...row,
      owner_name: mask(row.owner_name),
      owner_phone: mask(row.owner_phone),
      offer: offer === undefined ? null : offerJson(offer, time_zone),
      skip: skip === undefined ? null : skipJson(skip, time_zone),
      created_at: zonedText(created_at, time_zone),
    };
  });
}

/** An entry of the caller's; throws `not_found` where there is none for them. */
export async function entryRow(app: App, actor: Actor, entry_id: string): Promise<EntryRow> {
  const row = await findEntry(app.sql, entry_id, scopeOf(actor));
  if (!row) throw failure('not_found', { entry_id }, 'There is no such entry on the waiting list.');
  return row;
}

/** The entry as it stands after a change. */
export async function entryJson(app: App, actor: Actor, entry_id: string): Promise<Entry> {
  const [entry] = await entriesJson(app, actor, [await entryRow(app, actor, entry_id)]);
  if (!entry) throw new Error(`The entry ${entry_id} is not there any more`);
  return entry;
}
