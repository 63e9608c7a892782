import { printBooking } from './bookings.ts';
import { isForPeople, referenceOf } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { isId } from './lookup.ts';
import { printCard, printOwners } from './owner-card.ts';
import { openSession } from './session.ts';
import type { Args } from './spec.ts';

const SHOWN_MAX = 20;

/** `petpro find`: owners and pets; the only one is opened, and a reference opens its booking. */
export async function find(context: Context, args: Args): Promise<number | undefined> {
  const words = args.positional.join(' ');
  const reference = referenceOf(words);
  const session = openSession(context);
  const { client, clinic } = session;
  if (/^BP\d{8}$/.test(reference)) {
    const booking = await client.call('get_booking', { booking_id: reference });
    const place = { clinic_id: booking.clinic_id, days: 0 };
    printBooking(context, booking, lookOf(context, await client.call('get_clinic', place)));
    return;
  }
  const { items } = await client.call('search_owners', {
    q: words,
    limit: SHOWN_MAX,
    near: 'true',
    ...(clinic !== null && isId(clinic) ? { clinic_id: clinic } : {}),
  });
  const [only] = items;
  // Programs get a list whatever was found; people want the one they meant.
  if (isForPeople(context) && items.length === 1 && only && only.matched_by !== 'near') {
    printCard(context, await client.call('get_owner', { user_id: only.user_id }));
    return;
  }
  printOwners(context, items, { empty: `Nobody is found by "${words}".` });
  if (items.length > 0 && items.every(({ matched_by }) => matched_by === 'near')) {
    say(context, `Nobody is found by "${words}" as it is written; these are spelled alike.`);
  }
  if (items.length === SHOWN_MAX) say(context, 'There may be more: add a word, a pet or digits.');
  if (items.length > 0) return;
  const is_short = /^\p{L}$/u.test(words);
  say(
    context,
    is_short
      ? 'One letter finds whole words only: type two or more.'
      : 'next: petpro owners add --name .. --phone .. --pet ..',
  );
  // An empty answer is exit 3, so that a script can tell; the sentence above has said it.
  return 3;
}
