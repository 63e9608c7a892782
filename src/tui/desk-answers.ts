import { patchBooking, wantReload } from './day.ts';
import { moneyText, wordsOf } from './i18n/text.ts';
import { stateWord } from './legal.ts';
import { rememberUndo } from './life.ts';
import { type Booking, type Event, type State, say } from './model.ts';

/** Answers to the keys of the board: what was done, and who was faster. */

/** The row takes keys again. */
export function free(state: State, booking_id: string): State {
  const busy = new Set(state.busy);
  busy.delete(booking_id);
  return { ...state, busy };
}

/** A status was set. */
export function moved(state: State, event: Extract<Event, { type: 'moved' }>): State {
  const words = wordsOf(state.session.lang);
  const { booking } = event;
  const { booking_id, status, arrived_at, version } = booking;
  const fresh = patchBooking(free(state, booking_id), booking_id, { status, arrived_at, version });
  const now = stateWord(words, status, arrived_at);
  const name = booking.pet_name ?? booking.owner_name ?? booking.reference_code;
  const said = say({ ...fresh, undo: null }, 'ok', words.done(name, now, event.was));
  const can_undo = status === 'no-show' || (status === 'confirmed' && arrived_at !== null);
  const kept = can_undo ? rememberUndo(said, { booking_id, version, name }, null) : said;
  return wantReload(refreshDetail(kept, booking_id));
}

/** The detail of a booking that has just changed is asked for again. */
function refreshDetail(state: State, booking_id: string): State {
  return state.detail?.booking_id === booking_id
    ? { ...state, detail_due_ms: state.now_ms }
    : state;
}

/** A booking was cancelled; for a while one key takes it back. */
export function cancelled(state: State, event: Extract<Event, { type: 'cancelled' }>): State {
  const words = wordsOf(state.session.lang);
  const { booking_id, status, version, refund_percent, refund_amount, currency } = event.result;
  const fresh = patchBooking(free(state, booking_id), booking_id, { status, version });
  const money = moneyText(refund_amount, currency, state.session.lang);
  const row = state.board.find((one) => one.row.booking_id === booking_id);
  const name = row?.row.pet_name ?? event.result.reference_code;
  const text = words.cancelled(name, refund_percent, money);
  const kept = rememberUndo(fresh, { booking_id, version, name }, event.result.undo_until ?? null);
  return wantReload(refreshDetail(say(kept, 'ok', text), booking_id));
}

/** Says who was faster, from the newest line of the booking's history. */
export function tellConflict(state: State, booking: Booking): State {
  const words = wordsOf(state.session.lang);
  const newest = booking.history.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  const { booking_id, status, arrived_at, version } = booking;
  const fresh = patchBooking(state, booking_id, { status, arrived_at, version });
  if (newest === undefined) return say(fresh, 'warn', words.changed);
  const at_ms = Temporal.Instant.from(newest.at).epochMilliseconds;
  const seconds = Math.max(0, Math.round((state.now_ms + state.offset_ms - at_ms) / 1000));
  const what = stateWord(words, status, arrived_at);
  const who = newest.performed_by_name ?? newest.source ?? newest.action;
  return say(fresh, 'warn', words.changed_by(what, who, seconds));
}
