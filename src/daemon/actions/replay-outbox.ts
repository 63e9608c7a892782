import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { neededReason } from '../locks/spend-plan.ts';
import { writeAudit } from '../store/audit.ts';
import { feedBounds, pruneEvents } from '../store/outbox.ts';
import { countOldEvents, findEvent } from '../store/outbox-desk.ts';
import {
  beginReplay,
  countEvents,
  type ReplayRow,
  listReplays as replays,
  stopReplay as stop,
} from '../store/replays.ts';
import { dbActor } from './actor.ts';
import { failure } from './outcome.ts';

type Replay = Output<'replay_outbox'>;

/** The stream keeps 100 000 entries: a longer replay would push out what its readers have not seen. */
const REPLAY_MAX = 50_000;
const PRUNE_BATCH = 2_000;
/** Left for the answer itself. */
const ANSWER_MS = 4_000;

function assertAllClinics(actor: Actor): void {
  if (actor.clinic_id === null) return;
  throw new AppError('forbidden', 'This is about the events of all clinics; your key is for one.');
}

async function rangeOf(app: App, request: Input<'replay_outbox'>) {
  const { event_id, from_sequence, to_sequence } = request;
  if (event_id === undefined) return { from: from_sequence ?? 1, to: to_sequence ?? 1 };
  const event = await findEvent(app.sql, event_id, null);
  if (event?.sequence == null) {
    const detail = 'There is no such event, or it has no sequence yet.';
    throw new AppError('not_found', detail, { next: 'petpro outbox list --state published' });
  }
  return { from: event.sequence, to: event.sequence };
}

function replayItem(row: ReplayRow, events: number): Replay {
  const { id, reason, created_at, ended_at, ...rest } = row;
  return {
    replay_id: `RP${id}`,
    ...rest,
    events,
    reason,
    created_at: created_at.toString(),
    ended_at: ended_at?.toString() ?? null,
  };
}

async function withCount(app: App, row: ReplayRow): Promise<Replay> {
  const { from_sequence, to_sequence } = row;
  const { count } = await countEvents(app.sql, from_sequence, to_sequence, REPLAY_MAX);
  return replayItem(row, count);
}

/**
 * Sends events once more, under their old ids, at the rate asked for: relays do it step by step. The
 * owners' messages are not touched: those hang on the first publication.
 */
export async function replayOutbox(
  app: App,
  actor: Actor,
  request: Input<'replay_outbox'>,
): Promise<Replay> {
  assertAllClinics(actor);
  const { target, per_second, dry_run } = request;
  const reason = dry_run ? '' : neededReason(request.reason);
  if (target === 'stream' && app.config.redis_url === null) {
    const next = 'petpro outbox replay .. --target webhooks';
    throw failure('policy_refused', { next }, 'There is no Redis here.');
  }
  const { from, to } = await rangeOf(app, request);
  const { count, last } = await countEvents(app.sql, from, to, REPLAY_MAX + 1);
  if (count === 0) {
    const { first_sequence, last_sequence } = await feedBounds(app.sql);
    const facts = { first_sequence, last_sequence, next: 'petpro outbox list --state published' };
    throw new AppError('not_found', 'No event of that range is kept.', facts);
  }
  if (count > REPLAY_MAX) {
    const detail = `A replay may have ${REPLAY_MAX} events; take it in parts.`;
    throw failure('policy_refused', { max: REPLAY_MAX }, detail);
  }
  if (dry_run) {
    return {
      replay_id: null,
      status: 'planned',
      target,
      from_sequence: from,
      to_sequence: last,
      per_second,
      events: count,
      sent: 0,
      sent_through: from - 1,
      reason: null,
      error: null,
      created_at: null,
      ended_at: null,
    };
  }
  const wish = { target, from_sequence: from, to_sequence: last, per_second, reason };
  const { outcome, replay_id } = await beginReplay(app.sql, wish, dbActor(actor));
  if (replay_id === null) {
    const detail = outcome === 'conflict' ? 'As many replays are running as may at one time.' : '';
    throw failure(outcome, { next: 'petpro outbox replays' }, detail || undefined);
  }
  return await mustFind(app, replay_id);
}

async function mustFind(app: App, id: number): Promise<Replay> {
  const [row] = await replays(app.sql, 1, id);
  if (!row) {
    const next = 'petpro outbox replays';
    throw new AppError('not_found', `There is no replay RP${id}.`, { next });
  }
  return await withCount(app, row);
}

/** Replays, newest first. */
export async function listReplays(
  app: App,
  actor: Actor,
  { limit }: Input<'list_replays'>,
): Promise<Output<'list_replays'>> {
  assertAllClinics(actor);
  const rows = await replays(app.sql, limit);
  const items: Replay[] = [];
  for (const row of rows) items.push(await withCount(app, row));
  return { items, next_cursor: null };
}

/** Stops a replay where it is; one that has ended stays as it is. */
export async function stopReplay(
  app: App,
  actor: Actor,
  { replay_id, reason }: Input<'stop_replay'>,
): Promise<Replay> {
  assertAllClinics(actor);
  const id = Number(/^RP([1-9]\d{0,14})$/.exec(replay_id)?.[1]);
  if (Number.isNaN(id)) {
    const next = 'petpro outbox replays';
    throw new AppError('not_found', `${replay_id} names no replay.`, { next });
  }
  await stop(app.sql, id, reason ?? null, dbActor(actor));
  return await mustFind(app, id);
}

/** Forgets old events ahead of the nightly round; readers that stand before them are told of a gap. */
export async function pruneOutbox(
  app: App,
  actor: Actor,
  request: Input<'prune_outbox'>,
): Promise<Output<'prune_outbox'>> {
  assertAllClinics(actor);
  const { dry_run, older_than_days, max } = request;
  const reason = dry_run ? '' : neededReason(request.reason);
  const matching = await countOldEvents(app.sql, older_than_days);
  let pruned = 0;
  if (!dry_run) {
    const ends_at = performance.now() + app.config.request_timeout_ms - ANSWER_MS;
    while (pruned < max && performance.now() < ends_at) {
      const batch = Math.min(PRUNE_BATCH, max - pruned);
      const gone = await pruneEvents(app.sql, older_than_days, batch);
      pruned += gone;
      if (gone === 0) break;
    }
    await writeAudit(app.sql, {
      actor: dbActor(actor),
      action: 'outbox.prune',
      target_type: 'outbox',
      target_id: `older than ${older_than_days} days`,
      reason,
      after: { pruned },
    });
  }
  const { first_sequence } = await feedBounds(app.sql);
  return { dry_run, older_than_days, matching, pruned, first_sequence };
}
