import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, choose, firstWord, guestText, referenceOf, withNextSlot } from './choice.ts';
import { type Context, say } from './context.ts';
import { attemptsText, lookOf, SHORT_ID, shortId } from './format.ts';
import { clinicOf, dayOf, isId } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { stepLines } from './rows.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { type Args, textOption } from './spec.ts';

type DayRow = Output<'get_day'>['items'][number];

async function holdsOf(session: Session, clinic: Clinic, args: Args) {
  const date = dayOf(clinic, textOption(args, 'date'));
  const day = await session.client.call('get_day', {
    clinic_id: clinic.clinic_id,
    ...(date === null ? {} : { date }),
  });
  return { day, holds: day.items.filter((row) => row.kind === 'hold') };
}

const is_code = /^BP\d{8}$/;

function endsWith(row: DayRow, words: string): boolean {
  return words.length >= SHORT_ID && row.reservation_id?.endsWith(words.toLowerCase()) === true;
}

/** The id of a hold from an id, a reference, or the end of an id as the day's list of holds prints it. */
async function reservationOf(session: Session, args: Args): Promise<string> {
  const words = referenceOf(firstWord(args));
  if (isId(words)) return words;
  if (is_code.test(words)) {
    const hold = await session.client.call('get_reservation', { reservation_id: words });
    return hold.reservation_id;
  }
  const clinic = await clinicOf(session);
  const { day, holds } = await holdsOf(session, clinic, args);
  const hits = holds.filter((row) => endsWith(row, words));
  const [hit] = hits;
  if (hit?.reservation_id && hits.length === 1) return hit.reservation_id;
  const sentence = `${hits.length === 0 ? 'No' : 'More than one'} hold on ${day.date} is called "${words}".`;
  throw new AppError(hits.length === 0 ? 'not_found' : 'invalid_input', sentence, {
    next: `petpro hold list --date ${day.date}`,
  });
}

/** `petpro hold create` */
export async function createHold(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const choice = await choose(session, clinic, args);
  const { service, request } = choice;
  const hold = await session.client
    .call('create_reservation', request, callOptions(args))
    .catch((error: unknown) => {
      throw withNextSlot(error, 'hold create', choice);
    });
  printOne(context, {
    kind: 'Hold',
    item: hold,
    csv: ['reference_code', 'reservation_id', 'lock_id', 'expires_at', 'seats', 'replayed'],
    name: hold.reservation_id,
    as_of: look.now(),
    lines: [
      ['Held', hold.reference_code],
      ['for', `${guestText(choice)}: ${service.name}`],
      ...stepLines(hold.items, look),
      ['seats', hold.seat_labels?.join(', ') ?? ''],
      ['until', look.moment(hold.expires_at)],
      ['hold', hold.reservation_id],
      ['next', `petpro confirm ${hold.reservation_id} --paid cash`],
    ],
  });
}

/** `petpro hold list` */
export async function listHolds(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const { day, holds } = await holdsOf(session, clinic, args);
  printList(context, {
    kind: 'HoldList',
    items: holds,
    columns: [
      { head: 'TIME', text: (row) => look.time(row.starts_at), whole: true },
      { head: 'SERVICE', text: (row) => row.service_name },
      { head: 'VET', text: (row) => row.staff_name ?? '-' },
      { head: 'OWNER', text: (row) => row.owner_name ?? '-' },
      { head: 'PET', text: (row) => row.pet_name ?? '-' },
      {
        head: 'UNTIL',
        text: (row) => (row.hold_expires_at ? look.time(row.hold_expires_at) : '-'),
      },
      { head: 'REF', text: (row) => row.reference_code ?? '-', whole: true },
      { head: 'HOLD', text: (row) => shortId(context, row.reservation_id ?? ''), whole: true },
    ],
    csv: [
      'reservation_id',
      'reference_code',
      'starts_at',
      'service_name',
      'staff_name',
      'owner_name',
      'pet_name',
      'hold_expires_at',
    ],
    name: (row) => row.reservation_id ?? '',
    as_of: day.as_of,
    empty: `Nothing is held on ${day.date}.`,
  });
}

/** `petpro hold show` */
export async function showHold(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const reservation_id = await reservationOf(session, args);
  const hold = await session.client.call('get_reservation', { reservation_id });
  const clinic = await session.client.call('get_clinic', { clinic_id: hold.clinic_id });
  const look = lookOf(context, clinic);
  const service = clinic.services.find((one) => one.service_id === hold.service_id);
  printOne(context, {
    kind: 'Reservation',
    item: hold,
    csv: [
      'reservation_id',
      'reference_code',
      'status',
      'starts_at',
      'quantity',
      'amount',
      'currency',
      'expires_at',
    ],
    name: hold.reservation_id,
    as_of: look.now(),
    lines: [
      ['hold', `${hold.reference_code} ${hold.status}`],
      ['service', `${service?.name ?? hold.service_id}, ${look.moment(hold.starts_at)}`],
      ['amount', look.money(hold.amount, hold.currency)],
      ['until', `${look.moment(hold.expires_at)}${hold.extended ? ', extended once' : ''}`],
      ['pay at', hold.payment_url ?? ''],
      ['tries', attemptsText(hold.payment_attempts, look)],
      ['id', hold.reservation_id],
    ],
  });
}

/** `petpro hold extend` */
export async function extendHold(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const reservation_id = await reservationOf(session, args);
  const extended = await session.client.call(
    'extend_reservation',
    { reservation_id },
    callOptions(args),
  );
  printOne(context, {
    kind: 'HoldExtended',
    item: extended,
    csv: ['reservation_id', 'expires_at'],
    name: extended.reservation_id,
    lines: [['Held until', extended.expires_at]],
  });
}

/** `petpro hold release` */
export async function releaseHold(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const reservation_id = await reservationOf(session, args);
  const reason = textOption(args, 'reason');
  await session.client.call(
    'cancel_reservation',
    { reservation_id, ...(reason === null ? {} : { reason }) },
    callOptions(args),
  );
  printOne(context, {
    kind: 'HoldReleased',
    item: { reservation_id, success: true },
    csv: ['reservation_id', 'success'],
    name: reservation_id,
    lines: [['Released', reservation_id]],
  });
}

const methods = ['cash', 'card_terminal', 'transfer', 'at_clinic'] as const;

/** `petpro confirm` */
export async function confirmHold(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const reservation_id = await reservationOf(session, args);
  const paid = textOption(args, 'paid') ?? 'at_clinic';
  const payment_method = methods.find((method) => method === paid) ?? 'at_clinic';
  const booking = await session.client.call(
    'confirm_reservation',
    { reservation_id, payment_method },
    callOptions(args),
  );
  printOne(context, {
    kind: 'BookingConfirmed',
    item: booking,
    csv: ['booking_id', 'reference_code'],
    name: booking.reference_code,
    lines: [['Booked', booking.reference_code]],
  });
  if (payment_method === 'at_clinic') say(context, 'To be paid at the visit.');
}
