import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { readViews, requestRefresh, type ViewRow } from '../store/views.ts';
import { dbActor } from './actor.ts';
import { failure } from './outcome.ts';

type View = Output<'refresh_view'>;

function viewJson(row: ViewRow): View {
  const { refreshed_at, now, next_at, requested_at, failed_at, ...rest } = row;
  const age_ms =
    refreshed_at === null
      ? null
      : Math.max(0, now.epochMilliseconds - refreshed_at.epochMilliseconds);
  const { refresh_count, total_ms } = row;
  return {
    ...rest,
    // Three times to the microsecond: who waits for a refresh compares them.
    as_of: refreshed_at?.toString() ?? null,
    age_ms,
    stale: age_ms === null || age_ms > row.stale_after_ms,
    requested_at: requested_at?.toString() ?? null,
    failed_at: failed_at?.toString() ?? null,
    next_at: next_at.toString({ smallestUnit: 'second' }),
    average_ms: refresh_count === 0 ? null : Math.round(total_ms / refresh_count),
  };
}

/** Views are of all clinics: a key of one clinic has no business here. */
function assertEverywhere(actor: Actor): void {
  if (actor.clinic_id === null) return;
  throw new AppError('forbidden', 'A key of one clinic reaches its own things only.');
}

/** How old every view is and what it costs. */
export async function listViews(app: App, actor: Actor): Promise<Output<'list_views'>> {
  assertEverywhere(actor);
  const rows = await readViews(app.sql, null);
  const now = rows[0]?.now ?? Temporal.Now.instant();
  return { items: rows.map(viewJson), as_of: now.toString({ smallestUnit: 'second' }) };
}

/** Asks for a refresh; the answer is the view as it stands, with `requested_at`. */
export async function refreshView(
  app: App,
  actor: Actor,
  { view_name, concurrently }: Input<'refresh_view'>,
): Promise<View> {
  assertEverywhere(actor);
  const wish = { view_name, concurrently };
  const { outcome } = await requestRefresh(app.sql, wish, dbActor(actor));
  if (outcome === 'not_found') {
    throw failure(outcome, { next: 'petpro views list' }, 'There is no view of this name.');
  }
  if (outcome === 'policy_refused') {
    const detail = `${view_name} has no unique index: its readers cannot go on during a refresh.`;
    const next = `petpro views refresh ${view_name}`;
    throw failure(outcome, { rule: 'no_unique_index', next }, detail);
  }
  const [row] = await readViews(app.sql, view_name);
  if (!row) throw failure('not_found');
  return viewJson(row);
}
