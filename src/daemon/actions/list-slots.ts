import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { type BoundedCache, boundedCache } from '../http/bounded-cache.ts';
import { type ServiceGroup, serviceGroup, unchangedForMs } from '../store/availability.ts';
import { findService } from '../store/clinics.ts';
import { clinicZone, listSlots as read, type SlotRow } from '../store/slots.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { rememberSlots } from './find-slot.ts';
import { keptAnswers, type Made } from './kept-answers.ts';
import { moneyText } from './money-text.ts';
import { tiersBySlot } from './price-tiers.ts';
import { zonedText } from './slot-time.ts';

/** Days in one question, the first and the last included. */
const DAYS_MAX = 32;
/** Days looked ahead when only a first day, or none, was given. */
const DAYS_DEFAULT = 7;

type Slot = Output<'list_slots'>['items'][number];

function slotJson(row: SlotRow, explain: boolean): Slot {
  const { time_zone } = row;
  const local = localTime(row.starts_at, time_zone);
  return {
    slot_id: row.slot_id,
    service_id: row.service_id,
    staff_id: row.staff_id,
    staff_name: row.staff_name,
    starts_at: local.text,
    ends_at: zonedText(row.ends_at, time_zone),
    date: local.date,
    time: local.time,
    available: row.reason === null && row.is_available,
    capacity: row.capacity,
    remaining: row.remaining,
    ...(row.extra_seats > 0 ? { extra_seats: row.extra_seats } : {}),
    price: moneyText(row.price, row.currency),
    currency: row.currency,
    reason: explain ? row.reason : null,
  };
}

/** The instants between which slots are wanted, from the local dates that the caller gave. */
function wantedRange(
  input: Input<'list_slots'>,
  time_zone: string,
): { readonly from: Temporal.Instant; readonly to: Temporal.Instant } {
  const first = input.date ?? input.from ?? localTime(Temporal.Now.instant(), time_zone).date;
  const first_day = Temporal.PlainDate.from(first);
  const last_day = Temporal.PlainDate.from(
    input.date ?? input.to ?? first_day.add({ days: DAYS_DEFAULT - 1 }),
  );
  const days = first_day.until(last_day, { largestUnit: 'days' }).days + 1;
  if (days < 1 || days > DAYS_MAX) {
    throw new AppError('invalid_input', `Ask for 1 to ${DAYS_MAX} days at once.`, {
      errors: [{ path: 'to', message: 'From the same day as `from` to 31 days later' }],
    });
  }
  return {
    from: dayRange(first_day.toString(), time_zone).from,
    to: dayRange(last_day.toString(), time_zone).to,
  };
}

/** Until the day that "today" stands for is over. */
function untilMidnightMs(time_zone: string): number {
  const now = Temporal.Now.instant();
  const { to } = dayRange(localTime(now, time_zone).date, time_zone);
  return to.epochMilliseconds - now.epochMilliseconds;
}

/** One page as it stands now. */
async function readPage(
  app: App,
  is_owner: boolean,
  input: Input<'list_slots'>,
): Promise<Made<Output<'list_slots'>>> {
  const { service_id, staff_id, explain, limit } = input;
  const [service, time_zone, life_ms] = await Promise.all([
    findService(app.sql, service_id),
    clinicZone(app.sql, service_id),
    unchangedForMs(app.sql, service_id),
  ]);
  if (!service || time_zone === null) throw absent();
  if (!service.is_available && !explain) {
    throw new AppError('service_unavailable', 'The clinic does not offer this service now.');
  }
  const after = decodeTimeCursor(input.cursor);
  const rows = await read(app.sql, {
    service_id,
    ...wantedRange(input, time_zone),
    staff_id: staff_id ?? null,
    is_owner,
    explain,
    after: after && { starts_at: after.at, slot_id: after.id },
    limit: limit + 1,
  });
  rememberSlots(app, rows);
  const page = pageOf(rows, limit, (row) => [row.starts_at.toString(), row.slot_id]);
  const slot_ids = page.items.map(({ slot_id }) => slot_id);
  const tiers = service.has_tiers ? await tiersBySlot(app, slot_ids) : null;
  const items = page.items.map((row) => ({
    ...slotJson(row, explain),
    ...(tiers === null ? {} : { price_tiers: tiers.get(row.slot_id) ?? [] }),
  }));
  const is_relative = input.date === undefined && input.from === undefined;
  const day_ms = is_relative ? untilMidnightMs(time_zone) : Number.POSITIVE_INFINITY;
  return {
    answer: { items, next_cursor: page.next_cursor },
    lines: items.length,
    life_ms: Math.min(life_ms ?? Number.POSITIVE_INFINITY, day_ms),
  };
}

const absent = () => new AppError('not_found', 'There is no such service.');

const SERVICES_MAX = 5_000;
const SERVICE_KEPT_MS = 3_600_000;
const groups = new WeakMap<App, BoundedCache<ServiceGroup>>();

/** The clinic of a service, unless this caller may not know of it. */
export async function groupOf(
  app: App,
  actor: Actor,
  service_id: string,
  wanted_clinic: string | null,
): Promise<ServiceGroup> {
  const cache = groups.get(app) ?? boundedCache<ServiceGroup>(SERVICES_MAX, SERVICE_KEPT_MS);
  groups.set(app, cache);
  const found = cache.get(service_id) ?? (await serviceGroup(app.sql, service_id));
  const is_foreign = [actor.clinic_id, wanted_clinic].some(
    (one) => one !== null && one !== found?.clinic_id,
  );
  if (found === null || is_foreign) throw absent();
  cache.set(service_id, found);
  return found;
}

const kept = keptAnswers<Output<'list_slots'>>();

/** Open slots of a service; with `explain` also the closed ones and why each is closed. */
export async function listSlots(
  app: App,
  actor: Actor,
  input: Input<'list_slots'>,
): Promise<Output<'list_slots'>> {
  const { service_id, date, from, to, staff_id, explain, cursor, limit } = input;
  const { group } = await groupOf(app, actor, service_id, input.clinic_id ?? null);
  const is_owner = actor.role === 'customer';
  return await kept(app, {
    key: JSON.stringify([service_id, date, from, to, staff_id, explain, cursor, limit, is_owner]),
    group,
    make: () => readPage(app, is_owner, input),
  });
}
