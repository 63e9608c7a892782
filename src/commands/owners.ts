import { AppError } from '../domain/errors.ts';
import { callOptions, firstWord } from './choice.ts';
import type { Context } from './context.ts';
import { printOne } from './output.ts';
import { owner_csv, petsText } from './owner-card.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

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
    csv: owner_csv,
    name: owner.user_id,
    lines: [
      ['Added', `${owner.full_name} ${owner.phone ?? ''}`],
      ['pet', petsText(owner)],
      ['next', `petpro book --owner "${owner.phone ?? firstWord(args)}" --service .. --at ..`],
    ],
  });
}
