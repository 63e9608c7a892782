import type { Output } from '../domain/shapes.ts';
import {
  displayWidth,
  padEndWidth,
  padStartWidth,
  plainLine,
  truncateWidth,
} from '../domain/width.ts';
import type { Lang } from './session.ts';
import { week_words } from './slots-week-words.ts';

/** The week as a map: a line per day, a column per hour, darker where more is free. */

export type Week = Output<'get_week'>;
type Day = Week['days'][number];
type Hour = Day['hours'][number];

/** From few free to all free. One column each, in every terminal that the set is chosen for. */
const levels = {
  blocks: '▁▂▃▄▅▆▇█',
  // Blocks are East Asian Ambiguous: a Japanese terminal may give them two columns, braille never.
  braille: '⡀⡄⡆⡇⣇⣧⣷⣿',
  ascii: ',:;=+*%#',
} as const;
export type Glyphs = keyof typeof levels;

export function glyphsFor(lang: Lang, is_ascii: boolean): Glyphs {
  if (is_ascii) return 'ascii';
  return lang === 'ja' ? 'braille' : 'blocks';
}

/** Hours that fit beside each other with a space between them, in 80 columns. */
const WIDE_HOURS_MAX = 16;

function signOf(hour: Hour | undefined, glyphs: Glyphs): string {
  if (hour === undefined) return ' ';
  const { free, total, blocked, past } = hour;
  if (free > 0) {
    const step = Math.ceil((Math.min(free, total) / total) * levels[glyphs].length) - 1;
    return levels[glyphs][step] ?? ' ';
  }
  if (total === 0) return blocked > 0 ? '-' : ' ';
  return past >= total ? '.' : 'x';
}

const two = (hour: number) => String(hour).padStart(2, '0');

/** The hours from the first to the last in which any slot starts. */
function hoursOf(week: Week): readonly number[] {
  const all = week.days.flatMap(({ hours }) => hours.map(({ hour }) => hour));
  if (all.length === 0) return [];
  const [first, last] = [Math.min(...all), Math.max(...all)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function dayText(date: string, lang: Lang): string {
  const plain = Temporal.PlainDate.from(date);
  return plain.toLocaleString(lang, { weekday: 'short', day: '2-digit', month: 'short' });
}

/** What stands beside the figures of a day: why it is closed, or which holiday it is. */
function noteOf(day: Day, lang: Lang): string {
  const words = week_words[lang];
  const name = day.holiday === null ? null : plainLine(day.holiday);
  const is_bare = isBare(day);
  if (is_bare && day.closure !== null) {
    return [words.closures[day.closure], ...(name === null ? [] : [name])].join(': ');
  }
  if (name !== null) return `${words.holiday}: ${name}`;
  return is_bare ? words.no_slots : '';
}

const isBare = (day: Day) => day.total === 0 && day.hours.length === 0;

/** Lines of the map without the legend, none wider than the terminal. */
export function weekMap(
  week: Week,
  look: { readonly lang: Lang; readonly glyphs: Glyphs; readonly columns: number },
): readonly string[] {
  const { lang, glyphs, columns } = look;
  const hours = hoursOf(week);
  const is_wide = hours.length <= WIDE_HOURS_MAX;
  const joined = (cells: readonly string[]) => cells.join(is_wide ? ' ' : '');
  const labels = week.days.map(({ date }) => dayText(date, lang));
  const label_width = Math.max(...labels.map(displayWidth));
  const counts = week.days.map(({ free, total }) => (total === 0 ? '' : `${free}/${total}`));
  const { free: head } = week_words[lang];
  const count_width = Math.max(displayWidth(head), ...counts.map((text) => text.length));
  const line = (label: string, cells: string, count: string, note: string) => {
    const text = [
      padEndWidth(label, label_width),
      cells,
      count && padStartWidth(count, count_width),
      note,
    ];
    const parts = text.filter((part) => part !== '');
    return truncateWidth(parts.join('  ').trimEnd(), columns);
  };
  // Side by side, the figures of hours would run into each other: every other one is named.
  const heads = hours.map((hour) => (is_wide || hour % 2 === 0 ? two(hour) : '  '));
  return [
    line('', joined(heads), head, ''),
    ...week.days.map((day, index) => {
      const label = labels[index] ?? '';
      if (isBare(day)) return line(label, noteOf(day, lang), '', '');
      const signs = hours.map((hour) =>
        signOf(
          day.hours.find((one) => one.hour === hour),
          glyphs,
        ),
      );
      const cells = joined(signs.map((sign) => (is_wide ? sign.repeat(2) : `${sign} `)));
      return line(label, cells, counts[index] ?? '', noteOf(day, lang));
    }),
  ];
}

/** The two ends of the scale, for the legend. */
export function scaleOf(glyphs: Glyphs): { readonly low: string; readonly high: string } {
  return { low: levels[glyphs].at(0) ?? '', high: levels[glyphs].at(-1) ?? '' };
}
