import { AppError } from '../domain/errors.ts';
import { every_max, type SeriesUnit } from '../domain/series.ts';
import { weekdayOf } from '../domain/when.ts';
import { firstWord, referenceOf } from './choice.ts';
import { isId } from './lookup.ts';
import { type Args, textOption } from './spec.ts';

/** What people type about series, as the API takes it. */

const units: readonly SeriesUnit[] = ['day', 'week', 'month'];

/** `week`, `2w`, `10 days`, `3m`. */
export function everyOf(text: string): { readonly every: number; readonly unit: SeriesUnit } {
  const match = /^(\d{1,3})?\s*([a-z]+)$/.exec(text.trim().toLowerCase());
  const word = match?.[2] ?? '';
  const unit = units.find((one) => word === one || word === `${one}s` || word === one.charAt(0));
  const every = Number(match?.[1] ?? 1);
  if (unit === undefined) {
    throw new AppError(
      'invalid_input',
      `--every "${text}" is not known: try week, 2w, 10d or month.`,
    );
  }
  if (every < 1 || every > every_max[unit]) {
    const range = `1 to ${every_max[unit]} ${unit}s`;
    throw new AppError('invalid_input', `--every takes ${range}, not ${every}.`);
  }
  return { every, unit };
}

/** `tue,fri` as ISO weekdays. */
export function weekdaysOf(text: string): readonly number[] {
  return text.split(',').map((part) => {
    const weekday = weekdayOf(part.normalize('NFKC').trim().toLowerCase());
    if (weekday > 0) return weekday;
    throw new AppError('invalid_input', `--on takes weekdays such as tue,fri; not "${part}".`);
  });
}

/** `+1d`, `-2w` in days. */
export function shiftOf(text: string | null): number {
  if (text === null) return 0;
  const match = /^([+-]?)(\d{1,3})([dw])$/.exec(text.trim().toLowerCase());
  if (!match) {
    throw new AppError(
      'invalid_input',
      `--shift takes days or weeks such as +1d or -2w; not "${text}".`,
    );
  }
  const days = Number(match[2]) * (match[3] === 'w' ? 7 : 1);
  return match[1] === '-' ? -days : days;
}

/** The series of the command line: SR12, an id, or a booking of it. */
export function seriesRef(args: Args): string {
  const word = firstWord(args);
  const packed = word.replace(/[\s-]/g, '').toUpperCase();
  if (/^SR\d{1,15}$/.test(packed)) return packed;
  const reference = referenceOf(word);
  if (/^BP\d{8}$/.test(reference) || isId(reference)) return reference;
  throw new AppError('invalid_input', `"${word}" is no series: they look like SR12.`, {
    next: 'petpro series list',
  });
}

type Scope = 'one' | 'following' | 'all';

/** Which visits: a series alone means all, a booking of it could mean three things. */
export function scopeFields(args: Args, series_id: string) {
  const said = textOption(args, 'scope');
  const from = textOption(args, 'from');
  const scopes: readonly Scope[] = ['one', 'following', 'all'];
  const scope = scopes.find((one) => one === said);
  const is_booking = series_id.startsWith('BP') || from !== null;
  if (scope === undefined && is_booking) {
    throw new AppError(
      'invalid_input',
      'Say which visits: this one, it and the following, or all.',
      {
        next: 'add --scope one, --scope following or --scope all',
      },
    );
  }
  const fields = { scope: scope ?? ('all' as const) };
  return from === null ? fields : { ...fields, booking_id: referenceOf(from) };
}
