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
import { deedScreen } from './screens/deed.ts';
import { bulkScreen, journalScreen, switchScreen } from './screens/desk.ts';
import { detailLines, detailScreen } from './screens/detail.ts';
import { confirmScreen, helpScreen, promptLine, suggestionLines } from './screens/dialogs.ts';
import { diffScreen } from './screens/diff.ts';
import { findScreen } from './screens/find.ts';
import { healthBoard } from './screens/health.ts';
import {
  factScreen,
  healthDeedScreen,
  healthFacts,
  healthPane,
  reconcileScreen,
} from './screens/health-detail.ts';
import { jobDeedScreen } from './screens/job-dialogs.ts';
import { jobFacts, jobScreen, jobsBoard, jobsPane } from './screens/jobs.ts';
import { changedScreen, linkScreen, receiptScreen, traceScreen } from './screens/life.ts';
import {
  compareScreen,
  loadBoard,
  loadFacts,
  reportLines,
  runScreen,
  startScreen,
} from './screens/load.ts';
import { cleanupScreen, releaseScreen } from './screens/lock-dialogs.ts';
import { inspectLines, inspectScreen, lockBoard, lockFacts } from './screens/locks.ts';
import { moneyBoard, moneyFacts, moneyPane, paymentScreen } from './screens/money.ts';
import { moveScreen } from './screens/move.ts';
import { callerScreen, printScreen } from './screens/offline.ts';
import { payScreen } from './screens/pay.ts';
import { tailBoard, tailFacts, tailPane } from './screens/tail.ts';
import { vetLines } from './screens/vets.ts';
import { waitlistScreen } from './screens/waitlist.ts';
import { wallScreen } from './screens/wall.ts';
import { isTooSmall, layoutOf } from './selectors.ts';
import { isWallShown } from './selectors-health.ts';
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

/** The list of the screen, and what its pane shows of the selected row. */
function listOf(state: State): Screen & { readonly pane: (columns: number) => readonly Line[] } {
  switch (state.place) {
    case 'board': {
      const { lines, cursor_y } = state.board_view === 'vets' ? vetLines(state) : boardLines(state);
      const cursor = cursor_y === null ? null : { x: 0, y: cursor_y };
      return { lines, cursor, pane: (columns) => detailLines(state, columns) };
    }
    case 'money':
      return { ...moneyBoard(state), pane: (columns) => moneyPane(state, columns) };
    case 'locks':
      return { ...lockBoard(state), pane: (columns) => inspectLines(state, columns) };
    case 'jobs':
      return { ...jobsBoard(state), pane: (columns) => jobsPane(state, columns) };
    case 'health':
      return { ...healthBoard(state), pane: (columns) => healthPane(state, columns) };
    case 'events':
      return { ...tailBoard(state), pane: (columns) => tailPane(state, columns) };
    case 'load':
      return { ...loadBoard(state), pane: (columns) => reportLines(state, columns) };
  }
}

function listBody(state: State): Screen {
  if (isWallShown(state)) return wallScreen(state);
  const { list_columns, pane_columns } = layoutOf(state);
  const { lines, cursor, pane: paneLines } = listOf(state);
  if (pane_columns === 0) return { lines, cursor };
  const { bar } = glyphSet(state.session.glyphs, state.session.lang);
  const pane = fillLines(paneLines(pane_columns), lines.length, pane_columns);
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

const facts_of = {
  board: factLines,
  money: moneyFacts,
  locks: lockFacts,
  jobs: jobFacts,
  health: healthFacts,
  load: loadFacts,
  events: tailFacts,
} as const;

function bottomOf(state: State): Bottom {
  const box = state.overlay;
  const facts_here = facts_of[state.place];
  if (box?.screen !== 'palette' && box?.screen !== 'filter') {
    return { facts: facts_here(state), message: messageLine(state), cursor_x: null };
  }
  const { line, x } = promptLine(state, box.screen === 'palette' ? ':' : '/', box.field.text);
  const typed = displayWidth(box.field.text.slice(0, box.field.at));
  const facts = box.screen === 'palette' ? suggestionLines(state, box) : facts_here(state);
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
    case 'inspect':
      return { screen: inspectScreen(state, box.top), is_board: false };
    case 'release':
      return { screen: releaseScreen(state, box), is_board: false };
    case 'cleanup':
      return { screen: cleanupScreen(state, box), is_board: false };
    case 'start':
      return { screen: startScreen(state, box), is_board: false };
    case 'run':
      return { screen: runScreen(state, box.top), is_board: false };
    case 'compare':
      return { screen: compareScreen(state, box), is_board: false };
    case 'move':
      return { screen: moveScreen(state, box), is_board: false };
    case 'pay':
      return { screen: payScreen(state, box), is_board: false };
    case 'deed':
      return { screen: deedScreen(state, box), is_board: false };
    case 'jobdeed':
      return { screen: jobDeedScreen(state, box), is_board: false };
    case 'job':
      return { screen: jobScreen(state, box), is_board: false };
    case 'healthdeed':
      return { screen: healthDeedScreen(state, box), is_board: false };
    case 'fact':
      return { screen: factScreen(state, box), is_board: false };
    case 'reconcile':
      return { screen: reconcileScreen(state, box), is_board: false };
    case 'receipt':
      return { screen: receiptScreen(state, box), is_board: false };
    case 'trace':
      return { screen: traceScreen(state, box), is_board: false };
    case 'link':
      return { screen: linkScreen(state, box), is_board: false };
    case 'print':
      return { screen: printScreen(state, box), is_board: false };
    case 'caller':
      return { screen: callerScreen(state, box), is_board: false };
    case 'changed':
      return { screen: changedScreen(state, box), is_board: false };
    case 'waitlist':
      return { screen: waitlistScreen(state, box), is_board: false };
    case 'bulk':
      return { screen: bulkScreen(state, box), is_board: false };
    case 'diff':
      return { screen: diffScreen(state, box), is_board: false };
    case 'journal':
      return { screen: journalScreen(state, box), is_board: false };
    case 'switch':
      return { screen: switchScreen(state, box), is_board: false };
    case 'payment':
      return { screen: paymentScreen(state, box), is_board: false };
    default:
      return { screen: listBody(state), is_board: true };
  }
}

/** Paints a state. Pure: the same state gives the same frame. */
export function view(state: State): Frame {
  if (isTooSmall(state)) return tooSmall(state);
  const name: ScreenName = state.overlay?.screen ?? state.place;
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
    ...hintLines(state, name === 'palette' || name === 'filter' ? state.place : name),
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
