import { isLate } from '../domain/booking.ts';
import type { Output } from '../domain/shapes.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, dayOf, staffOf } from './lookup.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { watchable } from './watch.ts';

type DayRow = Output<'get_day'>['items'][number];

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

/** `petpro today`: the day sheet. */
export async function today(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const date = dayOf(clinic, textOption(args, 'date'), 'allow');
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const all = flagOption(args, 'all');
  let as_of = look.now();
  let shown_date = date ?? '';
  await watchable(context, args, {
    read: async () => {
      const query = { clinic_id: clinic.clinic_id, ...(date === null ? {} : { date }) };
      const day = await session.client.call('get_day', query);
      as_of = day.as_of;
      shown_date = day.date;
      return day.items.filter(
        (row) =>
          (all || row.kind === 'booking' || row.kind === 'hold') &&
          (staff === null || row.staff_id === staff.staff_id),
      );
    },
    show: (items) => {
      if (context.io.is_tty && isForPeople(context)) say(context, `${clinic.name}  ${shown_date}`);
      const now = Temporal.Instant.from(as_of);
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
        csv: [
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
        ],
        name: (row) => row.reference_code ?? row.slot_id,
        as_of,
        empty: `Nothing is booked on ${shown_date}.`,
      });
    },
    key: (row) => `${row.slot_id} ${row.reservation_id ?? row.booking_id ?? ''}`,
  });
}
