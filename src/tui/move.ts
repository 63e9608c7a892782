import { allowedMoves } from '../domain/booking.ts';
import { AppError } from '../domain/errors.ts';
import { parseDay } from '../domain/when.ts';
import { nextKey } from './book-open.ts';
import { changeDay, keepCursor, wantReload } from './day.ts';
import { edit, fieldOf } from './field.ts';
import { dateText, moneyText, wordsOf } from './i18n/text.ts';
import { bindingFor, foldKey } from './keys.ts';
import { refusedMove } from './legal.ts';
import { type Problem, type Slot, type State, type Step, say, stay } from './model.ts';
import type { MoveBox, MoveQuote, Target } from './model-life.ts';
import { actionRefusal } from './refused.ts';
import { GUARD_MS, instantOf, serverNow, timeZone, today } from './selectors.ts';

/**
 * Moving a booking: a picker of free times that says of the marked one what the move would cost, before it is
 * made. Moderate (ux §2, danger tiers): the effect is on screen, and only `y` does it.
 */

/** The server is asked about a time once the cursor has rested on it this long. */
const QUOTE_AFTER_MS = 150;

function put(state: State, box: MoveBox, change: Partial<MoveBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

/** The free time under the cursor. */
export function markedSlot(box: MoveBox): Slot | null {
  return shownSlots(box)[box.index] ?? null;
}

/** Times that are offered; with one vet only, that vet's. */
export function shownSlots(box: MoveBox): readonly Slot[] {
  if (!box.same_vet) return box.slots;
  return box.slots.filter((slot) => slot.staff_name === box.target.staff_name);
}

function askedKey(box: MoveBox): string {
  return `${markedSlot(box)?.slot_id ?? ''}|${box.by}`;
}

/** Asks for the free times of the date of the box. */
function wantSlots(state: State, box: MoveBox, change: Partial<MoveBox>): Step {
  const next: MoveBox = { ...box, ...change, quote: null, quote_due_ms: null, quote_asked: null };
  const { service_id } = next.target;
  const key = `move|${service_id}|${next.date}`;
  const asked: State = { ...state, overlay: { ...next, slots_asked: key } };
  return stay(asked, { type: 'list_slots', key, service_id, date: next.date, staff_id: null });
}

/** Opens the picker on the day that is shown, or today. */
export function askMove(state: State, target: Target | null): Step {
  const words = wordsOf(state.session.lang);
  if (target === null || target.kind === 'hold' || target.status === null) {
    return stay(say(state, 'warn', words.refused_row));
  }
  if (!allowedMoves(target.status).includes('cancelled')) {
    const text = refusedMove(
      words,
      words.life.move_word,
      target.status,
      target.arrived_at,
      state.columns,
    );
    return stay(say(state, 'warn', text));
  }
  const now_here = today(state);
  const date = target.date < now_here ? now_here : target.date;
  const box: MoveBox = {
    screen: 'move',
    target,
    by: 'owner',
    date,
    same_vet: false,
    slots: [],
    slots_key: null,
    slots_asked: null,
    index: 0,
    focus: 'slots',
    when: fieldOf(''),
    quote: null,
    quote_due_ms: null,
    quote_asked: null,
    problem: null,
    is_busy: false,
    guard_until_ms: state.now_ms + GUARD_MS,
  };
  return wantSlots({ ...state, message: null }, box, {});
}

/** Puts the cursor somewhere; what the time costs is asked for in a moment. */
function point(state: State, box: MoveBox, index: number): State {
  const last = shownSlots(box).length - 1;
  const to = Math.max(0, Math.min(last, index));
  const quote_due_ms = last < 0 ? null : state.now_ms + QUOTE_AFTER_MS;
  const reset = { quote: null, quote_asked: null, problem: null, quote_due_ms };
  return put(state, box, { ...reset, index: to });
}

/** The time of day that the booking has now, on the new day; the same vet where there is a choice. */
function likelyIndex(box: MoveBox): number {
  const { time, staff_name } = box.target;
  const slots = shownSlots(box);
  const same = slots.findIndex((slot) => slot.time === time && slot.staff_name === staff_name);
  if (same >= 0) return same;
  const after = slots.findIndex((slot) => slot.time >= time);
  return after < 0 ? 0 : after;
}

/** The free times have come; null when they were not asked for here. */
export function takeMoveSlots(state: State, key: string, all: readonly Slot[]): State | null {
  const box = state.overlay;
  if (!key.startsWith('move|')) return null;
  if (box?.screen !== 'move' || box.slots_asked !== key) return state;
  const slots = all.filter((slot) => slot.available);
  const is_same_list = box.slots_key === key;
  const next: MoveBox = { ...box, slots, slots_key: key };
  const index = is_same_list ? box.index : likelyIndex(next);
  const pointed = point({ ...state, overlay: next }, next, index);
  const problem = is_same_list ? box.problem : null;
  return pointed.overlay?.screen === 'move' ? put(pointed, pointed.overlay, { problem }) : pointed;
}

/** Asks what the marked time costs, once the cursor has rested. */
export function pumpMove(state: State): Step {
  const box = state.overlay;
  if (box?.screen !== 'move' || box.quote_due_ms === null || box.quote_due_ms > state.now_ms) {
    return stay(state);
  }
  const slot = markedSlot(box);
  const asked = askedKey(box);
  const next = put(state, box, { quote_due_ms: null, quote_asked: asked });
  if (slot === null) return stay(next);
  const { slot_id } = slot;
  const booking_id = box.target.id;
  return stay(next, { type: 'quote_move', asked, booking_id, slot_id, by: box.by });
}

/** What the move would do; keys count a moment after it can be read. */
export function takeMoveQuote(state: State, asked: string, quote: MoveQuote): State {
  const box = state.overlay;
  if (box?.screen !== 'move' || box.quote_asked !== asked) return state;
  const guard_until_ms = Math.max(box.guard_until_ms, state.now_ms + GUARD_MS);
  return put(state, box, { quote, problem: null, guard_until_ms });
}

function carryOut(state: State, box: MoveBox): Step {
  const words = wordsOf(state.session.lang);
  const refused = actionRefusal(state, 'move_go');
  if (refused !== null) return stay(say(state, 'warn', refused));
  const slot = markedSlot(box);
  if (slot === null) return stay(say(state, 'info', words.life.move_none));
  if (box.problem !== null) return stay(say(state, 'warn', box.problem));
  if (box.quote === null || box.quote.slot_id !== slot.slot_id) {
    return stay(say(state, 'info', words.cancel_asking));
  }
  const [next, key] = nextKey(put(state, box, { is_busy: true }));
  const { target, by } = box;
  return stay(next, { type: 'reschedule', target, slot_id: slot.slot_id, by, key });
}

function goToDate(state: State, box: MoveBox, by: number): Step {
  const date = Temporal.PlainDate.from(box.date).add({ days: by }).toString();
  if (date < today(state)) {
    return stay(say(state, 'info', wordsOf(state.session.lang).life.move_past));
  }
  return wantSlots(state, box, { date, problem: null });
}

/** What was typed as a day: taken, or refused with the reading that was made. */
function takeWhen(state: State, box: MoveBox): Step {
  const text = box.when.text.trim();
  if (text === '') return stay(put(state, box, { focus: 'slots' }));
  try {
    const now = instantOf(serverNow(state));
    const date = parseDay(text, { now, time_zone: timeZone(state) });
    return wantSlots(state, box, { date, focus: 'slots', when: fieldOf(''), problem: null });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { lang } = state.session;
    return stay(say(state, 'warn', lang === 'en' ? error.detail : wordsOf(lang).when_hint));
  }
}

function whenKey(state: State, box: MoveBox, key: string): Step {
  if (key === 'enter' || key === 'tab' || key === 'down') return takeWhen(state, box);
  const when = edit(box.when, key);
  return stay(when === null ? state : put(state, box, { when }));
}

const steps: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 };

/** One key of the picker. Enter and Esc move nothing. */
export function moveKey(state: State, box: MoveBox, key: string): Step {
  if (box.is_busy) return stay(state);
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (box.focus === 'when') return whenKey(state, box, key);
  const folded = foldKey(key);
  const by = steps[folded];
  if (by !== undefined) return stay(point(state, box, box.index + by));
  if (folded === 'left' || folded === 'right') {
    return goToDate(state, box, folded === 'left' ? -1 : 1);
  }
  if (/^[0-9+]$/.test(folded)) {
    // A digit can only be the beginning of a day.
    return stay(put(state, box, { focus: 'when', when: fieldOf(folded) }));
  }
  switch (bindingFor('move', folded)?.id) {
    case 'move_go':
      return state.now_ms < box.guard_until_ms ? stay(state) : carryOut(state, box);
    case 'day_prev':
      return goToDate(state, box, -1);
    case 'day_next':
      return goToDate(state, box, 1);
    case 'day_today':
      return wantSlots(state, box, { date: today(state), problem: null });
    case 'move_when':
      return stay(put(state, box, { focus: 'when' }));
    case 'move_vet': {
      const next: MoveBox = { ...box, same_vet: !box.same_vet };
      return stay(point({ ...state, overlay: next }, next, likelyIndex(next)));
    }
    case 'move_by':
      return stay(point(state, { ...box, by: box.by === 'owner' ? 'clinic' : 'owner' }, box.index));
    default:
      return stay(state);
  }
}

/** The booking is moved: the board goes to where it is now. */
export function takeRescheduled(state: State, target: Target, result: MoveQuote): State {
  const { lang } = state.session;
  const words = wordsOf(lang).life;
  const mine = new Map(state.mine).set(result.booking_id, result.version);
  const when = `${dateText(result.date, lang)} ${result.time}`;
  const parts = [words.moved(target.name, when)];
  if (Number(result.due_amount) > 0) {
    parts.push(words.due_then(moneyText(result.due_amount, result.currency, lang)));
  }
  if (Number(result.refund_amount) > 0) {
    parts.push(words.comes_back(moneyText(result.refund_amount, result.currency, lang)));
  }
  const text = parts.join('; ');
  const closed: State = { ...state, mine, overlay: null, undo: null, filter: '' };
  if (result.date === state.day?.date || state.place !== 'board') {
    const here = { ...closed, go_to: result.booking_id };
    return say(keepCursor(wantReload(here), here.board), 'ok', text);
  }
  const to = result.date === today(state) ? null : result.date;
  return say(changeDay(closed, to, result.booking_id), 'ok', text);
}

const lost_codes: readonly Problem['code'][] = ['slot_taken', 'slot_locked', 'invalid_slot'];

/** A quote or a move was refused: the picker stays, and says why. */
export function moveFailed(state: State, effect: string, problem: Problem, text: string): Step {
  const box = state.overlay;
  if (box?.screen !== 'move') return stay(say(state, 'error', text));
  const said = put(state, box, { problem: text, quote: null, is_busy: false });
  const is_lost = effect === 'reschedule' && lost_codes.includes(problem.code);
  if (!is_lost || said.overlay?.screen !== 'move') return stay(said);
  // Somebody was faster: the list is asked for anew, the reason stays on screen.
  const slot_id = markedSlot(box)?.slot_id;
  const slots = box.slots.filter((slot) => slot.slot_id !== slot_id);
  return wantSlots(wantReload(said), { ...said.overlay, slots }, { problem: text });
}
