import { allowedMoves } from '../domain/booking.ts';
import { nextKey } from './book-open.ts';
import { patchBooking, wantReload } from './day.ts';
import { scrolledTop } from './dialog-keys.ts';
import { edit, fieldOf } from './field.ts';
import { wordsOf } from './i18n/text.ts';
import { type ActionId, foldKey } from './keys.ts';
import { moveRefusal, statusWord } from './legal-row.ts';
import { markedRows } from './marks.ts';
import { type Problem, type State, type Step, say, stay } from './model.ts';
import {
  type BulkBox,
  type BulkItem,
  type BulkVerb,
  type DeskEffect,
  type DeskResult,
  moveOf,
} from './model-desk.ts';
import { actionRefusal } from './refused.ts';
import type { BoardRow } from './rows.ts';
import { GUARD_MS } from './selectors.ts';

/**
 * One act on the marked rows: frozen count and sample first, then row by row, each with the version that was
 * painted. What has changed meanwhile is left alone and named.
 */

/** From one row more on, the count has to be typed. ux §2, danger tiers: bulk > 20. */
export const TYPED_ABOVE = 20;

const verbs: Readonly<Partial<Record<ActionId, BulkVerb>>> = {
  arrived: 'arrived',
  complete: 'completed',
  no_show: 'no-show',
  resend: 'message',
};
const verb_actions: Readonly<Record<BulkVerb, ActionId>> = {
  arrived: 'arrived',
  completed: 'complete',
  'no-show': 'no_show',
  message: 'resend',
};
/** Acts on one row that must not be mistaken for acts on the marked ones. */
const single: readonly ActionId[] = ['in_room', 'cancel', 'move', 'pay'];

export function plannedRows(box: BulkBox): number {
  return box.items.filter(({ outcome }) => outcome === 'planned').length;
}

/** True when only the typed count and Ctrl-G do it. */
export function isTyped(box: BulkBox): boolean {
  return plannedRows(box) > TYPED_ABOVE;
}

function itemOf(state: State, row: BoardRow, verb: BulkVerb): BulkItem {
  const words = wordsOf(state.session.lang);
  const { row: data } = row;
  const move = moveOf(verb);
  const is_booking = row.kind === 'booking' && data.booking_id !== null;
  const full = move === null ? null : moveRefusal(state, row, move);
  const can = data.status !== null && move !== null && allowedMoves(data.status).includes(move);
  const is_again = move === 'arrived' && data.arrived_at !== null;
  // There is room for what it is; what else could be done is a question for the row itself.
  const is_other = full !== null && (!can || is_again);
  const refused = is_other ? words.desk.it_is(statusWord(state, row)) : full;
  const why = is_booking ? refused : words.refused_row;
  return {
    row_id: row.id,
    number: row.number,
    booking_id: data.booking_id,
    reference_code: data.reference_code ?? '',
    name: data.pet_name ?? data.owner_name ?? '',
    time: data.time,
    version: data.version ?? 0,
    outcome: why === null ? 'planned' : 'kept',
    why,
  };
}

/** Several services of one booking are rows of their own, and one booking. */
function withoutTwins(items: readonly BulkItem[]): readonly BulkItem[] {
  const seen = new Set<string>();
  return items.filter(({ booking_id }) => {
    if (booking_id === null || !seen.has(booking_id)) {
      if (booking_id !== null) seen.add(booking_id);
      return true;
    }
    return false;
  });
}

function openBulk(state: State, verb: BulkVerb, rows: readonly BoardRow[]): Step {
  const refused = actionRefusal(state, verb_actions[verb]);
  if (refused !== null) return stay(say(state, 'warn', refused));
  const items = withoutTwins(rows.map((row) => itemOf(state, row, verb)));
  const [only] = items;
  if (items.length === 1 && only?.why != null) return stay(say(state, 'warn', only.why));
  const box: BulkBox = {
    screen: 'bulk',
    verb,
    items,
    phase: 'asked',
    typed: fieldOf(''),
    top: 0,
    guard_until_ms: state.now_ms + GUARD_MS,
  };
  return stay({ ...state, overlay: box, message: null });
}

/** What the key does to the marked rows; null when it is about the row under the cursor alone. */
export function runMarked(state: State, id: ActionId, row: BoardRow | null): Step | null {
  const words = wordsOf(state.session.lang);
  const marked = state.overlay === null ? markedRows(state) : [];
  const verb = verbs[id];
  if (marked.length > 0 && single.includes(id)) {
    return stay(say(state, 'warn', words.desk.marks_first(marked.length)));
  }
  if (verb !== undefined && marked.length > 0) return openBulk(state, verb, marked);
  if (id !== 'resend') return null;
  if (row === null) return stay(say(state, 'warn', words.refused_row));
  return openBulk(state, 'message', [row]);
}

/** The rows that a line names: marked or acted on together. */
export function runRows(state: State, id: ActionId, rows: readonly BoardRow[]): Step {
  const words = wordsOf(state.session.lang);
  if (id === 'mark') {
    const marked = new Set([...state.marked, ...rows.map((row) => row.id)]);
    return stay({ ...state, marked, message: null });
  }
  const verb = verbs[id];
  if (verb === undefined) return stay(say(state, 'warn', words.refused_row));
  return openBulk(state, verb, rows);
}

/** Asks for the next row; when none is left, the result stays on screen. */
function step(state: State, box: BulkBox): Step {
  const next = box.items.find(({ outcome }) => outcome === 'planned');
  const is_stopped = box.phase === 'stopping';
  if (next === undefined || next.booking_id === null || is_stopped) return finish(state, box);
  const [keyed, key] = nextKey({ ...state, overlay: box });
  const { booking_id, version: expected_version } = next;
  return stay(keyed, { type: 'bulk_step', verb: box.verb, booking_id, expected_version, key });
}

function finish(state: State, box: BulkBox): Step {
  const words = wordsOf(state.session.lang).desk;
  const items = box.items.map((item) =>
    item.outcome === 'planned' ? { ...item, outcome: 'kept' as const, why: words.not_tried } : item,
  );
  // What somebody has to look at comes first.
  const rank = { failed: 0, kept: 1, planned: 2, done: 3 };
  const sorted = items.toSorted((a, b) => rank[a.outcome] - rank[b.outcome]);
  const done = items.filter(({ outcome }) => outcome === 'done').length;
  const left = items.length - done;
  const said = say(state, left > 0 ? 'warn' : 'ok', words.bulk_done(done, left, box.verb));
  const cleared = wantReload({ ...said, marked: new Set<string>(), undo: null });
  const over: BulkBox = { ...box, items: sorted, phase: 'over', top: 0 };
  return stay({ ...cleared, overlay: left > 0 ? over : null });
}

function withOutcome(
  box: BulkBox,
  booking_id: string,
  outcome: BulkItem['outcome'],
  why: string | null,
): BulkBox {
  const items = box.items.map((item) =>
    item.booking_id === booking_id ? { ...item, outcome, why } : item,
  );
  return { ...box, items };
}

/** One row is done. */
export function takeStepped(
  state: State,
  event: Extract<DeskResult, { type: 'bulk_stepped' }>,
): Step {
  const { booking_id, booking } = event;
  const patched =
    booking === null
      ? state
      : patchBooking(state, booking_id, {
          status: booking.status,
          arrived_at: booking.arrived_at,
          version: booking.version,
        });
  const box = patched.overlay;
  if (box?.screen !== 'bulk') return stay(wantReload(patched));
  return step(patched, withOutcome(box, booking_id, 'done', null));
}

/** One row was refused; the others go on, unless nobody answers any more. */
export function bulkFailed(
  state: State,
  effect: Extract<DeskEffect, { type: 'bulk_step' }>,
  problem: Problem,
  text: string,
): Step {
  const words = wordsOf(state.session.lang);
  const box = state.overlay;
  if (box?.screen !== 'bulk') return stay(wantReload(say(state, 'error', text)));
  // The rule itself: what kind of refusal it is, the word before it says.
  const said = problem.code === 'policy_refused' && problem.detail !== '' ? problem.detail : text;
  const why = problem.code === 'conflict' ? words.desk.changed_since : said;
  const failed = withOutcome(box, effect.booking_id, 'failed', why);
  const is_over = ['unavailable', 'unauthorized', 'forbidden'].includes(problem.code);
  return step(state, is_over ? { ...failed, phase: 'stopping' } : failed);
}

function go(state: State, box: BulkBox, key: string): Step {
  const refused = actionRefusal(state, 'bulk_go');
  if (refused !== null) return stay(say(state, 'warn', refused));
  const count = plannedRows(box);
  if (count === 0) return stay(state);
  if (isTyped(box)) {
    const words = wordsOf(state.session.lang).desk;
    if (key !== 'ctrl-g') return stay(state);
    if (box.typed.text.trim() !== String(count)) {
      return stay(say(state, 'warn', words.type_count(count)));
    }
  }
  return step(state, { ...box, phase: 'running' });
}

/** One key of the dialog. Enter and Esc change nothing; while it runs, Esc stops after the row under way. */
export function bulkKey(state: State, box: BulkBox, key: string): Step {
  const folded = foldKey(key);
  if (box.phase === 'running' || box.phase === 'stopping') {
    return stay(key === 'esc' ? { ...state, overlay: { ...box, phase: 'stopping' } } : state);
  }
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (box.phase === 'asked' && state.now_ms < box.guard_until_ms) return stay(state);
  if (key === 'enter') return stay({ ...state, overlay: null });
  const top = scrolledTop(box.top, key, box.items.length);
  if (top !== box.top) return stay({ ...state, overlay: { ...box, top } });
  if (box.phase === 'over') return stay(state);
  if (folded === 'ctrl-g' || (folded === 'y' && !isTyped(box))) return go(state, box, folded);
  if (!isTyped(box)) return stay(state);
  const typed = edit(box.typed, folded);
  return stay(typed === null ? state : { ...state, overlay: { ...box, typed } });
}
