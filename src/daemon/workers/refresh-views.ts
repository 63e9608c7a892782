import type { App, Worker } from '../app-types.ts';
import { dueViews, noteViewFailure, refreshView } from '../store/views.ts';

/** Somebody who waits for a refresh waits this much longer at most; a look is one row or two. */
const EVERY_MS = 2_000;
/** A refresh that takes longer is given up and recorded as failed. */
const REFRESH_TIMEOUT_MS = 120_000;

/** What went wrong, in one line and in words of the database. */
const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Refreshes materialized views that are due. Every daemon with the role `cron` has one; an advisory lock
 * inside the refreshing transaction lets one of them do it (docs/adr/0007-reminders-without-cron.md).
 */
export function createViewRefresher(timeout_ms = REFRESH_TIMEOUT_MS): Worker {
  const refresh = async (app: App, view_name: string, signal: AbortSignal): Promise<number> => {
    try {
      const done = await refreshView(app.sql, view_name, { timeout_ms, signal });
      if (done.outcome !== 'ok') return 0;
      const { duration_ms, row_count, note } = done;
      const facts = { view_name, duration_ms, row_count };
      if (note === null) app.log.info('view.refreshed', facts);
      else app.log.warn('view.refreshed_locked', { ...facts, reason: note });
      return 1;
    } catch (error) {
      if (signal.aborted) return 0;
      const failures_in_row = await noteViewFailure(app.sql, view_name, textOf(error));
      app.log.error('view.failed', { view_name, failures_in_row, err: error });
      return 0;
    }
  };

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    let refreshed = 0;
    for (const view_name of await dueViews(app.sql)) {
      if (signal.aborted) break;
      refreshed += await refresh(app, view_name, signal);
    }
    return refreshed;
  };
  return { name: 'views', every_ms: EVERY_MS, tick };
}
