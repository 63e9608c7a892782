import { displayWidth } from '../domain/width.ts';
import { wordsOf } from './i18n/text.ts';
import type { ScreenName, State } from './model.ts';
import { boardLines, factLines } from './screens/board.ts';
import { bookScreen, type Screen } from './screens/book.ts';
import {
  countsLine,
  fillLines,
  headerLine,
  hintLines,
  messageLine,
  ruleLine,
} from './screens/chrome.ts';
import { detailLines, detailScreen } from './screens/detail.ts';
import {
  confirmScreen,
  findScreen,
  helpScreen,
  promptLine,
  suggestionLines,
} from './screens/dialogs.ts';
import { isTooSmall, layoutOf } from './selectors.ts';
import { type Frame, fitLine, type Line, lineOf, span, wrap } from './text.ts';
import { glyphSet } from './theme.ts';

/** The whole picture of a state: rows - 1 lines, each exactly as wide as the terminal. */

const HEAD_LINES = 3;

function tooSmall(state: State): Frame {
  const columns = Math.max(1, state.columns);
  const text = wordsOf(state.session.lang).too_small(state.columns, state.rows);
  const lines = wrap(text, columns).map((part) => lineOf(part, columns));
  return { lines: lines.slice(0, Math.max(1, state.rows - 1)), cursor: null };
}

function boardBody(state: State): Screen {
  const { list_columns, pane_columns } = layoutOf(state);
  const { lines, cursor_y } = boardLines(state);
  const cursor = cursor_y === null ? null : { x: 0, y: cursor_y };
  if (pane_columns === 0) return { lines, cursor };
  const { bar } = glyphSet(state.session.glyphs, state.session.lang);
  const pane = fillLines(detailLines(state, pane_columns), lines.length, pane_columns);
  const joined = lines.map((line, index) =>
    fitLine(
      [...fitLine(line, list_columns), span(bar, 'dim'), ...(pane[index] ?? [])],
      state.columns,
    ),
  );
  return { lines: joined, cursor };
}

type Bottom = {
  readonly facts: readonly Line[];
  readonly message: Line;
  readonly cursor_x: number | null;
};

function bottomOf(state: State): Bottom {
  const box = state.overlay;
  if (box?.screen !== 'palette' && box?.screen !== 'filter') {
    return { facts: factLines(state), message: messageLine(state), cursor_x: null };
  }
  const { line, x } = promptLine(state, box.screen === 'palette' ? ':' : '/', box.field.text);
  const typed = displayWidth(box.field.text.slice(0, box.field.at));
  const facts = box.screen === 'palette' ? suggestionLines(state, box) : factLines(state);
  return { facts, message: line, cursor_x: Math.min(x + typed, state.columns - 1) };
}

function bodyOf(state: State): { readonly screen: Screen; readonly is_board: boolean } {
  const box = state.overlay;
  switch (box?.screen) {
    case 'detail':
      return { screen: { lines: detailScreen(state), cursor: null }, is_board: false };
    case 'book':
      return { screen: bookScreen(state), is_board: false };
    case 'find':
      return { screen: findScreen(state, box), is_board: false };
    case 'help':
      return { screen: helpScreen(state, box), is_board: false };
    case 'confirm':
      return { screen: confirmScreen(state, box), is_board: false };
    default:
      return { screen: boardBody(state), is_board: true };
  }
}

/** Paints a state. Pure: the same state gives the same frame. */
export function view(state: State): Frame {
  if (isTooSmall(state)) return tooSmall(state);
  const name: ScreenName = state.overlay?.screen ?? 'board';
  const rule = ruleLine(state);
  const { screen, is_board } = bodyOf(state);
  const bottom = bottomOf(state);
  const lines: readonly Line[] = [
    headerLine(state),
    countsLine(state),
    rule,
    ...screen.lines,
    ...(is_board ? [rule, ...bottom.facts] : []),
    bottom.message,
    rule,
    ...hintLines(state, name === 'palette' || name === 'filter' ? 'board' : name),
  ];
  const message_y = HEAD_LINES + screen.lines.length + (is_board ? 3 : 0);
  const on_prompt = bottom.cursor_x === null ? null : { x: bottom.cursor_x, y: message_y };
  const in_body =
    screen.cursor === null ? null : { x: screen.cursor.x, y: screen.cursor.y + HEAD_LINES };
  return { lines, cursor: on_prompt ?? in_body };
}

function sameLine(a: Line, b: Line): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every((part, index) => part.text === b[index]?.text && part.tone === b[index]?.tone)
  );
}

/** The new frame with the old one's unchanged lines, and the old one itself when nothing changed. */
export function reuse(before: Frame, now: Frame): Frame {
  const lines = now.lines.map((line, index) => {
    const old = before.lines[index];
    return old !== undefined && sameLine(old, line) ? old : line;
  });
  const is_same =
    lines.length === before.lines.length &&
    lines.every((line, index) => line === before.lines[index]);
  const same_cursor = before.cursor?.x === now.cursor?.x && before.cursor?.y === now.cursor?.y;
  return is_same && same_cursor ? before : { lines, cursor: now.cursor };
}
