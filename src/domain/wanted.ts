import { AppError } from './errors.ts';
import { parseTime, weekdayOf } from './when.ts';

/** Reads and writes when somebody can come: `mon-fri 09:00-12:00`, `sat`, `tue,thu from 14:00`. */

export type Wanted = {
  /** ISO, Monday = 1. */
  readonly weekdays: readonly number[];
  /** Null = any. */
  readonly from_time: string | null;
  readonly to_time: string | null;
};

const all = [1, 2, 3, 4, 5, 6, 7];
const names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

function refuse(text: string, why: string): AppError {
  return new AppError(
    'invalid_input',
    `"${text}" ${why}: try "mon-fri 09:00-12:00", "sat" or "14:00-".`,
  );
}

/** `mon-fri` and `fri-mon` count forward; null when the word is about no days. */
function daysOf(word: string): readonly number[] | null {
  const days: number[] = [];
  for (const part of word.split(',')) {
    const [first = '', last = first, more] = part.split('-');
    const from = weekdayOf(first);
    const to = weekdayOf(last);
    if (from === 0 || to === 0 || more !== undefined) return null;
    const count = ((to - from + 7) % 7) + 1;
    for (let step = 0; step < count; step += 1) days.push(((from - 1 + step) % 7) + 1);
  }
  return [...new Set(days)].sort();
}

/** `09:00-12:00`, `14:00-` and `-12:00`; null when the word is about no hours. */
function hoursOf(word: string): Pick<Wanted, 'from_time' | 'to_time'> | null {
  const parts = /^([\d:.apm]*)-([\d:.apm]*)$/.exec(word);
  if (!parts || word === '-') return null;
  const [, from = '', to = ''] = parts;
  return {
    from_time: from === '' ? null : parseTime(from),
    to_time: to === '' ? null : parseTime(to),
  };
}

/** Throws AppError `invalid_input` with an example where a word means neither days nor hours. */
export function parseWanted(text: string): Wanted {
  let weekdays: readonly number[] | null = null;
  let hours: Pick<Wanted, 'from_time' | 'to_time'> | null = null;
  for (const word of text.normalize('NFKC').trim().toLowerCase().split(/\s+/)) {
    if (word === '' || word === 'any') continue;
    const as_hours = hoursOf(word);
    const as_days = as_hours === null ? daysOf(word) : null;
    if (as_hours === null && as_days === null) {
      throw refuse(text, `says "${word}", which is neither days nor hours`);
    }
    if (as_hours !== null && hours !== null) throw refuse(text, 'says two times of day');
    if (as_days !== null && weekdays !== null) throw refuse(text, 'says days twice');
    hours = as_hours ?? hours;
    weekdays = as_days ?? weekdays;
  }
  const { from_time = null, to_time = null } = hours ?? {};
  if (from_time !== null && to_time !== null && from_time >= to_time) {
    throw refuse(text, 'ends before it begins');
  }
  return { weekdays: weekdays ?? all, from_time, to_time };
}

/** The same as a short text; runs of three days and more are drawn together. */
export function wantedText(wanted: {
  readonly weekdays: readonly number[];
  readonly from_time: string;
  readonly to_time: string | null;
}): string {
  const { weekdays, from_time, to_time } = wanted;
  const name = (day: number | undefined) => names[(day ?? 1) - 1] ?? '';
  const runs: number[][] = [];
  for (const day of weekdays) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  const days = runs.map((run) =>
    run.length < 3 ? run.map(name).join(',') : `${name(run[0])}-${name(run.at(-1))}`,
  );
  const any_day = weekdays.length === 7 ? '' : days.join(',');
  const any_hour = from_time === '00:00' && to_time === null ? '' : `${from_time}-${to_time ?? ''}`;
  return [any_day, any_hour].filter((part) => part !== '').join(' ') || 'any time';
}
