import { runAction } from './actions.ts';
import { bookKey, bookPaste } from './book.ts';
import { bulkKey } from './bulk.ts';
import { callerKey } from './caller.ts';
import { deedKey, pasteDeed } from './deed.ts';
import { diffKey } from './diff.ts';
import { insert } from './field.ts';
import { findKey, typeFind } from './find.ts';
import { healthDeedKey, pasteHealthDeed } from './health-actions.ts';
import { wordsOf } from './i18n/text.ts';
import { jobDeedKey, pasteJobDeed } from './job-dialogs.ts';
import { journalKey } from './journal.ts';
import { bindingFor, foldKey } from './keys.ts';
import { tableKey } from './keys-remap.ts';
import { changedKey, linkKey } from './life.ts';
import { startKey } from './load.ts';
import { severeKey, severePaste } from './lock-dialogs.ts';
import { type Overlay, type ScreenName, type State, type Step, say, stay } from './model.ts';
import { moveKey } from './move.ts';
import { confirmKey, filterKey, helpKey, typeFilter } from './overlays.ts';
import { paletteKey } from './palette.ts';
import { printKey } from './paper-box.ts';
import { pastePay, payKey } from './pay.ts';
import { actionRefusal } from './refused.ts';
import { isTooSmall, layoutOf } from './selectors.ts';
import { LINE_MODE } from './state.ts';
import { switchKey } from './switch-user.ts';
import { waitlistKey } from './waitlist.ts';

/** What a key does: on a list by the table, in a form or a dialog by its own rules. */

/** Lines of an inspected lock or a load report; theirs are fewer. */
const OPS_LINES_MAX = 60;
/** A traced booking, or the money of one. */
const PAPER_LINES_MAX = 400;

/** One key, wherever it was pressed. */
export function pressKey(state: State, typed: string): Step {
  const on: ScreenName = state.overlay?.screen ?? state.place;
  const name = tableKey(state.session.keys, on, typed);
  if (name === null) return stay({ ...state, last_key_ms: state.now_ms });
  if (name === 'ctrl-c') return stay(state, { type: 'quit', code: 130 });
  if (isTooSmall(state)) {
    const folded = foldKey(name);
    if (folded === 'd') return stay(state, { type: 'quit', code: LINE_MODE });
    return folded === 'q' ? stay(state, { type: 'quit', code: 0 }) : stay(state);
  }
  const pressed: State = { ...state, last_key_ms: state.now_ms };
  if (name === 'ctrl-r') return runAction(pressed, 'resync');
  if (name === 'ctrl-o' && pressed.calls.length > 0) return runAction(pressed, 'call_open');
  const box = pressed.overlay;
  return box === null ? listKey(pressed, pressed.place, name) : boxKey(pressed, box, name);
}

/** One key in what lies over the list. */
function boxKey(pressed: State, box: Overlay, name: string): Step {
  switch (box.screen) {
    case 'book': {
      const binding = bindingFor('book', name);
      const refused = binding === null ? null : actionRefusal(pressed, binding.id);
      if (refused !== null) return stay(say(pressed, 'warn', refused));
      return bookKey(pressed, name);
    }
    case 'find':
      return findKey(pressed, box, name);
    case 'filter':
      return filterKey(pressed, box, name);
    case 'help':
      return helpKey(pressed, box, name);
    case 'palette':
      return paletteKey(pressed, box, name);
    case 'confirm':
      return confirmKey(pressed, box, name);
    case 'release':
    case 'cleanup':
      return severeKey(pressed, box, name);
    case 'start':
      return startKey(pressed, box, name, actionRefusal(pressed, 'load_go'));
    case 'move':
      return moveKey(pressed, box, name);
    case 'pay':
      return payKey(pressed, box, name);
    case 'deed':
      return deedKey(pressed, box, name);
    case 'jobdeed':
      return jobDeedKey(pressed, box, name);
    case 'healthdeed':
      return healthDeedKey(pressed, box, name);
    case 'changed':
      return changedKey(pressed, box, name);
    case 'waitlist':
      return waitlistKey(pressed, box, name);
    case 'link':
      return linkKey(pressed, box, name);
    case 'bulk':
      return bulkKey(pressed, box, name);
    case 'diff':
      return diffKey(pressed, box, name);
    case 'journal':
      return journalKey(pressed, box, name);
    case 'print':
      return printKey(pressed, box, name);
    case 'caller':
      return callerKey(pressed, box, name);
    case 'switch':
      return switchKey(pressed, box, name);
    case 'detail':
    case 'receipt':
    case 'trace':
    case 'payment':
    case 'inspect':
    case 'job':
    case 'fact':
    case 'reconcile':
    case 'run':
    case 'compare':
      return listKey(pressed, box.screen, name);
  }
}

function listKey(state: State, screen: ScreenName, name: string): Step {
  const binding = bindingFor(screen, name);
  if (binding === null) {
    const is_ime = !/^[\x20-\x7e]*$/.test(foldKey(name));
    return stay(is_ime ? say(state, 'info', wordsOf(state.session.lang).ime_on) : state);
  }
  const box = state.overlay;
  if (box !== null && 'top' in box) {
    const page = Math.max(1, layoutOf(state).body_rows - 2);
    const by = { up: -1, down: 1, page_up: -page, page_down: page, first: -9999, last: 9999 };
    const move = Object.entries(by).find(([id]) => id === binding.id);
    if (move !== undefined) {
      const top = Math.max(0, Math.min(scrollEnd(state), box.top + move[1]));
      return stay({ ...state, overlay: { ...box, top } });
    }
  }
  return runAction(state, binding.id);
}

/** A bound on scrolling; the screen stops at its last line anyway. */
function scrollEnd(state: State): number {
  const screen = state.overlay?.screen;
  if (screen === 'trace' || screen === 'payment') return PAPER_LINES_MAX;
  if (state.place !== 'board' || screen === 'receipt') return OPS_LINES_MAX;
  const booking = state.detail?.booking;
  const lists = [booking?.payments, booking?.refunds, booking?.messages, booking?.history];
  return lists.reduce((sum, list) => sum + (list?.length ?? 0), 10);
}

/** Pasted text: it goes where text is typed, and nowhere else. */
export function paste(state: State, text: string): State {
  const box = state.overlay;
  switch (box?.screen) {
    case 'book':
      return bookPaste(state, text);
    case 'find':
      return typeFind(state, box, insert(box.field, text.trim()));
    case 'filter':
      return typeFilter(state, box, insert(box.field, text.trim()));
    case 'release':
    case 'cleanup':
      return severePaste(state, box, text);
    case 'deed':
      return pasteDeed(state, box, text);
    case 'jobdeed':
      return pasteJobDeed(state, box, text);
    case 'healthdeed':
      return pasteHealthDeed(state, box, text);
    case 'pay':
      return pastePay(state, box, text);
    case 'help':
    case 'palette':
      return { ...state, overlay: { ...box, field: insert(box.field, text.trim()) } };
    case 'switch':
      return { ...state, overlay: { ...box, token: insert(box.token, text.trim()) } };
    default:
      return state;
  }
}
