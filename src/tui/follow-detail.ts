import { type State, type Step, stay } from './model.ts';
import { layoutOf, selectedRow } from './selectors.ts';

/** The booking beside the board, or above it, in step with the cursor and with what others change. */

/** A pane follows the cursor once it has rested this long. */
const DETAIL_AFTER_MS = 200;

/** Where a pane shows the selected booking, it is asked for once the cursor rests. */
export function followDetail(before: State, state: State): Step {
  if (state.place !== 'board') return stay({ ...state, detail_due_ms: null });
  const is_open = state.overlay?.screen === 'detail';
  const has_pane = layoutOf(state).pane_columns > 0;
  if (!has_pane && !is_open) return stay({ ...state, detail_due_ms: null });
  const booking_id = selectedRow(state)?.row.booking_id ?? null;
  if (booking_id === null)
    return stay({ ...state, detail: is_open ? state.detail : null, detail_due_ms: null });
  let next = state;
  if (state.detail?.booking_id !== booking_id && !is_open) {
    const due = state.now_ms + DETAIL_AFTER_MS;
    next = { ...state, detail: { booking_id, booking: null }, detail_due_ms: due };
  } else if (isNewer(before, state)) {
    next = { ...state, detail_due_ms: state.now_ms };
  }
  const { detail, detail_due_ms } = next;
  if (detail === null || detail_due_ms === null || detail_due_ms > state.now_ms) return stay(next);
  const asked = { ...next, detail_due_ms: null };
  return stay(asked, { type: 'load_booking', why: 'detail', booking_id: detail.booking_id });
}

/** True when the board has just learned of a newer version than the loaded detail. */
function isNewer(before: State, state: State): boolean {
  if (before.board === state.board || state.detail?.booking == null) return false;
  const { booking } = state.detail;
  const row = state.board.find((one) => one.row.booking_id === booking.booking_id);
  return row !== undefined && (row.row.version ?? 0) > booking.version;
}
