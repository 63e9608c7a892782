import { localTime } from '../../domain/time.ts';
import { displayWidth, plainLine, truncateWidth } from '../../domain/width.ts';
import { dateText, wordsOf, zoneName } from '../i18n/text.ts';
import { type Binding, keyName, shownBindings } from '../keys.ts';
import type { ScreenName, State, Tone } from '../model.ts';
import {
  clockText,
  countsOf,
  instantOf,
  layoutOf,
  serverNow,
  timeZone,
  today,
  visibleRows,
} from '../selectors.ts';
import { fitLine, type Line, lineOf, type Span, span, splitLine } from '../text.ts';
import { glyphSet, type SpanTone } from '../theme.ts';

/** What stands around every screen: header, counts or the offline banner, message line, key hints. */

const NAME_COLUMNS = 16;

export function ruleLine(state: State): Line {
  return lineOf(
    glyphSet(state.session.glyphs, state.session.lang).rule.repeat(state.columns),
    state.columns,
    'dim',
  );
}

function linkSpan(state: State): Span {
  const words = wordsOf(state.session.lang);
  const { status, took_ms, since_ms } = state.link;
  const word = words.link[status];
  if (status === 'live' && took_ms !== null) {
    return span(`${word} ${Math.max(0.1, took_ms / 1000).toFixed(1)}s`, 'ok');
  }
  if (status === 'offline') return span(word, 'banner');
  if (status === 'slow' || status === 'stale') {
    return span(`${word} ${clockText(state, since_ms + state.offset_ms, 'second')}`, 'warn');
  }
  return span(word, 'dim');
}

/** Who, where, when, which environment, how fresh. */
export function headerLine(state: State): Line {
  const { session, day, clinic } = state;
  const zone = timeZone(state);
  const now = instantOf(serverNow(state));
  const local = localTime(now, zone);
  const when = `${dateText(local.date, session.lang)} ${local.time} ${zoneName(zone, now)}`;
  const env = session.env.toUpperCase();
  const who = truncateWidth(`${plainLine(session.name)}/${session.role}`, NAME_COLUMNS);
  const name = plainLine(day?.clinic.name ?? clinic?.name ?? '');
  return splitLine(
    [span(' PetPro', 'bold'), span(`  ${name}`)],
    [
      span(` ${when} `),
      span(env, env === 'PROD' ? 'banner' : 'accent'),
      span(`  ${who}  `),
      linkSpan(state),
      span(' '),
    ],
    state.columns,
  );
}

function retrySeconds(state: State): number | null {
  const { retry_at_ms } = state.link;
  return retry_at_ms === null ? null : Math.max(0, Math.ceil((retry_at_ms - state.now_ms) / 1000));
}

/** The figures of the day; while the line is down, the banner that says so. */
export function countsLine(state: State): Line {
  const words = wordsOf(state.session.lang);
  const { link, day } = state;
  if (link.status === 'offline') {
    const since = clockText(state, link.since_ms + state.offset_ms, 'second');
    const data =
      link.data_ms === null ? null : clockText(state, link.data_ms + state.offset_ms, 'second');
    const text = words.offline_banner(since, data, retrySeconds(state));
    return lineOf(` ${text}`, state.columns, 'banner');
  }
  const shown = day?.date ?? state.date ?? null;
  const is_other = shown !== null && shown !== today(state);
  const other: Line = is_other
    ? [span(' '), span(` ${words.not_today(dateText(shown, state.session.lang))} `, 'selected')]
    : [];
  const left = [span(` ${words.board}`, 'bold'), ...other];
  const figures = countsOf(state.board);
  const said = is_other ? words.counts_other(figures) : words.counts(figures);
  const counts = day === null ? '' : said;
  return splitLine(left, [span(`${counts} `)], state.columns);
}

const message_tones: Readonly<Record<Tone, SpanTone>> = {
  ok: 'ok',
  info: 'accent',
  warn: 'warn',
  error: 'error',
};
const message_words: Readonly<Record<Tone, string>> = {
  ok: 'OK ',
  info: '',
  warn: '! ',
  error: 'ERROR ',
};

/** The result of the last key, with its time; on the right, what is cut away from the list. */
export function messageLine(state: State): Line {
  const words = wordsOf(state.session.lang);
  const { message, session } = state;
  const rows = visibleRows(state);
  const { list_rows } = layoutOf(state);
  const notes: string[] = [];
  if (state.filter !== '') notes.push(words.filter_is(state.filter, rows.length));
  const is_list = state.overlay === null || state.overlay.screen === 'filter';
  if (is_list && rows.length > list_rows) {
    const last = Math.min(rows.length, state.top + list_rows);
    notes.push(words.rows_of(state.top + 1, last, rows.length));
  }
  if (session.read_only) notes.push(words.read_only);
  const right = span(`${notes.length === 0 ? '' : ` ${notes.join('  ')}`} `, 'accent');
  if (message === null) return splitLine([span(' ')], [right], state.columns);
  const at = clockText(state, message.at_ms + state.offset_ms, 'second');
  const text = ` ${message_words[message.tone]}${at} ${plainLine(message.text)}`;
  const room = state.columns - displayWidth(right.text);
  // A message that does not fit is worth more than the row count.
  const is_long = displayWidth(text) > room;
  return splitLine(
    [span(text, message_tones[message.tone])],
    is_long ? [span(' ')] : [right],
    state.columns,
  );
}

const HINT_LINES = 2;

function hintText(binding: Binding, word: string): string {
  const keys = binding.id === 'day_next' ? '[ ]' : keyName(binding.keys[0] ?? '');
  return `${keys} ${word}`;
}

/** The most used keys of the screen, as many as two lines hold, in the table's order. */
export function hintLines(state: State, screen: ScreenName): readonly Line[] {
  const words = wordsOf(state.session.lang);
  // Forms and dialogs say their keys themselves, beside what the keys do.
  const is_list = screen === 'board' || screen === 'detail';
  const shown = is_list ? shownBindings(screen, state.session) : [];
  const texts = shown.flatMap((binding) => {
    const word = words.hints[binding.id];
    return word === undefined ? [] : [hintText(binding, word)];
  });
  return packLines(texts, state.columns, HINT_LINES);
}

/** Packs short texts into lines, two spaces apart; what does not fit is left out. */
export function packLines(
  texts: readonly string[],
  columns: number,
  count: number,
): readonly Line[] {
  const lines: string[] = [''];
  for (const text of texts) {
    const line = lines.at(-1) ?? '';
    const joined = line === '' ? ` ${text}` : `${line}  ${text}`;
    if (displayWidth(joined) <= columns) lines[lines.length - 1] = joined;
    else if (lines.length < count) lines.push(` ${text}`);
    else break;
  }
  while (lines.length < count) lines.push('');
  return lines.map((line) => lineOf(line, columns, 'dim'));
}

/** Lines cut or filled to exactly `count`. */
export function fillLines(lines: readonly Line[], count: number, columns: number): readonly Line[] {
  const filled = lines.slice(0, count).map((line) => fitLine(line, columns));
  while (filled.length < count) filled.push(lineOf('', columns));
  return filled;
}
