import { mayAccess } from '../domain/roles.ts';
import { wordsOf } from './i18n/text.ts';
import type { State, Step } from './model.ts';
import { say, stay } from './model.ts';
import type { Target } from './model-life.ts';
import {
  type MoneyPage,
  type MoneyRow,
  type MoneySection,
  type MoneyState,
  money_sections,
} from './model-money.ts';
import { layoutOf, moneyDue, today } from './selectors.ts';
import { bookingTarget } from './target.ts';

/** The money screen in step with the server: asked for while it is shown, never while it is hidden. */

/** Events make it look sooner, but not more often than this, nor for more than a fifth of the time. */
const GAP_MS = 1_000;
const SHARE = 4;
const RETRY_MS = 5_000;
/** Lines of the panel above the list: takings, means of payment (two), drawer, sections. */
export const MONEY_PANEL_LINES = 5;

function withMoney(state: State, change: Partial<MoneyState>): State {
  return { ...state, money: { ...state.money, ...change } };
}

/** Asks for a fresh look; many asks become one request. */
export function wantMoney(state: State): State {
  return withMoney(state, { wanted: true });
}

/** Starts the look that is due. */
export function pumpMoney(state: State): Step {
  const { money, session } = state;
  const due_ms = moneyDue(state);
  if (due_ms === null || state.now_ms < due_ms) return stay(state);
  const seq = money.seq + 1;
  return stay(withMoney(state, { seq, wanted: false, in_flight: true }), {
    type: 'load_money',
    seq,
    date: money.date,
    until: today(state),
    with_settlements: mayAccess(session.role, 'manager'),
  });
}

/** The lists that this role sees. */
export function sectionsOf(state: State): readonly MoneySection[] {
  const sees_all = mayAccess(state.session.role, 'manager');
  return money_sections.filter((section) => section !== 'settlements' || sees_all);
}

export function rowsOf(page: MoneyPage, section: MoneySection): readonly MoneyRow[] {
  switch (section) {
    case 'inbox':
      return page.inbox.map((item) => ({ id: item.item_id, section, item }));
    case 'approvals':
      return page.approvals.map((item) => ({ id: item.reservation_id, section, item }));
    case 'due':
      return page.due.map((item) => ({ id: item.booking_id, section, item }));
    case 'refunds':
      return page.refunds.map((item) => ({ id: item.refund_id, section, item }));
    case 'payments':
      return page.payments.map((item) => ({ id: item.payment_id, section, item }));
    case 'settlements':
      return (page.settlements ?? []).map((item) => ({ id: item.settlement_id, section, item }));
  }
}

/** The rows of the shown list. */
export function moneyRows(state: State): readonly MoneyRow[] {
  const { page, section } = state.money;
  return page === null ? [] : rowsOf(page, section);
}

export function selectedMoney(state: State): MoneyRow | null {
  return moneyRows(state).find((row) => row.id === state.money.cursor_id) ?? null;
}

/** The booking behind a row, as far as the row itself knows one that can be paid or undone. */
export function moneyTarget(row: MoneyRow | null): Target | null {
  return row?.section === 'due' ? bookingTarget(row.item) : null;
}

/** The reference that a row is about; of settlements there is none. */
export function moneyReference(row: MoneyRow | null): string | null {
  if (row === null || row.section === 'settlements') return null;
  return row.item.reference_code;
}

function keepCursor(state: State, before: readonly MoneyRow[]): State {
  const rows = moneyRows(state);
  if (rows.some((row) => row.id === state.money.cursor_id)) return state;
  const index = before.findIndex((row) => row.id === state.money.cursor_id);
  const heir = rows[Math.min(Math.max(index, 0), rows.length - 1)];
  return withMoney(state, { cursor_id: heir?.id ?? null });
}

/** Takes a look in. The first one opens the list that has something in it. */
export function takeMoney(state: State, seq: number, page: MoneyPage, took_ms: number): State {
  const { money } = state;
  if (seq !== money.seq) return state;
  const before = moneyRows(state);
  const first = sectionsOf(state).find((section) => rowsOf(page, section).length > 0);
  const section = money.page === null ? (first ?? 'inbox') : money.section;
  const not_before_ms = state.now_ms + Math.max(GAP_MS, took_ms * SHARE);
  const fresh = { page, section, at_ms: state.now_ms, in_flight: false, problem: null };
  return keepCursor(withMoney(state, { ...fresh, not_before_ms }), before);
}

/** A look failed: what is on screen stays, with the reason above it. */
export function moneyFailed(state: State, seq: number, text: string): State {
  if (seq !== state.money.seq) return state;
  const again = { wanted: true, not_before_ms: state.now_ms + RETRY_MS };
  return withMoney(state, { in_flight: false, problem: text, ...again });
}

/** Enters the screen: what is there is shown, and looked at anew. */
export function enterMoney(state: State): State {
  return withMoney(state, { wanted: true, in_flight: false, not_before_ms: 0 });
}

function moveMoney(state: State, by: number): State {
  const rows = moneyRows(state);
  const index = rows.findIndex((row) => row.id === state.money.cursor_id);
  const to = Math.max(0, Math.min(rows.length - 1, Math.max(0, index) + by));
  return withMoney(state, { cursor_id: rows[to]?.id ?? null });
}

/** Rows of the list: below the panel and the column names. */
export function moneyRoom(state: State): number {
  return Math.max(1, layoutOf(state).list_rows - MONEY_PANEL_LINES);
}

/** Scrolls the list so that the cursor is in sight. */
export function keepMoneyInView(state: State): State {
  const rows = moneyRows(state);
  const room = moneyRoom(state);
  const index = rows.findIndex((row) => row.id === state.money.cursor_id);
  let top = Math.min(state.money.top, Math.max(0, rows.length - room));
  if (index >= 0 && index < top) top = index;
  if (index >= top + room) top = index - room + 1;
  return top === state.money.top ? state : withMoney(state, { top });
}

/** Shows another list, from its first row. */
export function showSection(state: State, by: number): State {
  const all = sectionsOf(state);
  const index = all.indexOf(state.money.section) + by + all.length;
  const section = all[index % all.length] ?? 'inbox';
  const shown = withMoney({ ...state, message: null }, { section, top: 0, cursor_id: null });
  return withMoney(shown, { cursor_id: moneyRows(shown)[0]?.id ?? null });
}

/** The takings of another day; the future has none. */
export function shiftMoneyDay(state: State, by: number | null): State {
  const now_here = today(state);
  const shown = state.money.date ?? now_here;
  const wanted =
    by === null ? now_here : Temporal.PlainDate.from(shown).add({ days: by }).toString();
  if (wanted > now_here) {
    return say(state, 'info', wordsOf(state.session.lang).money.no_future);
  }
  const date = wanted === now_here ? null : wanted;
  return enterMoney(withMoney({ ...state, message: null }, { date }));
}

/** Moves the cursor, or null when the action is no movement. */
export function moneyMovement(state: State, id: string): State | null {
  const page = Math.max(1, moneyRoom(state) - 1);
  const by: Readonly<Record<string, number>> = {
    up: -1,
    down: 1,
    page_up: -page,
    page_down: page,
    first: Number.NEGATIVE_INFINITY,
    last: Number.POSITIVE_INFINITY,
  };
  const steps = by[id];
  return steps === undefined ? null : moveMoney(state, steps);
}
