import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { type Context, say } from './context.ts';
import { type Look, lookOf, minutesBetween, shortId } from './format.ts';
import { clinicOf, dayOf, type Service, serviceOf, staffOf } from './lookup.ts';
import { printList } from './output.ts';
import { listRows } from './rows.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import type { Column } from './table.ts';
import { watchable } from './watch.ts';

type Slot = Output<'list_slots'>['items'][number];
export type Gap = NonNullable<Output<'list_slots'>['gaps']>[number];
/** The API's slot, with the name of its service: a list may span several. */
export type NamedSlot = Slot & { readonly service_name: string };

/** Most rows of one answer. */
export const PAGE_MAX = 200;
const LIMIT_DEFAULT = 50;
/** A clinic with more services than this is asked for one of them. */
const SERVICES_MAX = 30;

export const csv = [
  'slot_id',
  'starts_at',
  'ends_at',
  'staff_name',
  'service_name',
  'price',
  'currency',
  'capacity',
  'remaining',
  'available',
  'reason',
];

export function stateOf(slot: Slot): string {
  const { available, capacity, remaining, reason, extra_seats = 0 } = slot;
  const over = extra_seats > 0 ? `, +${extra_seats} over` : '';
  if (available) return capacity > 1 ? `open ${remaining}/${capacity}${over}` : 'open';
  return `${reason ?? 'closed'}${over}`;
}

export type SlotQuery = {
  readonly services: readonly Service[];
  readonly from: string | null;
  readonly to: string | null;
  readonly staff_id: string | null;
  readonly explain: boolean;
  readonly limit: number;
  readonly cursor?: string | null;
};

/** Slots of one or several services, by time. The cursor is the server's and only makes sense for one service. */
export async function readSlots(
  session: Session,
  query: SlotQuery,
): Promise<{
  readonly items: readonly NamedSlot[];
  /** Where hours give no slot; only of a day that is to be explained. */
  readonly gaps: readonly Gap[];
  readonly cursor: string | null;
}> {
  const { services, from, to, staff_id, explain, limit, cursor } = query;
  const pages = await Promise.all(
    services.map(async (service) => {
      const page = await session.client.call('list_slots', {
        service_id: service.service_id,
        ...(from === null ? {} : from === to ? { date: from } : { from, to: to ?? from }),
        ...(staff_id === null ? {} : { staff_id }),
        ...(explain ? { explain: '1' as const } : {}),
        ...(cursor ? { cursor } : {}),
        limit: Math.min(limit, PAGE_MAX),
      });
      const items = page.items.map((slot) => ({ ...slot, service_name: service.name }));
      return { items, gaps: page.gaps ?? [], next_cursor: page.next_cursor };
    }),
  );
  const items = pages
    .flatMap((page) => page.items)
    .toSorted((a, b) =>
      Temporal.Instant.compare(
        Temporal.Instant.from(a.starts_at),
        Temporal.Instant.from(b.starts_at),
      ),
    )
    .slice(0, limit);
  const gaps = pages.flatMap((page) => page.gaps);
  return { items, gaps, cursor: services.length === 1 ? (pages[0]?.next_cursor ?? null) : null };
}

/** A whole number of a flag, or an AppError that names it. */
export function wholeOption(args: Args, name: string, min: number, max: number): number | null {
  const text = textOption(args, name);
  if (text === null) return null;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
    const flag = `--${name.replaceAll('_', '-')}`;
    throw new AppError('invalid_input', `${flag} must be a whole number from ${min} to ${max}.`);
  }
  return value;
}

function columnsOf(context: Context, look: Look, query: SlotQuery): readonly Column<NamedSlot>[] {
  const many_days = query.from !== query.to;
  const time: Column<NamedSlot> = many_days
    ? { head: 'DAY AND TIME', text: (slot) => look.moment(slot.starts_at), whole: true }
    : { head: 'TIME', text: (slot) => look.time(slot.starts_at), whole: true };
  return [
    time,
    { head: 'SERVICE', text: (slot) => slot.service_name, wide: query.services.length === 1 },
    { head: 'VET', text: (slot) => slot.staff_name ?? '-' },
    {
      head: 'MIN',
      text: (slot) => String(minutesBetween(slot.starts_at, slot.ends_at)),
      right: true,
    },
    { head: 'PRICE', text: (slot) => look.money(slot.price, slot.currency), right: true },
    { head: 'STATE', text: stateOf },
    { head: 'SLOT', text: (slot) => shortId(context, slot.slot_id), whole: true },
  ];
}

export function queryOf(clinic: Clinic, args: Args): SlotQuery {
  const service = textOption(args, 'service');
  const services = service === null ? clinic.services : [serviceOf(clinic, service)];
  if (services.length > SERVICES_MAX) {
    throw new AppError('invalid_input', `There are ${services.length} services: say --service.`);
  }
  const day = dayOf(clinic, textOption(args, 'date'), 'allow');
  const first = dayOf(clinic, textOption(args, 'from'), 'allow');
  const last = dayOf(clinic, textOption(args, 'to'), 'allow');
  if (day !== null && (first !== null || last !== null)) {
    throw new AppError('invalid_input', 'Give --date, or --from and --to, not both.');
  }
  const from = day ?? first ?? dayOf(clinic, 'today');
  return {
    services,
    from,
    to: day ?? last ?? from,
    staff_id: staffOf(clinic, textOption(args, 'vet'))?.staff_id ?? null,
    explain: flagOption(args, 'all'),
    limit: wholeOption(args, 'limit', 1, PAGE_MAX) ?? LIMIT_DEFAULT,
    cursor: textOption(args, 'cursor'),
  };
}

/** `petpro slots list` */
export async function listSlots(context: Context, args: Args): Promise<undefined> {
  if (textOption(args, 'services') !== null) return await listRows(context, args);
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const query = queryOf(clinic, args);
  let cursor: string | null = null;
  const is_cut = (count: number) => cursor === null && count >= query.limit;
  await watchable(context, args, {
    read: async () => {
      const page = await readSlots(session, query);
      cursor = page.cursor;
      return page.items;
    },
    show: (items) => {
      printList(context, {
        kind: 'SlotList',
        items,
        columns: columnsOf(context, look, query),
        csv,
        name: (slot) => slot.slot_id,
        cursor,
        as_of: look.now(),
        empty: `No open slot ${query.from === query.to ? `on ${query.from}` : `from ${query.from} to ${query.to}`}.\nnext: petpro slots list --from ${query.from} --to +7d`,
      });
      if (is_cut(items.length))
        say(context, 'There may be more: say --service, or a larger --limit.');
    },
    key: (slot) => slot.slot_id,
  });
}
