import { randomUUIDv7 } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange } from '../../domain/time.ts';
import { waitlist_statuses } from '../../domain/waitlist.ts';
import type { Actor, App } from '../app-types.ts';
import { clinicZone } from '../store/slots.ts';
import { type JoinResult, joinWaitlist as join } from '../store/waitlist.ts';
import { listEntries, listOffers, listSkips, openSlotsFor } from '../store/waitlist-rows.ts';
import { dbActor, ownerOf, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { wantedSeats } from './hold.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';
import {
  type Entry,
  entriesJson,
  entryJson,
  entryRow,
  offerJson,
  skipJson,
} from './waitlist-json.ts';

/** Longest wish: open slots of the whole window are looked through for it. */
const WINDOW_MAX_DAYS = 92;
const WINDOW_DEFAULT_DAYS = 30;
/** Shown of one entry. */
const RELATED_MAX = 50;
const OPEN_MAX = 10;

const all_days = [1, 2, 3, 4, 5, 6, 7];

function windowOf(input: Input<'join_waitlist'>, zone: string) {
  const today = Temporal.Now.plainDateISO(zone);
  const first = input.from_date === undefined ? today : Temporal.PlainDate.from(input.from_date);
  const last =
    input.to_date === undefined
      ? first.add({ days: WINDOW_DEFAULT_DAYS })
      : Temporal.PlainDate.from(input.to_date);
  const refuse = (path: string, message: string) =>
    new AppError('invalid_input', message, { errors: [{ path: `body.${path}`, message }] });
  const days = first.until(last, { largestUnit: 'day' }).days;
  if (days < 0) throw refuse('to_date', 'The last day lies before the first.');
  if (days > WINDOW_MAX_DAYS) throw refuse('to_date', `At most ${WINDOW_MAX_DAYS} days at once.`);
  const { from_time = '00:00', to_time = '24:00' } = input;
  if (from_time >= to_time) throw refuse('to_time', 'The hours end before they begin.');
  return {
    wanted_from: dayRange(first.toString(), zone).from,
    wanted_to: dayRange(last.toString(), zone).to,
    from_time,
    to_time,
  };
}

const refusals = {
  window_over: 'These days are over.',
  too_many_seats: 'No slot in these days has so many seats.',
  already_waiting: 'This pet waits for the service already.',
  too_many_entries: 'This owner waits for ten places of the clinic already; leave one first.',
  priority_not_yours: 'Only the clinic sets a priority.',
} as const;

function refused({ outcome, rule, entry_id }: JoinResult): Error {
  if (rule === null) {
    const detail =
      outcome === 'not_found'
        ? 'There is no such service or vet, or the owner has no such pet.'
        : undefined;
    return failure(outcome, {}, detail);
  }
  return failure(outcome, { rule, ...(entry_id === null ? {} : { entry_id }) }, refusals[rule]);
}

/** Puts an owner on the waiting list of a service. Open slots that fit are offered at once. */
export async function joinWaitlist(
  app: App,
  actor: Actor,
  input: Input<'join_waitlist'>,
): Promise<Entry> {
  const user_id = ownerOf(actor, input.user_id);
  const { service_id, pet_id = null, staff_id = null, weekdays = all_days, priority } = input;
  const zone = await clinicZone(app.sql, service_id);
  if (zone === null) throw new AppError('not_found', 'There is no such service.');
  const wish = {
    entry_id: randomUUIDv7(),
    service_id,
    user_id,
    pet_id,
    staff_id,
    weekdays: [...new Set(weekdays)].sort(),
    priority,
    ...windowOf(input, zone),
    ...wantedSeats(input),
  };
  const joined = await join(app.sql, wish, dbActor(actor));
  if (joined.outcome !== 'ok') throw refused(joined);
  app.wake.relay();
  return await entryJson(app, actor, wish.entry_id);
}

function statusesOf(status: Input<'list_waitlist'>['status']) {
  if (status === 'all') return waitlist_statuses;
  return status === 'open' ? (['waiting', 'offered'] as const) : [status];
}

/** Who waits, in the order in which they came. */
export async function listWaitlist(
  app: App,
  actor: Actor,
  input: Input<'list_waitlist'>,
): Promise<Output<'list_waitlist'>> {
  const { clinic_id = null, service_id = null, user_id = null, limit } = input;
  const rows = await listEntries(app.sql, {
    scope: scopeOf(actor),
    clinic_id,
    service_id,
    user_id,
    statuses: statusesOf(input.status),
    after: decodeTimeCursor(input.cursor),
    limit: limit + 1,
  });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.entry_id]);
  return { items: await entriesJson(app, actor, page.items), next_cursor: page.next_cursor };
}

/** One entry with everything that was offered, and everything that was not. */
export async function getWaitlistEntry(
  app: App,
  actor: Actor,
  { entry_id }: Input<'get_waitlist_entry'>,
): Promise<Output<'get_waitlist_entry'>> {
  const row = await entryRow(app, actor, entry_id);
  const zone = row.time_zone;
  const [entries, offers, skips, open] = await Promise.all([
    entriesJson(app, actor, [row]),
    listOffers(app.sql, [entry_id], RELATED_MAX),
    listSkips(app.sql, [entry_id], RELATED_MAX),
    row.status === 'waiting' ? openSlotsFor(app.sql, entry_id, OPEN_MAX) : [],
  ]);
  const [entry] = entries;
  if (!entry) throw new Error(`The entry ${entry_id} is not there any more`);
  return {
    ...entry,
    offers: offers.map((offer) => offerJson(offer, zone)),
    skips: skips.map((skip) => skipJson(skip, zone)),
    open_slots: open.map((slot) => ({ ...slot, starts_at: zonedText(slot.starts_at, zone) })),
  };
}
