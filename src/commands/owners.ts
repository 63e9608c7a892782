import { AppError } from '../domain/errors.ts';
import { printBooking } from './bookings.ts';
import { callOptions, firstWord, referenceOf } from './choice.ts';
import type { Context } from './context.ts';
import { lookOf } from './format.ts';
import type { Owner } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

const csv = ['user_id', 'full_name', 'phone', 'email', 'lang', 'pets'];

const petsText = (owner: Owner) =>
  owner.pets
    .map((pet) => (pet.species === null ? pet.name : `${pet.name} (${pet.species})`))
    .join(', ');

/** `petpro find`: owners and pets; a reference opens its booking. */
export async function find(context: Context, args: Args): Promise<number | undefined> {
  const words = args.positional.join(' ');
  const reference = referenceOf(words);
  const session = openSession(context);
  if (reference.startsWith('BP') && reference.length === 10) {
    const booking = await session.client.call('get_booking', { booking_id: reference });
    const clinic = await session.client.call('get_clinic', { clinic_id: booking.clinic_id });
    printBooking(context, booking, lookOf(context, clinic));
    return;
  }
  const { items } = await session.client.call('search_owners', { q: words, limit: 20 });
  printList(context, {
    kind: 'OwnerList',
    items,
    columns: [
      { head: 'OWNER', text: (owner) => owner.full_name },
      { head: 'PHONE', text: (owner) => owner.phone ?? '-', whole: true },
      { head: 'PETS', text: petsText },
      {
        head: 'NEXT VISIT',
        text: (owner) => owner.next_visit?.starts_at.slice(0, 16).replace('T', ' ') ?? '-',
      },
      { head: 'REF', text: (owner) => owner.next_visit?.reference_code ?? '-', whole: true },
      { head: 'EMAIL', text: (owner) => owner.email ?? '-', wide: true },
    ],
    csv,
    name: (owner) => owner.user_id,
    empty: `Nobody is found by "${words}".`,
  });
  if (items.length > 0) return;
  // An empty answer is exit 3, so that a script can tell; the sentence above has said it.
  return 3;
}

/** Spaces, dots and dashes are how people say a number; the country is not guessed. */
function phoneOf(text: string): string {
  const packed = text.replace(/[\s().-]/g, '');
  if (/^\+[1-9]\d{6,14}$/.test(packed)) return packed;
  throw new AppError('invalid_input', `"${text}" is no number with a country: +6281234567890.`);
}

const langs = ['en', 'ja', 'id'] as const;

/** `petpro owners add` */
export async function addOwner(context: Context, args: Args): Promise<undefined> {
  const phone = phoneOf(textOption(args, 'phone') ?? '');
  const session = openSession(context);
  const species = textOption(args, 'species');
  const email = textOption(args, 'email');
  const speaks = langs.find((lang) => lang === textOption(args, 'speaks'));
  const owner = await session.client.call(
    'create_owner',
    {
      full_name: textOption(args, 'name') ?? '',
      phone,
      pet_name: textOption(args, 'pet') ?? '',
      ...(species === null ? {} : { species }),
      ...(email === null ? {} : { email }),
      ...(speaks === undefined ? {} : { lang: speaks }),
    },
    callOptions(args),
  );
  printOne(context, {
    kind: 'Owner',
    item: owner,
    csv,
    name: owner.user_id,
    lines: [
      ['Added', `${owner.full_name} ${owner.phone ?? ''}`],
      ['pet', petsText(owner)],
      ['next', `petpro book --owner "${owner.phone ?? firstWord(args)}" --service .. --at ..`],
    ],
  });
}
