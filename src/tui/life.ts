import { booking_statuses } from '../domain/booking.ts';
import { displayWidth } from '../domain/width.ts';
import { nextKey } from './book-open.ts';
import { patchBooking, wantReload } from './day.ts';
import { wordsOf } from './i18n/text.ts';
import { openJournal } from './journal.ts';
import type { ActionId } from './keys.ts';
import { foldKey } from './keys.ts';
import { legalText, MESSAGE_LEAD, stateWord } from './legal.ts';
import {
  type Effect,
  type Event,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import type { ChangedBox, LifeEffect, LinkBox, Target, Undo } from './model-life.ts';
import { wantMoney } from './money.ts';
import { askMove, moveFailed, takeMoveQuote, takeMoveSlots, takeRescheduled } from './move.ts';
import { askPay, takeDue, takePaid } from './pay.ts';
import { GUARD_MS } from './selectors.ts';

/** What can happen to a booking after it was made, by keys: undo, receipt, trace, link, and what others changed. */

/** How long an undo is offered where the server does not say: the clinic's usual grace. Seed of clinics.undo_ms. */
const GRACE_MS = 30_000;

/** Remembers what this console has just done, so that one key takes it back. */
export function rememberUndo(
  state: State,
  done: { readonly booking_id: string; readonly version: number; readonly name: string },
  undo_until: string | null,
): State {
  const grace_ms =
    undo_until === null
      ? GRACE_MS
      : Temporal.Instant.from(undo_until).epochMilliseconds - state.now_ms - state.offset_ms;
  if (grace_ms <= 0) return { ...state, undo: null };
  return { ...state, undo: { ...done, until_ms: state.now_ms + grace_ms } };
}

/** What one key would take back now; null when nothing of ours can still be. */
export function openUndo(state: State): Undo | null {
  return state.undo !== null && state.undo.until_ms > state.now_ms ? state.undo : null;
}

/** Of the selected row, when its last change is one that can be taken back. */
function rowUndo(target: Target | null): Undo | null {
  if (target === null || target.kind === 'hold') return null;
  const { id: booking_id, version, name, status, arrived_at } = target;
  const is_arrival = status === 'confirmed' && arrived_at !== null;
  const can = status === 'cancelled' || status === 'no-show' || is_arrival;
  return can ? { booking_id, version, name, until_ms: 0 } : null;
}

function undo(state: State, target: Target | null): Step {
  const words = wordsOf(state.session.lang);
  const undo = openUndo(state) ?? rowUndo(target);
  // Nothing here: the journal has what was done elsewhere.
  if (undo === null) return openJournal(state);
  if (state.busy.has(undo.booking_id)) return stay(say(state, 'warn', words.busy));
  const busy = new Set(state.busy).add(undo.booking_id);
  const [next, key] = nextKey({ ...state, busy });
  return stay(next, { type: 'undo', undo, key });
}

function openReceipt(state: State, reference_code: string | null): Step {
  const words = wordsOf(state.session.lang);
  if (reference_code === null) return stay(say(state, 'warn', words.refused_row));
  const box = { screen: 'receipt', reference_code, receipt: null, top: 0 } as const;
  return stay({ ...state, overlay: box }, { type: 'load_receipt', reference_code });
}

function openTrace(state: State, target: Target | null): Step {
  const words = wordsOf(state.session.lang);
  if (target === null || target.kind === 'hold') return stay(say(state, 'warn', words.refused_row));
  const { reference_code } = target;
  const box = { screen: 'trace', reference_code, trace: null, top: 0 } as const;
  return stay({ ...state, overlay: box }, { type: 'load_trace', reference_code });
}

function openLink(state: State, target: Target | null): Step {
  const words = wordsOf(state.session.lang).life;
  if (target?.kind !== 'hold') return stay(say(state, 'warn', words.link_only_hold));
  const box = { screen: 'link', name: target.reference_code, hold: null } as const;
  return stay({ ...state, overlay: box }, { type: 'load_hold', reservation_id: target.id });
}

/** An action on a booking or hold, whichever screen names it; null when it is none of these. */
export function runLifeAction(state: State, id: ActionId, target: Target | null): Step | null {
  switch (id) {
    case 'move':
      return askMove(state, target);
    case 'pay':
      return askPay(state, target);
    case 'undo':
      return undo(state, target);
    case 'receipt':
      return openReceipt(state, target?.reference_code ?? null);
    case 'trace':
      return openTrace(state, target);
    case 'link':
      return openLink(state, target);
    case 'receipt_print':
    case 'receipt_copy':
      return receiptAction(state, id);
    default:
      return null;
  }
}

function receiptAction(state: State, id: 'receipt_print' | 'receipt_copy'): Step {
  const box = state.overlay;
  const receipt = box?.screen === 'receipt' ? box.receipt : null;
  if (receipt === null) return stay(state);
  const { text, receipt_number: title, lang } = receipt;
  return stay(
    state,
    id === 'receipt_copy' ? { type: 'copy', text } : { type: 'print', title, text, lang },
  );
}

/** One key of the payment link. */
export function linkKey(state: State, box: LinkBox, key: string): Step {
  const url = box.hold?.payment_url ?? null;
  if (key === 'esc' || key === 'enter') return stay({ ...state, overlay: null });
  if (foldKey(key) !== 'y' || url === null) return stay(state);
  return stay(state, { type: 'copy', text: url });
}

/** One key where somebody else was faster: Enter shows the booking as it is now. */
export function changedKey(state: State, box: ChangedBox, key: string): Step {
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (key !== 'enter' || state.now_ms < box.guard_until_ms) return stay(state);
  const { booking } = box;
  const { booking_id } = booking;
  return stay({
    ...state,
    overlay: { screen: 'detail', top: 0 },
    detail: { booking_id, booking },
    detail_due_ms: null,
  });
}

function freed(state: State, booking_id: string): State {
  const busy = new Set(state.busy);
  busy.delete(booking_id);
  return { ...state, busy };
}

function takeUndone(state: State, event: Extract<Event, { type: 'undone' }>): State {
  const words = wordsOf(state.session.lang);
  const { booking_id, status, arrived_at, version, undone } = event.booking;
  const fresh = patchBooking(freed(state, booking_id), booking_id, { status, arrived_at, version });
  const now = stateWord(words, status, arrived_at);
  const was = undone === 'arrived' ? words.letters.A : stateWord(words, undone, null);
  const text = words.life.undone(event.undo.name, now, was);
  const detail_due_ms = state.detail?.booking_id === booking_id ? state.now_ms : null;
  const { name } = event.undo;
  const redo = { booking_id, name, what: undone, version };
  const due = { detail_due_ms: detail_due_ms ?? fresh.detail_due_ms };
  const next = { ...fresh, undo: null, redo, ...due };
  return say(wantMoney(wantReload(next)), 'ok', text);
}

function takeHold(state: State, hold: Extract<Event, { type: 'hold_loaded' }>['hold']): State {
  const box = state.overlay;
  if (box?.screen !== 'link' || box.name !== hold.reference_code) return state;
  return { ...state, overlay: { ...box, hold } };
}

/** Opens what tells that somebody else was faster; the row itself is asked for again. */
function takeChanged(state: State, event: Extract<Event, { type: 'changed_loaded' }>): State {
  const { saw, booking } = event;
  const { booking_id, status, arrived_at, version } = booking;
  const fresh = patchBooking(freed(state, booking_id), booking_id, { status, arrived_at, version });
  const guard_until_ms = state.now_ms + GUARD_MS;
  const box = { screen: 'changed', saw, booking, guard_until_ms } as const;
  return wantMoney(wantReload({ ...fresh, overlay: box, undo: null }));
}

/** Takes an answer in; null when it is none of these. */
export function takeLifeAnswer(state: State, event: Event): Step | null {
  const words = wordsOf(state.session.lang);
  const box = state.overlay;
  switch (event.type) {
    case 'slots': {
      const next = takeMoveSlots(state, event.key, event.slots);
      return next === null ? null : stay(next);
    }
    case 'move_quoted':
      return stay(takeMoveQuote(state, event.asked, event.quote));
    case 'rescheduled':
      return stay(takeRescheduled(state, event.target, event.result));
    case 'due_loaded':
      return stay(takeDue(takePaidSoFar(state, event.target, event.due), event.target, event.due));
    case 'paid':
      return stay(takePaid(state, event.target, event.method, event.paid));
    case 'undone':
      return stay(takeUndone(state, event));
    case 'receipt_loaded':
      if (box?.screen !== 'receipt') return stay(state);
      return stay({ ...state, overlay: { ...box, receipt: event.receipt } });
    case 'printed':
      return stay(say(state, 'ok', words.life.printed));
    case 'traced':
      if (box?.screen !== 'trace') return stay(state);
      return stay({ ...state, overlay: { ...box, trace: event.trace } });
    case 'hold_loaded':
      return stay(takeHold(state, event.hold));
    case 'changed_loaded':
      return stay(takeChanged(state, event));
    default:
      return null;
  }
}

/** The cancel dialog says who gets what; for that it must know what was paid. */
function takePaidSoFar(
  state: State,
  target: Target,
  due: Extract<Event, { type: 'due_loaded' }>['due'],
): State {
  const box = state.overlay;
  if (box?.screen !== 'confirm' || box.kind !== 'cancel') return state;
  return box.row.row.booking_id === target.id ? { ...state, overlay: { ...box, due } } : state;
}

const ours: readonly LifeEffect['type'][] = [
  'quote_move',
  'reschedule',
  'load_due',
  'pay',
  'undo',
  'load_receipt',
  'print',
  'load_trace',
  'load_hold',
  'load_changed',
];

/** True when the effect belongs to this part. */
export function isLifeEffect(effect: Effect): effect is LifeEffect {
  const known: readonly string[] = ours;
  return known.includes(effect.type);
}

/** A refusal with the moves that are possible instead, where the server names a state. */
export function refusedText(state: State, problem: Problem, text: string): string {
  const { status, allowed } = problem.facts;
  const found = booking_statuses.find((one) => one === status);
  const is_listed = Array.isArray(allowed) && found !== undefined;
  if (problem.code !== 'policy_refused' || !is_listed) return text;
  const room = state.columns - MESSAGE_LEAD - displayWidth(text);
  return `${text} ${legalText(wordsOf(state.session.lang), found, null, room)}`;
}

/** A request failed; null when it was none of these. */
export function lifeFailed(
  state: State,
  effect: Effect,
  problem: Problem,
  text: string,
): Step | null {
  if (effect.type === 'list_slots' && effect.key.startsWith('move|')) {
    return moveFailed(state, effect.type, problem, text);
  }
  if (!isLifeEffect(effect)) return null;
  const is_conflict = problem.code === 'conflict';
  switch (effect.type) {
    case 'quote_move':
      return moveFailed(state, effect.type, problem, problem.detail === '' ? text : problem.detail);
    case 'reschedule': {
      if (!is_conflict) return moveFailed(state, effect.type, problem, text);
      return stay(wantReload({ ...state, overlay: null }), {
        type: 'load_changed',
        saw: effect.target,
      });
    }
    case 'pay': {
      const closed = wantReload({ ...state, overlay: null });
      if (is_conflict && effect.target.kind === 'booking') {
        return stay(closed, { type: 'load_changed', saw: effect.target });
      }
      return stay(say(closed, 'error', refusedText(state, problem, text)));
    }
    case 'undo': {
      const fresh = wantReload(freed({ ...state, undo: null }, effect.undo.booking_id));
      if (!is_conflict) return stay(say(fresh, 'error', refusedUndo(state, effect.undo, problem)));
      const { booking_id } = effect.undo;
      return stay(fresh, { type: 'load_booking', why: 'conflict', booking_id });
    }
    case 'load_due':
      return stay(say(closesPay(state), 'error', text));
    case 'load_receipt':
    case 'load_trace':
    case 'load_hold':
      return stay(say({ ...state, overlay: null }, 'warn', whatFor(state, effect, problem, text)));
    case 'print':
      return stay(
        say(state, 'error', `${wordsOf(state.session.lang).life.no_printer} ${problem.detail}`),
      );
    case 'load_changed':
      return stay(say(state, 'warn', text));
  }
}

function closesPay(state: State): State {
  return state.overlay?.screen === 'pay' ? { ...state, overlay: null } : state;
}

function whatFor(state: State, effect: LifeEffect, problem: Problem, text: string): string {
  const is_unpaid = effect.type === 'load_receipt' && problem.code === 'not_found';
  return is_unpaid ? wordsOf(state.session.lang).life.no_receipt : text;
}

/** Why it stays: the server's rule, in the console's own language. */
function refusedUndo(state: State, { name }: Undo, problem: Problem): string {
  const words = wordsOf(state.session.lang);
  const { rule } = problem.facts;
  const known: Readonly<Record<string, string>> = words.life.undo_refused;
  const why = typeof rule === 'string' ? known[rule] : undefined;
  return why === undefined ? `${name}: ${problem.detail}` : words.life.not_undone(name, why);
}
