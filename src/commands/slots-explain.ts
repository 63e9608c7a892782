import type { Closure } from '../domain/day-closure.ts';
import { parseTime } from '../domain/when.ts';
import type { Context } from './context.ts';
import { lookOf, shortId } from './format.ts';
import { clinicOf } from './lookup.ts';
import { printList } from './output.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import {
  csv,
  type Gap,
  type NamedSlot,
  PAGE_MAX,
  queryOf,
  readSlots,
  type SlotQuery,
} from './slots.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro slots explain`: the list's own answer, with every reason in words. */

/** What each reason means to the person on the phone. */
const slot_words: Readonly<Record<NonNullable<NamedSlot['reason']>, string>> = {
  booked: 'booked',
  held: 'held by somebody who is booking right now',
  blocked: 'blocked by the clinic',
  past: 'past',
  staff_busy: 'the vet is with another service then',
  room_busy: 'the room is taken then',
  closed: 'the hours have changed: closed then',
  too_soon: 'too near for owners to book; the desk can',
  too_far: 'too far ahead for owners to book; the desk can',
};

const gap_words: Readonly<Record<Gap['reason'], string>> = {
  clock_skips: 'the clock skips this time that day',
  clock_repeats: 'the clock shows this time twice that day; only the first is sold',
  closed: 'the clinic is closed that day',
  holiday: 'holiday',
  vet_away: 'the vet is away that day',
  clinic_closed: 'outside the opening hours',
  vet_not_in: 'the vet is not in then',
  break: 'break',
  time_off: 'the vet has time off',
  too_short: 'the visit does not fit before closing time',
};

const closure_words: Readonly<Record<Closure, string>> = {
  closed: 'The clinic is closed that day',
  holiday: 'The clinic is closed for a holiday that day',
  vet_away: 'The vet is away that day',
  no_hours: 'The service has no hours on that day',
};

type Line = {
  readonly [K in Exclude<keyof NamedSlot, 'reason' | 'price_tiers' | 'extra_seats'>]:
    | NamedSlot[K]
    | null;
} & {
  readonly date: string;
  readonly time: string;
  readonly reason: NamedSlot['reason'] | Gap['reason'];
  readonly explanation: string;
};

function slotLine({ price_tiers: _, extra_seats: __, ...slot }: NamedSlot): Line {
  const { available, reason } = slot;
  const why = reason === null ? 'closed' : slot_words[reason];
  return { ...slot, explanation: available ? 'open, can be booked' : why };
}

/** A time without a slot has the fields of one, empty. */
function gapLine(gap: Gap, clinic: Clinic, query: SlotQuery): Line {
  const { date, time, staff_id, reason } = gap;
  const [service] = query.services;
  return {
    slot_id: null,
    service_id: service?.service_id ?? null,
    service_name: service?.name ?? null,
    staff_id,
    staff_name: clinic.staff.find((one) => one.staff_id === staff_id)?.name ?? null,
    starts_at: null,
    ends_at: null,
    date,
    time,
    available: false,
    capacity: null,
    remaining: null,
    price: null,
    currency: null,
    reason,
    explanation: gap_words[reason],
  };
}

const placeOf = (one: Pick<Line, 'date' | 'time' | 'staff_id'>) =>
  [one.date, one.time, one.staff_id].join('|');

/** Slots and gaps by time. A slot that its hours have closed is explained by what closed them. */
function linesOf(
  items: readonly NamedSlot[],
  gaps: readonly Gap[],
  lineOf: (gap: Gap) => Line,
): readonly Line[] {
  const by_place = new Map(gaps.map((gap) => [placeOf(gap), gap]));
  const of_slots = items.map((slot) => {
    const line = slotLine(slot);
    const gap = slot.reason === 'closed' ? by_place.get(placeOf(slot)) : undefined;
    return gap === undefined ? line : { ...line, explanation: gap_words[gap.reason] };
  });
  const taken = new Set(items.map(placeOf));
  const others = gaps.filter((gap) => !taken.has(placeOf(gap))).map(lineOf);
  return [...of_slots, ...others].toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

/** Why a day has nothing at all, as far as its hours say. */
async function emptyDay(session: Session, query: SlotQuery): Promise<string> {
  const [service] = query.services;
  const { from, staff_id } = query;
  const offered = `The clinic offers no ${service?.name} slots on ${from}.`;
  if (service === undefined || from === null || !service.is_available) return offered;
  const { service_id } = service;
  const week = await session.client.call('get_week', {
    service_id,
    from,
    days: 1,
    ...(staff_id === null ? {} : { staff_id }),
  });
  const [day] = week.days;
  if (!day || day.closure === null) return offered;
  const name = day.holiday === null ? '' : ` (${day.holiday})`;
  return `${closure_words[day.closure]}${name}: ${from}.\nnext: petpro slots week --service "${service.name}" --from ${from}`;
}

/** `petpro slots explain`: every closed time of the day with its reason in words. */
export async function explainSlots(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const at = textOption(args, 'at');
  const time = at === null ? null : parseTime(at);
  const query = { ...queryOf(clinic, args), explain: true, limit: PAGE_MAX };
  const { items, gaps } = await readSlots(session, query);
  const lines = linesOf(items, gaps, (gap) => gapLine(gap, clinic, query));
  const shown = lines.filter((line) => (time === null ? !line.available : line.time === time));
  const none =
    time === null
      ? 'Every slot of that day is open.'
      : `There is no slot at ${time}: the hours have none that starts then.\nnext: petpro slots list --service "${query.services[0]?.name}" --date ${query.from}`;
  printList(context, {
    kind: 'SlotExplanationList',
    items: shown,
    columns: [
      {
        head: 'TIME',
        text: (line) => (line.starts_at === null ? line.time : look.time(line.starts_at)),
        whole: true,
      },
      { head: 'VET', text: (line) => line.staff_name ?? '-' },
      { head: 'WHY', text: (line) => line.explanation },
      {
        head: 'SLOT',
        text: (line) => (line.slot_id === null ? '-' : shortId(context, line.slot_id)),
        whole: true,
      },
    ],
    csv: [...csv, 'explanation'],
    name: (line) => line.slot_id ?? `${line.date}T${line.time}`,
    as_of: look.now(),
    empty: lines.length === 0 ? await emptyDay(session, query) : none,
  });
}
