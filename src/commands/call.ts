import { AppError } from '../domain/errors.ts';
import { ringDesks } from './call-desk.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { printCard, printOwners } from './owner-card.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption } from './spec.ts';

/** Shorter is an extension of the house, or nothing at all. */
const DIGITS_MIN = 5;
const SAME_NUMBER_MAX = 20;
/** Consoles of one person on one machine. */
const DESKS_MAX = 9;

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

/** True when a console of this person on this machine shows the caller. */
async function isShown(context: Context, args: Args, number: string): Promise<boolean> {
  const asked = wholeOption(args, 'desk', 1, DESKS_MAX);
  // Programs want the card itself, and so does who says so.
  if (flagOption(args, 'print') || !isForPeople(context)) return false;
  const { shown, refused } = await ringDesks(context.config, asked, number);
  if (shown.length > 0) {
    say(context, `Shown on desk ${shown.join(', ')}.`);
    return true;
  }
  if (refused.length > 0) say(context, `Desk ${refused.join(', ')} shows no owners: its role.`);
  else if (asked !== null) {
    throw new AppError('unavailable', `No console of yours runs as desk ${asked} here.`, {
      next: 'petpro tui, or petpro call --print',
    });
  }
  return false;
}

/** `petpro call`: who rings, for caller-id hooks and for the desk. */
export async function call(context: Context, args: Args): Promise<number | undefined> {
  const number = numberOf(args.positional.join(' '));
  if (await isShown(context, args, number)) return;
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
