import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { unchangedForMs } from '../store/availability.ts';
import { findService } from '../store/clinics.ts';
import { clinicZone, listSlots as read, type SlotRow } from '../store/slots.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { rememberSlots } from './find-slot.ts';
import { offerOf } from './hours-offer.ts';
import { keptAnswers, type Made } from './kept-answers.ts';
import { moneyText } from './money-text.ts';
import { tiersBySlot } from './price-tiers.ts';
import { absentService, groupOf, untilMidnightMs, vetOf } from './service-group.ts';
import { zonedText } from './slot-time.ts';

/** Days in one question, the first and the last included. */
const DAYS_MAX = 32;
/** Days looked ahead when only a first day, or none, was given. */
const DAYS_DEFAULT = 7;
const GAPS_MAX = 500;

type Question = Input<'list_slots'>;
type Page = Output<'list_slots'>;
type Slot = Page['items'][number];

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
  input: Question,
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

/** Why hours give no slot on the one day that is to be explained. */
async function gapsOf(app: App, clinic_id: string, staff_id: string | null, input: Question) {
  const { service_id, explain, date, cursor } = input;
  if (!explain || date === undefined || cursor !== undefined) return {};
  const found = await offerOf(app, { clinic_id, service_id, staff_id, from: date, to: date });
  const gaps = (found?.gaps ?? []).slice(0, GAPS_MAX);
  return { gaps: gaps.map(({ service_id: _, ...gap }) => gap) };
}

/** One page as it stands now. */
async function readPage(
  app: App,
  clinic_id: string,
  is_owner: boolean,
  input: Question,
): Promise<Made<Page>> {
  const { service_id, explain, limit } = input;
  const [service, time_zone, life_ms, staff_id] = await Promise.all([
    findService(app.sql, service_id),
    clinicZone(app.sql, service_id),
    unchangedForMs(app.sql, service_id),
    vetOf(app, clinic_id, input),
  ]);
  if (!service || time_zone === null) throw absentService();
  if (!service.is_available && !explain) {
    throw new AppError('service_unavailable', 'The clinic does not offer this service now.');
  }
  const after = decodeTimeCursor(input.cursor);
  const rows = await read(app.sql, {
    service_id,
    ...wantedRange(input, time_zone),
    staff_id,
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
  const gaps = await gapsOf(app, clinic_id, staff_id, input);
  return {
    answer: { items, next_cursor: page.next_cursor, ...gaps },
    lines: items.length,
    life_ms: Math.min(life_ms ?? Number.POSITIVE_INFINITY, day_ms),
  };
}

const kept = keptAnswers<Page>();

/** Open slots of a service; with `explain` also the closed ones and why each is closed. */
export async function listSlots(app: App, actor: Actor, input: Question): Promise<Page> {
  const { service_id, date, from, to, staff_id, vet, explain, cursor, limit } = input;
  const { clinic_id, group } = await groupOf(app, actor, service_id, input.clinic_id ?? null);
  const is_owner = actor.role === 'customer';
  const wish = [service_id, date, from, to, staff_id, vet, explain, cursor, limit, is_owner];
  return await kept(app, {
    key: JSON.stringify(wish),
    group,
    make: () => readPage(app, clinic_id, is_owner, input),
  });
}
