import { AppError } from '../../domain/errors.ts';

/** A refusal of the line mode itself: its text is in the language of the desk already. */
export function refuse(code: 'invalid_input' | 'policy_refused' | 'not_found', text: string) {
  return new AppError(code, text, { is_own: true });
}
