import { wordsOf } from './i18n/text.ts';
import { type Booking, type State, type Step, say, stay } from './model.ts';
import type { DiffBox } from './model-desk.ts';

/** Two entries of a booking's log beside each other: what was so then, and what is so after the other. */

type LogEntry = Booking['history'][number];

/** Newest first, as the booking shows them. */
export function entriesOf(booking: Booking): readonly LogEntry[] {
  return booking.history.toReversed().toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

/** What a field was after an entry: as it or an older one set it, else as the next newer one found it. */
function valueAfter(entries: readonly LogEntry[], index: number, name: string): unknown {
  for (const entry of entries.slice(index)) {
    if (name === 'status') return entry.status;
    if (entry.now != null && Object.hasOwn(entry.now, name)) return entry.now[name];
  }
  for (const entry of entries.slice(0, index).toReversed()) {
    if (entry.was != null && Object.hasOwn(entry.was, name)) return entry.was[name];
  }
  return null;
}

type FieldChange = { readonly name: string; readonly was: string; readonly now: string };

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The fields that are not the same after both entries. */
export function changesBetween(
  entries: readonly LogEntry[],
  before: number,
  after: number,
): readonly FieldChange[] {
  const known = entries.flatMap(({ was, now: is }) => Object.keys({ ...was, ...is }));
  return [...new Set(['status', ...known])]
    .toSorted()
    .map((name) => ({
      name,
      was: textOf(valueAfter(entries, before, name)),
      now: textOf(valueAfter(entries, after, name)),
    }))
    .filter(({ was, now }) => was !== now);
}

/** Opens it on the last change. */
export function openDiff(state: State): Step {
  const words = wordsOf(state.session.lang).desk;
  const count = state.detail?.booking?.history.length ?? 0;
  if (count < 2) return stay(say(state, 'info', words.diff_none));
  const overlay: DiffBox = { screen: 'diff', after: 0, before: 1 };
  return stay({ ...state, overlay, message: null });
}

/** One key: Up and Down choose the later entry, Left and Right the other one. */
export function diffKey(state: State, box: DiffBox, key: string): Step {
  if (key === 'esc' || key === 'enter') {
    return stay({ ...state, overlay: { screen: 'detail', top: 0 } });
  }
  const last = (state.detail?.booking?.history.length ?? 1) - 1;
  const within = (to: number) => Math.max(0, Math.min(last, to));
  const by = { up: -1, k: -1, down: 1, j: 1 }[key] ?? 0;
  const other = { left: -1, right: 1 }[key] ?? 0;
  if (by === 0 && other === 0) return stay(state);
  const overlay = { ...box, after: within(box.after + by), before: within(box.before + other) };
  return stay({ ...state, overlay });
}
