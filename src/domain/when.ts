import { AppError } from './errors.ts';
import { instantOf, localTime } from './time.ts';

/** Reads what people type for a day or a time at the clinic: `fri`, `+2d`, `23/11`, `fri 11:15`. */

export type WhenContext = {
  readonly now: Temporal.Instant;
  readonly time_zone: string;
  /** Reports look back, bookings do not. Default: refuse. */
  readonly past?: 'refuse' | 'allow';
};

/** Clinic-local; `time` is null when only a day was said. */
export type When = { readonly date: string; readonly time: string | null };

const day_words: Readonly<Record<string, number>> = {
  yesterday: -1,
  kemarin: -1,
  昨日: -1,
  today: 0,
  hariini: 0,
  今日: 0,
  tomorrow: 1,
  besok: 1,
  明日: 1,
};

/** ISO weekday, Monday = 1. English, Indonesian, Japanese; the first three letters do for the first two. */
const weekdays: readonly (readonly string[])[] = [
  ['monday', 'senin', '月', '月曜日'],
  ['tuesday', 'selasa', '火', '火曜日'],
  ['wednesday', 'rabu', '水', '水曜日'],
  ['thursday', 'kamis', '木', '木曜日'],
  ['friday', 'jumat', '金', '金曜日'],
  ['saturday', 'sabtu', '土', '土曜日'],
  ['sunday', 'minggu', '日', '日曜日'],
];

/** A day and month without a year that passed longer ago than this means next year. */
const HALF_YEAR_DAYS = 182;

function refuse(text: string, why: string, reading: string | null = null): AppError {
  return new AppError('invalid_input', `"${text}" ${why}`, reading === null ? {} : { reading });
}

/** ISO, Monday = 1, of a name or the beginning of one; 0 = it is none. */
export function weekdayOf(word: string): number {
  const index = weekdays.findIndex((names) =>
    names.some((name) => name === word || (word.length >= 3 && name.startsWith(word))),
  );
  return index + 1;
}

function name(date: Temporal.PlainDate): string {
  const day = weekdays[date.dayOfWeek - 1]?.[0]?.slice(0, 3) ?? '';
  return `${day.charAt(0).toUpperCase()}${day.slice(1)} ${date}`;
}

function plainDate(text: string, year: number, month: number, day: number): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' });
  } catch {
    const iso = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
    throw refuse(text, `reads as day ${day} of month ${month}, which does not exist`, iso);
  }
}

function dayAndMonth(
  text: string,
  parts: RegExpExecArray,
  today: Temporal.PlainDate,
): Temporal.PlainDate {
  const [day, month] = [Number(parts[1]), Number(parts[2])];
  const year = parts[3] === undefined ? null : Number(parts[3]);
  const date = plainDate(text, year ?? today.year, month, day);
  if (day <= 12 && month <= 12 && day !== month) {
    const other = plainDate(text, date.year, day, month);
    throw refuse(text, `can be ${date} (day/month) or ${other}: write the one that you mean`);
  }
  if (year !== null) return date;
  const days_ago = date.until(today, { largestUnit: 'day' }).days;
  return days_ago > HALF_YEAR_DAYS ? plainDate(text, today.year + 1, month, day) : date;
}

function dayOf(word: string, today: Temporal.PlainDate): Temporal.PlainDate | null {
  const offset = Object.hasOwn(day_words, word) ? day_words[word] : undefined;
  if (offset !== undefined) return today.add({ days: offset });
  const shift = /^([+-])(\d{1,3})([dw])$/.exec(word);
  if (shift) {
    const days = Number(`${shift[1]}${shift[2]}`) * (shift[3] === 'w' ? 7 : 1);
    return today.add({ days });
  }
  const weekday = weekdayOf(word);
  if (weekday > 0) return today.add({ days: (weekday - today.dayOfWeek + 7) % 7 });
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(word);
  if (iso) return plainDate(word, Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const slashed = /^(\d{1,2})[/](\d{1,2})(?:[/](\d{4}))?$/.exec(word);
  return slashed ? dayAndMonth(word, slashed, today) : null;
}

/** `11:15`, `9.30`, `9:30pm`, `9am` -> `HH:MM`; null when it is no time. A bare `11` is not: hour or day? */
function timeOf(word: string): string | null {
  const match = /^(\d{1,2})(?:[:.](\d{2}))?(am|pm)?$/.exec(word);
  if (!match || (match[2] === undefined && match[3] === undefined)) return null;
  const half = match[3];
  const said = Number(match[1]);
  if (half !== undefined && (said < 1 || said > 12)) return null;
  const hour = half === undefined ? said : (said % 12) + (half === 'pm' ? 12 : 0);
  const minute = Number(match[2] ?? 0);
  if (hour > 23 || minute > 59) return null;
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

function readWords(text: string, today: Temporal.PlainDate) {
  const folded = text
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/^hari ini/, 'hariini')
    .replace(/(?<=\d)t(?=\d)/, ' ');
  const next = /^next (\p{L}+)/u.exec(folded)?.[1];
  if (next !== undefined && weekdayOf(next) > 0) {
    const near = today.add({ days: (weekdayOf(next) - today.dayOfWeek + 7) % 7 || 7 });
    const far = near.add({ days: 7 });
    throw refuse(text, `can be ${name(near)} or ${name(far)}: write the date`);
  }
  let date: Temporal.PlainDate | null = null;
  let time: string | null = null;
  for (const word of folded.split(/[\s,]+/).filter((part) => part !== '')) {
    const as_time: string | null = time === null ? timeOf(word) : null;
    const as_date: Temporal.PlainDate | null =
      as_time === null && date === null ? dayOf(word, today) : null;
    if (as_time === null && as_date === null) {
      throw refuse(
        text,
        'is no day or time that I know: try fri, +2d, 23/11, 2026-11-28 or "fri 11:15"',
      );
    }
    time = as_time ?? time;
    date = as_date ?? date;
  }
  if (date === null && time === null) throw refuse(text, 'says neither a day nor a time');
  return { date: date ?? today, time };
}

/**
 * Reads a day, a time or both. A time alone means today. Throws AppError `invalid_input` whose detail says the
 * reading that was made when that is past, does not exist or can be two things.
 */
export function parseWhen(text: string, context: WhenContext): When {
  const { now, time_zone, past = 'refuse' } = context;
  const local = localTime(now, time_zone);
  const today = Temporal.PlainDate.from(local.date);
  const { date, time } = readWords(text, today);
  const reading = time === null ? name(date) : `${name(date)} ${time}`;
  if (time !== null && instantOf(date.toString(), time, time_zone).kind === 'gap') {
    throw refuse(
      text,
      `reads as ${reading}, which the clock change skips in ${time_zone}`,
      reading,
    );
  }
  const days_ahead = today.until(date, { largestUnit: 'day' }).days;
  const is_past = days_ahead < 0 || (days_ahead === 0 && time !== null && time < local.time);
  if (past === 'refuse' && is_past) {
    const hint = days_ahead === 0 ? '; for next week say +7d' : '';
    throw refuse(text, `reads as ${reading}, which is past${hint}`, reading);
  }
  return { date: date.toString(), time };
}

/** Reads a day only; a time in the text is refused. */
export function parseDay(text: string, context: WhenContext): string {
  const when = parseWhen(text, context);
  if (when.time !== null)
    throw refuse(text, `reads as ${when.date} ${when.time}, but a day is asked`);
  return when.date;
}

/** Reads a time only, `HH:MM`. */
export function parseTime(text: string): string {
  const time = timeOf(text.normalize('NFKC').trim().toLowerCase());
  if (time === null) throw refuse(text, 'is no time: write it as 11:15');
  return time;
}
