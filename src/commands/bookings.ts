import { booking_statuses } from '../domain/booking.ts';
import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { bookingRef } from './choice.ts';
import type { Context } from './context.ts';
import { attemptsText, type Look, lookOf } from './format.ts';
import { namesText } from './group-words.ts';
import { clinicOf, dayOf, ownerOf, serviceOf, staffOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { stepLines } from './rows.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';

type Booking = Output<'get_booking'>;

const csv = [
  'reference_code',
  'booking_id',
  'status',
  'starts_at',
  'ends_at',
  'clinic_code',
  'service_name',
  'staff_name',
  'owner_name',
  'owner_phone',
  'pet_name',
  'quantity',
  'amount',
  'currency',
  'payment_state',
  'arrived_at',
  'created_at',
];

function statusOf(words: string | null): string | null {
  if (words === null) return null;
  const known: readonly string[] = booking_statuses;
  const unknown = words.split(',').filter((word) => !known.includes(word.trim()));
  if (unknown.length === 0) return words;
  const detail = `No status is called ${unknown.join(', ')}: there is ${booking_statuses.join(', ')}.`;
  throw new AppError('invalid_input', detail);
}

async function filters(session: Session, clinic: Clinic, args: Args) {
  const status = statusOf(textOption(args, 'status'));
  const service = textOption(args, 'service');
  const owner = textOption(args, 'owner');
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const from = dayOf(clinic, textOption(args, 'from'), 'allow');
  const to = dayOf(clinic, textOption(args, 'to'), 'allow');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  return {
    clinic_id: clinic.clinic_id,
    ...(status === null ? {} : { status }),
    ...(service === null ? {} : { service_id: serviceOf(clinic, service).service_id }),
    ...(owner === null ? {} : { user_id: (await ownerOf(session, owner)).user_id }),
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  };
}

/** `petpro bookings list` */
export async function listBookings(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const page = await session.client.call('list_bookings', await filters(session, clinic, args));
  printList(context, {
    kind: 'BookingList',
    items: page.items,
    columns: [
      { head: 'DAY AND TIME', text: (one) => look.moment(one.starts_at), whole: true },
      { head: 'STATUS', text: (one) => one.status, whole: true },
      { head: 'PET', text: (one) => one.pet_name ?? '-' },
      { head: 'OWNER', text: (one) => one.owner_name ?? '-' },
      { head: 'PHONE', text: (one) => one.owner_phone ?? '-', wide: true },
      { head: 'SERVICE', text: (one) => one.service_name },
      { head: 'VET', text: (one) => one.staff_name ?? '-' },
      {
        head: 'AMOUNT',
        text: (one) => look.money(one.amount, one.currency),
        right: true,
        wide: true,
      },
      { head: 'PAY', text: (one) => one.payment_state },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
    ],
    csv,
    name: (one) => one.reference_code,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'No booking fits.',
  });
}

/** A reference that is still a hold says so, instead of that there is no such booking. */
async function notYetBooked(session: Session, reference: string, error: unknown): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'not_found') return error;
  const hold = await session.client
    .call('get_reservation', { reservation_id: reference })
    .catch(() => null);
  if (hold === null) return error;
  const { reference_code, status } = hold;
  const detail =
    status === 'pending'
      ? `${reference_code} is held and not booked yet: its payment or confirmation is missing.`
      : `${reference_code} was never booked: its hold is ${status}.`;
  const next = `petpro hold show ${reference_code}`;
  return new AppError('not_found', detail, { ...error.facts, next }, { cause: error });
}

async function readBooking(context: Context, args: Args) {
  const booking_id = bookingRef(args);
  const session = openSession(context);
  const booking = await session.client
    .call('get_booking', { booking_id })
    .catch(async (error: unknown) => {
      throw await notYetBooked(session, booking_id, error);
    });
  const clinic = await session.client.call('get_clinic', { clinic_id: booking.clinic_id });
  return { booking, look: lookOf(context, clinic) };
}

/** What it costs beside the amount: told where there is something to tell. */
function moneyLines({ money, currency }: Booking, look: Look): readonly [string, string][] {
  if (money === undefined) return [];
  const shown = (text: string) => look.money(text, currency);
  const is_zero = (text: string) => /^[0.]*$/.test(text);
  const tiers = money.price_lines.flatMap(({ tier, units, unit, unit_price, amount }) =>
    tier === null
      ? []
      : [
          `${units} x ${tier}${unit === 'package' ? ' (package)' : ''} ${shown(unit_price)} = ${shown(amount)}`,
        ],
  );
  const way = money.tax_included ? 'contained' : 'on top';
  return [
    ['prices', tiers.join('; ')],
    [
      'tax',
      is_zero(money.tax_amount) ? '' : `${shown(money.tax_amount)} (${money.tax_percent} % ${way})`,
    ],
    ['deposit', money.amount_due === money.amount ? '' : shown(money.amount_due)],
    ['paid', shown(money.amount_paid)],
    ['rest due', is_zero(money.amount_rest) ? '' : shown(money.amount_rest)],
  ];
}

/** `SR12, visit 3 of 6, 4 to come` */
function seriesText({ series }: Booking): string {
  if (series === undefined) return '';
  const { series_code, position, visits_made, visits_left } = series;
  return `${series_code}, visit ${position} of ${visits_made}, ${visits_left} to come`;
}

/** A visit of another system: what it cost there. Here only what is left of that is to be paid. */
function importedText({ service_snapshot, currency }: Booking, look: Look): string {
  const price = service_snapshot['imported_price'];
  return typeof price === 'string' ? `${look.money(price, currency)}, brought in` : '';
}

/** Prints one booking; also what `find` does with a reference. */
export function printBooking(context: Context, booking: Booking, look: Look): void {
  const contact = [booking.owner_phone, booking.owner_email].filter((one) => one !== null);
  const payments = booking.payments.map(
    (one) => `${look.money(one.amount, one.currency)} ${one.payment_method} ${one.status}`,
  );
  const refunds = booking.refunds.map(
    (one) => `${look.money(one.amount, one.currency)} ${one.status}`,
  );
  const messages = booking.messages.map((one) => `${one.type} by ${one.channel} ${one.status}`);
  printOne(context, {
    kind: 'Booking',
    item: booking,
    csv,
    name: booking.reference_code,
    as_of: look.now(),
    lines: [
      ['booking', `${booking.reference_code} ${booking.status}`],
      [
        'visit',
        `${look.moment(booking.starts_at)} ${booking.service_name} ${booking.duration_minutes} min`,
      ],
      ...stepLines(booking.items, look),
      ['vet', booking.items === undefined ? (booking.staff_name ?? '') : ''],
      ['pet', [booking.pet_name, booking.species].filter((one) => one !== null).join(', ')],
      ['owner', [booking.owner_name ?? '', ...contact].join('  ').trim()],
      [
        'seats',
        booking.seat_labels?.join(', ') ?? (booking.quantity > 1 ? String(booking.quantity) : ''),
      ],
      ['with', namesText(booking.participants ?? [])],
      ['series', seriesText(booking)],
      ['amount', `${look.money(booking.amount, booking.currency)} ${booking.payment_state}`],
      ['before', importedText(booking, look)],
      ...moneyLines(booking, look),
      ['payments', payments.join('; ')],
      ['tries', attemptsText(booking.payment_attempts, look)],
      ['refunds', refunds.join('; ')],
      ['messages', messages.join('; ')],
      ['arrived', booking.arrived_at === null ? '' : look.moment(booking.arrived_at)],
      ['cancelled', booking.cancellation_reason ?? ''],
      ['note', booking.notes ?? ''],
      ['version', String(booking.version)],
    ],
  });
}

/** `petpro bookings show` */
export async function showBooking(context: Context, args: Args): Promise<undefined> {
  const { booking, look } = await readBooking(context, args);
  printBooking(context, booking, look);
}

/** `petpro bookings history` */
export async function bookingHistory(context: Context, args: Args): Promise<undefined> {
  const { booking, look } = await readBooking(context, args);
  printList(context, {
    kind: 'BookingHistory',
    items: booking.history,
    columns: [
      { head: 'AT', text: (one) => look.moment(one.at), whole: true },
      { head: 'ACTION', text: (one) => one.action },
      { head: 'STATUS', text: (one) => one.status },
      { head: 'BY', text: (one) => one.performed_by_name ?? '-' },
      { head: 'FROM', text: (one) => one.source ?? '-' },
      { head: 'NOTES', text: (one) => one.notes ?? '' },
    ],
    csv: ['at', 'action', 'status', 'performed_by', 'performed_by_name', 'source', 'notes'],
    name: (one) => one.action,
    as_of: look.now(),
    empty: 'Nothing is recorded.',
  });
}
