import { startPlace } from './keys.ts';
import type { Session, State } from './model.ts';
import { no_health } from './model-health.ts';
import { no_jobs, no_tail } from './model-jobs.ts';
import { no_money } from './model-money.ts';
import { online } from './model-offline.ts';
import { no_load, no_locks } from './model-ops.ts';

/** Not an exit code: the console ends, and the desk goes on in lines of text. */
export const LINE_MODE = -1;

/** The state before the first event. The reducer itself stands in update.ts. */
export function initialState(
  session: Session,
  size: { readonly columns: number; readonly rows: number },
  now_ms: number,
): State {
  return {
    session,
    columns: size.columns,
    rows: size.rows,
    now_ms,
    offset_ms: 0,
    link: {
      status: 'connecting',
      feed: 'connecting',
      since_ms: now_ms,
      retry_at_ms: null,
      took_ms: null,
      data_ms: null,
    },
    presence: null,
    clinic: null,
    date: null,
    day: null,
    board: [],
    board_due_ms: 0,
    show_open: true,
    filter: '',
    cursor_id: null,
    top: 0,
    marks: new Map(),
    mine: new Map(),
    heard: new Map(),
    waiting: null,
    reload: { wanted: false, in_flight: false, not_before_ms: 0, failures: 0, seq: 0 },
    last_key_ms: 0,
    busy: new Set(),
    message: null,
    overlay: null,
    draft: null,
    detail: null,
    detail_due_ms: null,
    go_to: null,
    counter: 0,
    place: startPlace(session),
    undo: null,
    redo: null,
    marked: new Set(),
    board_view: 'list',
    vet: null,
    money: no_money,
    locks: no_locks,
    jobs: no_jobs,
    health: no_health,
    load: no_load,
    tail: no_tail,
    offline: online,
    calls: [],
  };
}
