import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import type { OfferEnd, SkipReason } from '../domain/waitlist.ts';
import { parseWanted, wantedText } from '../domain/wanted.ts';
import { callOptions, firstWord, tierFields } from './choice.ts';
import type { Context } from './context.ts';
import { type Look, lookOf, SHORT_ID, shortId } from './format.ts';
import { clinicOf, dayOf, isId, ownerOf, petOf, serviceOf, staffOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro waitlist add`, `list` and `show`. */

export type Entry = Output<'join_waitlist'>;
type Detail = Output<'get_waitlist_entry'>;

const SEATS_MAX = 50;
/** Entries that are searched for the end of an id. */
const PAGES_MAX = 10;

export const entry_csv = [
  'entry_id',
  'status',
  'position',
  'priority',
  'service_name',
  'staff_name',
  'owner_name',
  'owner_phone',
  'pet_name',
  'from_date',
  'to_date',
  'from_time',
  'to_time',
  'quantity',
  'misses',
  'left_reason',
  'created_at',
];

const skip_words: Readonly<Record<SkipReason, string>> = {
  too_close: 'it begins too soon',
  owner_gone: 'the owner was erased',
  pet_gone: 'the pet is not the owner’s any more',
  opted_out: 'the owner wants no messages',
  no_address: 'no address to write to',
  too_few_seats: 'too few seats',
  owner_busy: 'the owner is busy then',
  price_rule: 'a price rule refuses it',
};

const end_words: Readonly<Record<OfferEnd, string>> = {
  taken: 'booked',
  declined: 'declined',
  expired: 'not answered',
  withdrawn: 'taken back by the clinic',
};

/** What an entry is at, in one phrase. */
export function stateText(entry: Entry, look: Look): string {
  const { status, offer, position, left_reason } = entry;
  if (status === 'offered' && offer !== null) {
    const until = look.time(offer.expires_at);
    const what = offer.accepted_at === null ? 'offered' : 'accepted, to pay';
    return `${what} ${look.moment(offer.starts_at)} until ${until}`;
  }
  if (status === 'waiting') return `waits, ${position}.`;
  if (status === 'taken') return 'booked';
  return left_reason === null ? status : `${status}: ${left_reason.replaceAll('_', ' ')}`;
}

/** The entry that an id, or the end of one, names. */
export async function entryIdOf(session: Session, clinic: Clinic, args: Args): Promise<string> {
  const text = firstWord(args).toLowerCase();
  if (isId(text)) return text;
  const next = 'petpro waitlist list';
  if (!/^[0-9a-f-]+$/.test(text) || text.length < SHORT_ID) {
    const detail = `"${firstWord(args)}" is no entry: give its id, or at least the last ${SHORT_ID} signs.`;
    throw new AppError('invalid_input', detail, { next });
  }
  let cursor: string | null = null;
  const hits: string[] = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const wish = { clinic_id: clinic.clinic_id, status: 'all', limit: 200 } as const;
    const found: Output<'list_waitlist'> = await session.client.call('list_waitlist', {
      ...wish,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const { entry_id } of found.items) if (entry_id.endsWith(text)) hits.push(entry_id);
    cursor = found.next_cursor;
    if (cursor === null) break;
  }
  const [hit] = hits;
  if (hit !== undefined && hits.length === 1) return hit;
  if (hits.length > 1) {
    throw new AppError('invalid_input', `"${text}" ends ${hits.length} ids; give more of it.`, {
      candidates: hits,
      next,
    });
  }
  throw new AppError('not_found', `Nobody on the list has an id that ends in "${text}".`, { next });
}

export function printEntry(context: Context, look: Look, verb: string, entry: Entry): void {
  printOne(context, {
    kind: 'WaitlistEntry',
    item: entry,
    csv: entry_csv,
    name: entry.entry_id,
    as_of: look.now(),
    lines: [
      [verb, shortId(context, entry.entry_id)],
      ['for', `${entry.pet_name}, ${entry.owner_name}: ${entry.service_name}`],
      ['when', `${entry.from_date} to ${entry.to_date}, ${wantedText(entry)}`],
      ['vet', entry.staff_name ?? ''],
      ['state', stateText(entry, look)],
    ],
  });
}

/** `petpro waitlist add` */
export async function addEntry(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const wanted = parseWanted(textOption(args, 'window') ?? '');
  const service = serviceOf(clinic, textOption(args, 'service') ?? '');
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const from_date = dayOf(clinic, textOption(args, 'from'));
  const to_date = dayOf(clinic, textOption(args, 'to'));
  const quantity = wholeOption(args, 'quantity', 1, SEATS_MAX);
  const priority = wholeOption(args, 'priority', 0, 9);
  const owner = await ownerOf(session, textOption(args, 'owner') ?? '');
  const entry = await session.client.call(
    'join_waitlist',
    {
      service_id: service.service_id,
      user_id: owner.user_id,
      pet_id: petOf(owner, textOption(args, 'pet')).pet_id,
      weekdays: [...wanted.weekdays],
      ...(wanted.from_time === null ? {} : { from_time: wanted.from_time }),
      ...(wanted.to_time === null ? {} : { to_time: wanted.to_time }),
      ...(staff === null ? {} : { staff_id: staff.staff_id }),
      ...(from_date === null ? {} : { from_date }),
      ...(to_date === null ? {} : { to_date }),
      ...(quantity === null ? {} : { quantity }),
      ...(priority === null ? {} : { priority }),
      ...tierFields(args),
    },
    callOptions(args),
  );
  printEntry(context, lookOf(context, clinic), 'Waits', entry);
}

const statuses = ['open', 'waiting', 'offered', 'taken', 'declined', 'left', 'all'] as const;

/** `petpro waitlist list` */
export async function listEntries(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const words = textOption(args, 'service');
  const status = statuses.find((one) => one === textOption(args, 'status')) ?? 'open';
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await session.client.call('list_waitlist', {
    clinic_id: clinic.clinic_id,
    status,
    ...(words === null ? {} : { service_id: serviceOf(clinic, words).service_id }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'WaitlistEntryList',
    items: page.items,
    columns: [
      { head: 'ENTRY', text: (one) => shortId(context, one.entry_id), whole: true },
      { head: 'PRI', text: (one) => String(one.priority), right: true },
      { head: 'PET', text: (one) => one.pet_name ?? '' },
      { head: 'OWNER', text: (one) => one.owner_name ?? '' },
      { head: 'SERVICE', text: (one) => one.service_name },
      { head: 'VET', text: (one) => one.staff_name ?? 'any' },
      { head: 'FROM', text: (one) => one.from_date, whole: true },
      { head: 'TO', text: (one) => one.to_date, whole: true },
      { head: 'WHEN', text: wantedText, whole: true },
      { head: 'STATE', text: (one) => stateText(one, look), whole: true },
      {
        head: 'PASSED OVER',
        text: (one) => (one.skip === null ? '' : skip_words[one.skip.reason]),
        wide: true,
      },
      { head: 'PHONE', text: (one) => one.owner_phone ?? '', wide: true },
    ],
    csv: entry_csv,
    name: (one) => one.entry_id,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'Nobody waits.',
  });
}

function storyOf(detail: Detail, look: Look): readonly (readonly [string, string])[] {
  const offers = detail.offers.map((offer) => {
    const end =
      offer.ended_as === null
        ? `until ${look.time(offer.expires_at)}`
        : `${end_words[offer.ended_as]} ${look.moment(offer.ended_at ?? offer.expires_at)}`;
    const hand = offer.offered_by_hand ? ' by hand' : '';
    const text = `${look.moment(offer.starts_at)}, ${look.moment(offer.offered_at)}${hand}: ${end}`;
    return ['offered', text] as const;
  });
  const skips = detail.skips.map((skip) => {
    const slot = skip.starts_at === null ? 'a slot that is gone' : look.moment(skip.starts_at);
    const times = skip.times > 1 ? `, ${skip.times} times` : '';
    return ['passed over', `${slot}: ${skip_words[skip.reason]}${times}`] as const;
  });
  const open = detail.open_slots.map((slot) => {
    const vet = slot.staff_name === null ? '' : ` ${slot.staff_name}`;
    return ['open now', `${look.moment(slot.starts_at)}${vet}`] as const;
  });
  return [...offers, ...skips, ...open];
}

/** `petpro waitlist show` */
export async function showEntry(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const entry_id = await entryIdOf(session, clinic, args);
  const detail = await session.client.call('get_waitlist_entry', { entry_id });
  printOne(context, {
    kind: 'WaitlistDetail',
    item: detail,
    csv: entry_csv,
    name: detail.entry_id,
    as_of: look.now(),
    lines: [
      ['entry', detail.entry_id],
      ['for', `${detail.pet_name}, ${detail.owner_name}: ${detail.service_name}`],
      ['phone', detail.owner_phone ?? ''],
      ['when', `${detail.from_date} to ${detail.to_date}, ${wantedText(detail)}`],
      ['vet', detail.staff_name ?? ''],
      ['seats', detail.quantity > 1 ? String(detail.quantity) : ''],
      ['priority', detail.priority > 0 ? String(detail.priority) : ''],
      ['state', stateText(detail, look)],
      ['unanswered', detail.misses > 0 ? String(detail.misses) : ''],
      ...storyOf(detail, look),
    ],
  });
}
