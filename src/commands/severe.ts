import { AppError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import { isProtected } from './profile-guard.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** What severe commands share: a reason, and a word that has to be typed. ux §2, danger tiers. */

/**
 * The effect is said, then the person types the word: it names what will be hit, so that no habit can type it.
 * `--confirm WORD` or `--yes` stand for it (on a protected server only the word); nobody there to ask and neither
 * given: `input_needed`.
 */
export async function typeToConfirm(
  context: Context,
  args: Args,
  question: { readonly effect: string; readonly word: string },
): Promise<void> {
  const { effect, word } = question;
  const given = textOption(args, 'confirm');
  if (given !== null && given !== word) {
    throw new AppError('invalid_input', `--confirm ${given} is not what this is about: ${effect}`, {
      next: `--confirm ${word}`,
    });
  }
  const is_protected = isProtected(context.config);
  if (given === word || (flagOption(args, 'yes') && !is_protected)) return;
  if (!context.io.can_ask || context.no_input) {
    throw new AppError('input_needed', effect, {
      next: `add --confirm ${word}${is_protected ? '' : ' (or --yes)'}, or --dry-run to change nothing`,
    });
  }
  const answer = await context.io.ask(`${effect}\nType ${word} to confirm: `, context.signal);
  context.signal.throwIfAborted();
  if (answer?.trim() !== word) throw new AppError('cancelled', 'Nothing was changed.');
}

/** Why it is done: from --reason, or from the person. */
export async function reasonOf(context: Context, args: Args): Promise<string> {
  const given = textOption(args, 'reason')?.trim() ?? '';
  if (given !== '') return given;
  if (!context.io.can_ask || context.no_input) {
    throw new AppError('input_needed', 'Say why; it is kept in the audit log.', {
      next: 'add --reason "INC-221"',
    });
  }
  const answer = (await context.io.ask('Reason: ', context.signal))?.trim() ?? '';
  context.signal.throwIfAborted();
  if (answer === '') throw new AppError('cancelled', 'Nothing was changed.');
  return answer;
}

/** Some, but not all, of a bulk was done. ux §2. */
export const EXIT_PARTIAL = 14;
