import { yesNo } from '../config-parse.ts';
import type { ProfileField } from '../config-profile.ts';
import { AppError } from '../domain/errors.ts';

/** Words of a command line as the values that a file of settings holds. */

export type FieldType = ProfileField['type'];

/** A list of words, as JSON or as one would type it. */
export function wordsOf(text: string): readonly string[] {
  if (!text.trim().startsWith('[')) return text.split(/\s+/).filter((word) => word !== '');
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = null;
  }
  if (Array.isArray(list) && list.every((word) => typeof word === 'string')) return list;
  throw new AppError('invalid_input', `${text} is no list of words: ["pass", "show", "petpro"].`);
}

/** The text of a command line as the value that JSON wants; a wrong one is left for the check. */
export function fileValue(text: string, type: FieldType): unknown {
  if (type === 'words') return wordsOf(text);
  if (type === 'string') return text;
  try {
    return yesNo(text);
  } catch {
    return text;
  }
}
