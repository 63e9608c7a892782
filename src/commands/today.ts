import { isLate } from '../domain/booking.ts';
import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, dayOf, staffOf } from './lookup.ts';
import { printList } from './output.ts';
import { langOf, openSession, type Session } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { offerCached, readCached, refreshCache } from './today-cached.ts';
import { watchable } from './watch.ts';

type Day = Output<'get_day'>;
type DayRow = Day['items'][number];

/** One letter per state; the console's board uses the same. ux §3. */
export function letterOf(row: DayRow, now: Temporal.Instant): string {
  if (row.kind === 'hold') return 'H';
  if (row.kind === 'open') return ' ';
  if (row.kind === 'blocked') return 'x';
  switch (row.status) {
    case 'in-progress':
      return 'I';
    case 'completed':
      return 'C';
    case 'no-show':
      return 'N';
    case 'cancelled':
      return 'X';
    case 'confirmed':
    case null: {
      if (row.arrived_at !== null) return 'A';
      const starts_ms = Temporal.Instant.from(row.starts_at).epochMilliseconds;
      return isLate(starts_ms, now.epochMilliseconds) ? '!' : '-';
    }
  }
}

function payText(row: DayRow, look: Look): string {
  if (row.kind === 'hold' && row.hold_expires_at) return `until ${look.time(row.hold_expires_at)}`;
  return row.payment_state === 'due' ? 'DUE' : (row.payment_state ?? '');
}

/** `+1` = the slot has one seat more than it was made for. */
function serviceText({ service_name, extra_seats = 0 }: DayRow): string {
  return extra_seats > 0 ? `${service_name} +${extra_seats}` : service_name;
}

function petText(row: DayRow): string {
  if (row.kind === 'hold') return '(held)';
  if (row.participants !== undefined) return row.participants;
  return row.kind === 'booking' ? (row.pet_name ?? '-') : row.kind;
}

/** A day with what was asked of it. */
type Shown = {
  readonly day: Day;
  readonly staff_id: string | null;
  readonly is_saved: boolean;
};

function rowsOf({ day, staff_id }: Shown, args: Args): readonly DayRow[] {
  const all = flagOption(args, 'all');
  return day.items.filter(
    (row) =>
      (all || row.kind === 'booking' || row.kind === 'hold') &&
      (staff_id === null || row.staff_id === staff_id),
  );
}

const csv = [
  'starts_at',
  'ends_at',
  'kind',
  'status',
  'arrived_at',
  'pet_name',
  'participants',
  'owner_name',
  'owner_phone',
  'service_name',
  'staff_name',
  'amount',
  'currency',
  'payment_state',
  'reference_code',
  'notes',
  'extra_seats',
];

function showDay(context: Context, shown: Shown, items: readonly DayRow[]): void {
  const { day, is_saved } = shown;
  const look = lookOf(context, day.clinic);
  if (context.io.is_tty && isForPeople(context)) say(context, `${day.clinic.name}  ${day.date}`);
  // What was saved is told as it was then: who is late by now is not known.
  const now = Temporal.Instant.from(day.as_of);
  printList(context, {
    kind: 'DayList',
    items,
    columns: [
      { head: 'TIME', text: (row) => look.time(row.starts_at), whole: true },
      { head: 'S', text: (row) => letterOf(row, now), whole: true },
      { head: 'PET', text: petText },
      { head: 'OWNER', text: (row) => row.owner_name ?? '' },
      { head: 'PHONE', text: (row) => row.owner_phone ?? '', wide: true },
      { head: 'SERVICE', text: serviceText },
      { head: 'VET', text: (row) => row.staff_name ?? '-' },
      { head: 'PAY', text: (row) => payText(row, look) },
      { head: 'REF', text: (row) => row.reference_code ?? '', whole: true },
    ],
    csv,
    name: (row) => row.reference_code ?? row.slot_id,
    as_of: day.as_of,
    stale: is_saved,
    empty: `Nothing is booked on ${day.date}.`,
  });
}

/** The day and vet that were asked for, from the daemon. */
async function readDay(session: Session, args: Args): Promise<() => Promise<Shown>> {
  const clinic = await clinicOf(session);
  const date = dayOf(clinic, textOption(args, 'date'), 'allow');
  const staff_id = staffOf(clinic, textOption(args, 'vet'))?.staff_id ?? null;
  const query = { clinic_id: clinic.clinic_id, ...(date === null ? {} : { date }) };
  return async () => {
    const day = await session.client.call('get_day', query);
    return { day, staff_id, is_saved: false };
  };
}

async function print(context: Context, args: Args, shown: Shown): Promise<void> {
  const { printDay } = await import('./print-day.ts');
  await printDay(context, args, { ...shown, lang: langOf(context, shown.day.clinic) });
}

/** The day from the daemon, and a way to ask again. Nobody answers: the day that is kept here is offered. */
async function readLive(context: Context, args: Args) {
  try {
    const read = await readDay(openSession(context), args);
    return { read, shown: await read() };
  } catch (error) {
    throw await offerCached(context, args, error);
  }
}

async function todayLive(context: Context, args: Args): Promise<void> {
  const live = await readLive(context, args);
  if (flagOption(args, 'print')) return await print(context, args, live.shown);
  let { shown } = live;
  let is_first = true;
  await watchable(context, args, {
    read: async () => {
      if (!is_first) shown = await live.read();
      is_first = false;
      return rowsOf(shown, args);
    },
    show: (items) => showDay(context, shown, items),
    key: (row) => `${row.slot_id} ${row.reservation_id ?? row.booking_id ?? ''}`,
  });
}

/** `petpro today`: the day sheet. */
export async function today(context: Context, args: Args): Promise<undefined> {
  const wants_paper = flagOption(args, 'print') || textOption(args, 'device') !== null;
  const paper_flags = ['copies', 'width', 'each_vet'].some((name) => args.options[name]);
  if (wants_paper || paper_flags) (await import('./print-day.ts')).checkPrintFlags(args);
  const is_cached = flagOption(args, 'cached');
  if (is_cached && (flagOption(args, 'refresh_cache') || textOption(args, 'watch') !== null)) {
    const detail = '--cached shows what was kept; it neither watches nor refreshes.';
    throw new AppError('invalid_input', detail, { next: 'petpro today --cached' });
  }
  if (flagOption(args, 'refresh_cache')) return await refreshCache(context);
  if (is_cached) {
    const shown = await readCached(context, args);
    if (flagOption(args, 'print')) await print(context, args, shown);
    else showDay(context, shown, rowsOf(shown, args));
    return;
  }
  await todayLive(context, args);
}
