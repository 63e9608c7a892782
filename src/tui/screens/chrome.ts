import { seesPersonalData } from '../../domain/roles.ts';
import { localTime } from '../../domain/time.ts';
import { displayWidth, plainLine, truncateWidth } from '../../domain/width.ts';
import { dateText, wordsOf, zoneName } from '../i18n/text.ts';
import {
  type Binding,
  bindingOf,
  placesOf,
  refusal,
  screen_actions,
  shownBindings,
} from '../keys.ts';
import { keyHere } from '../keys-remap.ts';
import { openUndo } from '../life.ts';
import { markedRows } from '../marks.ts';
import { type Place, places, type ScreenName, type State, type Tone } from '../model.ts';
import { moneyRoom, moneyRows } from '../money.ts';
import {
  clockText,
  countdown,
  countsOf,
  instantOf,
  layoutOf,
  serverNow,
  timeZone,
  today,
  visibleRows,
} from '../selectors.ts';
import { alertCounts } from '../selectors-health.ts';
import { deadJobs, jobRoom, jobRows, tailRows } from '../selectors-jobs.ts';
import { lockRows, runRows, visibleLocks } from '../selectors-ops.ts';
import { tailRoom } from '../tail.ts';
import { fitLine, type Line, lineOf, type Span, span, splitLine } from '../text.ts';
import { glyphSet, type SpanTone } from '../theme.ts';
import { callSpan } from './call-line.ts';

/** What stands around every screen: header, counts or the offline banner, message line, key hints. */

const NAME_COLUMNS = 16;
/** Screens that are not about one clinic's day. */
const ops_places: readonly Place[] = ['locks', 'jobs', 'load', 'events'];

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

/** What this session may do and see, where it is not a clinic's day that is looked at. */
function rightsText(state: State): string {
  const words = wordsOf(state.session.lang).ops;
  const writes = words.writes(!state.session.read_only);
  return seesPersonalData(state.session.role) ? writes : `${writes}  ${words.masked}`;
}

/** The screens that this role has, the shown one in capitals. Figure B. */
function tabs(state: State): Line {
  const words = wordsOf(state.session.lang).ops;
  const places = placesOf(state.session);
  return places.flatMap((place): Line => {
    const number = keyHere(state.session.keys, bindingOf(screen_actions[place]));
    const is_here = place === state.place;
    const name = is_here ? words.screens[place].toUpperCase() : words.screens[place];
    const { critical, warning } = alertCounts(state);
    const dead = place === 'jobs' ? deadJobs(state) : place === 'health' ? critical + warning : 0;
    const beside = dead > 0 ? `(${dead})` : '';
    const share = place === 'load' && state.load.is_running ? ` ${loadShare(state)}` : beside;
    const tab = span(` ${number} ${name}${share} `, is_here ? 'bold' : 'plain');
    return place === 'board' ? [tab, ...findTab(state)] : [tab];
  });
}

/** Find lies over the other screens, and has its number all the same. */
function findTab(state: State): Line {
  const binding = bindingOf('find');
  if (refusal(binding, state.session) !== null) return [];
  const { screen } = wordsOf(state.session.lang).find;
  const is_here = state.overlay?.screen === 'find';
  const name = is_here ? screen.toUpperCase() : screen;
  return [span(` 2 ${name} `, is_here ? 'bold' : 'plain')];
}

/** How far the run under way is, so that it is seen from every screen. */
function loadShare(state: State): string {
  const { live } = state.load;
  const now = live?.samples.at(-1);
  if (live === null || now === undefined) return '0%';
  return `${Math.min(100, Math.round((now.elapsed_ms / Math.max(1, live.facts.total_ms)) * 100))}%`;
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
  const is_ops = ops_places.includes(state.place);
  return splitLine(
    [span(is_ops ? ' PetPro OPS' : ' PetPro', 'bold'), span(`  ${is_ops ? '' : name}`)],
    [
      span(` ${when} `),
      span(env, env === 'PROD' || session.is_protected === true ? 'banner' : 'accent'),
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

/** How old what is on screen is. */
function dataMs(state: State): number | null {
  if (state.place === 'jobs') return state.jobs.at_ms;
  return state.place === 'locks' ? state.locks.at_ms : state.link.data_ms;
}

/** The figures of the day; while the line is down, the banner that says so. */
export function countsLine(state: State): Line {
  const words = wordsOf(state.session.lang);
  const { link, day } = state;
  if (link.status === 'offline') {
    const since = clockText(state, link.since_ms + state.offset_ms, 'second');
    const data_ms = dataMs(state);
    const data = data_ms === null ? null : clockText(state, data_ms + state.offset_ms, 'second');
    const text = words.offline_banner(since, data, retrySeconds(state));
    return lineOf(` ${text}`, state.columns, 'banner');
  }
  if (state.place === 'locks' && state.locks.page?.doorman === 'down') {
    return lineOf(` ${words.ops.door_down}`, state.columns, 'banner');
  }
  const has_tabs = placesOf(state.session).length > 1;
  if (state.place === 'money') return splitLine(tabs(state), [span(' ')], state.columns);
  if (state.place !== 'board') {
    const left = tabs(state);
    const used = left.reduce((sum, part) => sum + displayWidth(part.text), 0);
    const rights = rightsText(state);
    const writes = words.ops.writes(!state.session.read_only);
    // The names of the screens are how one gets there; that names are masked is seen in the rows.
    const fits = (text: string) => used + displayWidth(text) + 2 <= state.columns;
    const said = fits(rights) ? rights : fits(writes) ? writes : '';
    return splitLine(left, [span(`${said} `, 'accent')], state.columns);
  }
  const shown = day?.date ?? state.date ?? null;
  const is_other = shown !== null && shown !== today(state);
  const other: Line = is_other
    ? [span(' '), span(` ${words.not_today(dateText(shown, state.session.lang))} `, 'selected')]
    : [];
  const left = [...(has_tabs ? tabs(state) : [span(` ${words.board}`, 'bold')]), ...other];
  const figures = countsOf(state.board);
  const all = is_other ? words.counts_other(figures) : words.counts(figures);
  const used = left.reduce((sum, part) => sum + displayWidth(part.text), 0);
  // The names of the screens are how one gets there; of the figures, two are enough where room is short.
  const said = used + displayWidth(all) + 2 <= state.columns ? all : words.counts_other(figures);
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

type Part = {
  readonly filter: string;
  readonly found: number;
  readonly top: number;
  readonly room: number;
};

/** Of the list on screen: its filter, and which part of it is in sight. */
function partOf(state: State): Part {
  if (state.place === 'board') {
    const { filter, top } = state;
    return { filter, found: visibleRows(state).length, top, room: layoutOf(state).list_rows };
  }
  if (state.place === 'locks') {
    const { filter, top } = state.locks;
    return { filter, found: visibleLocks(state).length, top, room: lockRows(state) };
  }
  if (state.place === 'money') {
    const { top } = state.money;
    return { filter: '', found: moneyRows(state).length, top, room: moneyRoom(state) };
  }
  if (state.place === 'jobs') {
    const { top } = state.jobs;
    return { filter: '', found: jobRows(state).length, top, room: jobRoom(state) };
  }
  if (state.place === 'events') {
    const { top } = state.tail;
    return { filter: '', found: tailRows(state).length, top, room: tailRoom(state) };
  }
  const { list, top } = state.load;
  return { filter: '', found: list?.runs.length ?? 0, top, room: runRows(state) };
}

/** When the last key's result came, and what it was. */
function messageAt(state: State): string {
  const { message } = state;
  if (message === null) return '';
  const at = clockText(state, message.at_ms + state.offset_ms, 'second');
  return `${at} ${plainLine(message.text)}`;
}

/** Roles are named where there is room for them. */
const ROLES_COLUMNS = 100;

/** Who else has this board open; null while we are alone or do not know. */
function presenceText({ presence, session, columns }: State): string | null {
  if (presence === null || presence.total < 2) return null;
  const words = wordsOf(session.lang);
  if (columns < ROLES_COLUMNS) return words.here(presence.total);
  const roles = Object.entries(presence.roles).map(([role, count]) => `${role} ${count}`);
  return `${words.here(presence.total)}: ${roles.join(', ')}`;
}

/** The result of the last key, with its time; on the right, what is cut away from the list. */
export function messageLine(state: State): Line {
  const words = wordsOf(state.session.lang);
  const { message, session } = state;
  const { filter, found, top, room: shown } = partOf(state);
  const notes: string[] = [];
  if (filter !== '') notes.push(words.filter_is(filter, found));
  const is_list = state.overlay === null || state.overlay.screen === 'filter';
  if (is_list && found > shown) {
    const last = Math.min(found, top + shown);
    notes.push(words.rows_of(top + 1, last, found));
  }
  if (session.read_only) notes.push(words.read_only);
  const here = presenceText(state);
  if (here !== null) notes.push(here);
  // How many the next key will hit is never left out.
  const count = markedRows(state).length;
  const marks = count === 0 || !is_list ? '' : `  ${words.desk.marked(count)} `;
  const marked = span(marks, 'accent');
  const right = span(`${notes.length === 0 ? '' : ` ${notes.join('  ')}`} `, 'accent');
  const undo = openUndo(state);
  const is_board = state.place === 'board' || state.place === 'money';
  if (undo !== null && is_board) {
    const left_s = countdown(undo.until_ms, state.now_ms);
    const back = span(` ${words.life.undo_left(left_s)} `, 'warn');
    const said = message === null ? ' ' : ` ${message_words[message.tone]}${messageAt(state)}`;
    const tone = message_tones[message?.tone ?? 'ok'];
    return splitLine([span(said, tone)], [marked, back], state.columns);
  }
  const call = callSpan(state);
  if (call !== null) {
    const said = message === null ? ' ' : ` ${message_words[message.tone]}${messageAt(state)}`;
    return splitLine([span(said, message_tones[message?.tone ?? 'ok'])], [call], state.columns);
  }
  if (message === null) return splitLine([span(' ')], [marked, right], state.columns);
  const text = ` ${message_words[message.tone]}${messageAt(state)}`;
  const room = state.columns - displayWidth(right.text) - displayWidth(marks);
  // A message that does not fit is worth more than the row count.
  const is_long = displayWidth(text) > room;
  return splitLine(
    [span(text, message_tones[message.tone])],
    is_long ? [marked, span(' ')] : [marked, right],
    state.columns,
  );
}

const HINT_LINES = 2;
const hinted: readonly ScreenName[] = [...places, 'detail', 'inspect', 'run', 'compare'];

function hintText(state: State, binding: Binding, word: string): string {
  const { keys: remap } = state.session;
  const own = keyHere(remap, binding);
  const keys = binding.id === 'day_next' ? `${keyHere(remap, bindingOf('day_prev'))} ${own}` : own;
  return `${keys} ${word}`;
}

/** The most used keys of the screen, as many as two lines hold, in the table's order. */
export function hintLines(state: State, screen: ScreenName): readonly Line[] {
  const words = wordsOf(state.session.lang);
  // Forms and dialogs say their keys themselves, beside what the keys do.
  const is_list = hinted.includes(screen);
  const shown = is_list ? shownBindings(screen, state.session) : [];
  const hint = (binding: Binding): readonly string[] => {
    const word = words.hints[binding.id];
    return word === undefined ? [] : [hintText(state, binding, word)];
  };
  // However many keys there are: how to find all the others is always said.
  const is_way = ({ id }: Binding) => id === 'help' || id === 'palette';
  const ways = shown.filter(is_way).flatMap(hint);
  const others = shown.filter((binding) => !is_way(binding)).flatMap(hint);
  return packHints(others, ways, state.columns);
}

/** How many lines the texts take. */
function lineCount(texts: readonly string[], columns: number): number {
  let used = 0;
  let count = 1;
  for (const text of texts) {
    const width = displayWidth(text);
    if (used > 0 && used + 2 + width > columns) {
      count += 1;
      used = 0;
    }
    used += width + (used === 0 ? 1 : 2);
  }
  return count;
}

/** The last texts stand at the end, whatever of the others has to go for them. */
function packHints(
  texts: readonly string[],
  last: readonly string[],
  columns: number,
): readonly Line[] {
  let count = texts.length;
  while (count > 0 && lineCount([...texts.slice(0, count), ...last], columns) > HINT_LINES) {
    count -= 1;
  }
  return packLines([...texts.slice(0, count), ...last], columns, HINT_LINES);
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
