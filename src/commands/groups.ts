import { bookingRef, callOptions, slotFields, withNearestSlot } from './choice.ts';
import type { Context } from './context.ts';
import { lookOf } from './format.ts';
import { namesText, peopleOf } from './group-words.ts';
import { clinicOf, ownerOf, petOf, serviceOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro bookings group` and `participants`: several pets and owners in one booking of a class. */

const methods = ['cash', 'card_terminal', 'transfer', 'at_clinic'] as const;

/** `petpro bookings group` */
export async function bookGroup(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const service = serviceOf(clinic, textOption(args, 'service') ?? '');
  const slot = await slotFields(session, clinic, service, args);
  const owner = await ownerOf(session, textOption(args, 'owner') ?? '');
  const named = textOption(args, 'pet');
  const pet = clinic.kind !== 'clinic' && named === null ? null : petOf(owner, named);
  const participants = peopleOf(textOption(args, 'people') ?? '', owner.pets);
  const notes = textOption(args, 'note');
  const pay = textOption(args, 'pay') ?? 'link';
  const wish = {
    service_id: service.service_id,
    user_id: owner.user_id,
    ...(pet === null ? {} : { pet_id: pet.pet_id }),
    ...slot,
    participants,
    payment_method: methods.find((method) => method === pay) ?? ('checkout' as const),
    ...(notes === null ? {} : { notes }),
  };
  const started = await session.client
    .call('create_group_booking', wish, callOptions(args))
    .catch((error: unknown) => {
      throw withNearestSlot(error, 'bookings group .. --at');
    });
  const booked = started.booking_id !== null;
  printOne(context, {
    kind: 'BookingStarted',
    item: started,
    csv: ['reference_code', 'reservation_id', 'booking_id', 'amount', 'currency', 'payment_url'],
    name: started.reference_code,
    as_of: look.now(),
    lines: [
      [booked ? 'Booked' : 'Held', started.reference_code],
      ['for', `${owner.full_name}: ${participants.length} seats of ${service.name}`],
      ['amount', look.money(started.amount, started.currency)],
      ['pay at', started.payment_url ?? ''],
      ['until', booked ? '' : look.moment(started.expires_at)],
      ['note', started.replayed ? 'this was already done; nothing was done twice' : ''],
    ],
  });
}

/** `petpro bookings participants`: shows who comes, or says it anew. */
export async function participants(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const session = openSession(context);
  const booking = await session.client.call('get_booking', { booking_id });
  const text = textOption(args, 'people');
  const told =
    text === null
      ? (booking.participants ?? [])
      : (
          await session.client.call(
            'set_participants',
            { booking_id, participants: peopleOf(text, await petsOf(session, booking)) },
            callOptions(args),
          )
        ).participants;
  printList(context, {
    kind: 'Participants',
    items: told,
    columns: [
      { head: '#', text: (one) => String(one.position), right: true },
      { head: 'PET', text: (one) => one.name },
      { head: 'OWNER', text: (one) => one.owner_name ?? '-' },
      { head: 'KNOWN', text: (one) => (one.pet_id === null ? 'no' : 'yes'), whole: true },
    ],
    csv: ['position', 'name', 'owner_name', 'pet_id'],
    name: (one) => namesText([one]),
    empty: `Nobody is named for the ${booking.quantity} seats of ${booking.reference_code}.`,
  });
}

type Session = ReturnType<typeof openSession>;

/** The payer's own pets: named without an owner they are known. */
async function petsOf(session: Session, { reference_code }: { readonly reference_code: string }) {
  const { items } = await session.client.call('search_owners', { q: reference_code, limit: 2 });
  const [owner] = items;
  return items.length === 1 && owner !== undefined ? owner.pets : [];
}
