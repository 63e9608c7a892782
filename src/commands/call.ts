import { AppError } from '../domain/errors.ts';
import { type Context, say } from './context.ts';
import { printCard, printOwners } from './owner-card.ts';
import { openSession } from './session.ts';
import type { Args } from './spec.ts';

/** Shorter is an extension of the house, or nothing at all. */
const DIGITS_MIN = 5;
const SAME_NUMBER_MAX = 20;

/** `+62 812-..`, `0812..`, and what telephones hand over: `tel:+62812..`, `sip:+62812..@host;user=phone`. */
function numberOf(text: string): string {
  const number = text
    .trim()
    .replace(/^(tel|sips?):/i, '')
    .replace(/[@;].*$/, '');
  const digits = number.normalize('NFKC').replace(/\D/g, '');
  if (digits.length >= DIGITS_MIN && /^[\d\s+()./-]+$/.test(number.normalize('NFKC'))) {
    return number;
  }
  throw new AppError('invalid_input', `"${text}" is no telephone number.`, {
    next: `petpro find "${text}"`,
  });
}

/** `petpro call`: who rings, for caller-id hooks and for the desk. */
export async function call(context: Context, args: Args): Promise<number | undefined> {
  const number = numberOf(args.positional.join(' '));
  const { client } = openSession(context);
  const query = { q: number, limit: SAME_NUMBER_MAX };
  const { items } = await client.call('search_owners', query);
  const callers = items.filter(({ matched_by }) => matched_by === 'phone');
  const [only] = callers;
  if (only !== undefined && callers.length === 1) {
    printCard(context, await client.call('get_owner', { user_id: only.user_id }));
    return;
  }
  const phone = number.startsWith('+') ? number : '+..';
  printOwners(context, callers, { empty: `Nobody has the number ${number}.` });
  if (callers.length > 1) {
    say(context, `${callers.length} owners have a number that ends like this.`);
    return;
  }
  say(context, `next: petpro owners add --phone "${phone}" --name .. --pet ..`);
  return 3;
}
