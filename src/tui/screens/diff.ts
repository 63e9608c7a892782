import { padEndWidth, plainLine } from '../../domain/width.ts';
import { changesBetween, entriesOf } from '../diff.ts';
import { wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { DiffBox } from '../model-desk.ts';
import { clockText, instantOf, layoutOf, timeZone } from '../selectors.ts';
import { type Line, lineOf, span } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';

/** Two entries of the log beside each other. */

/** Title, blanks, column names, keys. */
const FIXED_LINES = 5;
const NAME = 18;

function momentText(state: State, at: string): string {
  const ms = Temporal.Instant.from(at).epochMilliseconds;
  const day = instantOf(ms).toZonedDateTimeISO(timeZone(state)).toPlainDate().toString();
  return `${day.slice(8)}/${day.slice(5, 7)} ${clockText(state, ms, 'second')}`;
}

/** The log above, with `<` at the earlier and `>` at the later entry; what differs below. */
export function diffScreen(state: State, box: DiffBox): Screen {
  const all = wordsOf(state.session.lang);
  const words = all.desk;
  const { body_rows } = layoutOf(state);
  const booking = state.detail?.booking ?? null;
  if (booking === null) {
    const waiting: Line = [span(` ${all.loading}`, 'dim')];
    return { lines: fillLines([waiting], body_rows, state.columns), cursor: null };
  }
  const entries = entriesOf(booking);
  const changes = changesBetween(entries, box.before, box.after);
  const log_room = Math.max(2, Math.min(entries.length, Math.floor((body_rows - FIXED_LINES) / 2)));
  const middle = Math.floor((box.after + box.before) / 2) - Math.floor(log_room / 2);
  const top = Math.max(0, Math.min(middle, entries.length - log_room));
  const lines: Line[] = [[span(` ${words.diff_title(booking.reference_code)}`, 'bold')]];
  for (const [index, entry] of entries.slice(top, top + log_room).entries()) {
    const at = top + index;
    const mark = at === box.after ? '>' : at === box.before ? '<' : ' ';
    const who = entry.performed_by_name ?? entry.source ?? '';
    const text = ` ${mark} ${momentText(state, entry.at)}  ${entry.action}  ${who}`;
    const tone = at === box.after ? 'selected' : at === box.before ? 'bold' : 'plain';
    lines.push(lineOf(plainLine(text), state.columns, tone));
  }
  const column = Math.floor((state.columns - NAME - 4) / 2);
  const row = (name: string, was: string, now: string, tone: 'bold' | 'warn'): Line => [
    span(padEndWidth(` ${name}`, NAME), tone === 'bold' ? 'bold' : 'plain'),
    span(`${padEndWidth(plainLine(was), column)}  `, tone === 'bold' ? 'bold' : 'plain'),
    span(padEndWidth(plainLine(now), column), tone),
  ];
  lines.push(lineOf('', 1), row('', `< ${words.diff_then}`, `> ${words.diff_now}`, 'bold'));
  if (changes.length === 0) lines.push([span(`   ${words.diff_same}`, 'accent')]);
  for (const { name, was, now } of changes) lines.push(row(name, was, now, 'warn'));
  const keys = lineOf(` ${words.diff_keys}`, state.columns, 'dim');
  return { lines: [...fillLines(lines, body_rows - 1, state.columns), keys], cursor: null };
}
