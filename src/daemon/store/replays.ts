import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

/** Replays of events: asked for by operators, carried out step by step by relays. */

export type ReplayTarget = 'stream' | 'webhooks' | 'all';

export type ReplayRow = {
  readonly id: number;
  readonly target: ReplayTarget;
  readonly from_sequence: number;
  readonly to_sequence: number;
  readonly per_second: number;
  readonly sent_through: number;
  readonly sent: number;
  readonly status: 'running' | 'done' | 'stopped';
  readonly reason: string;
  readonly error: string | null;
  readonly created_at: Temporal.Instant;
  readonly ended_at: Temporal.Instant | null;
};

/** Newest first. */
export async function listReplays(
  sql: Db,
  limit: number,
  id: number | null = null,
): Promise<readonly ReplayRow[]> {
  return await run(sql<ReplayRow[]>`
    select id, target, from_sequence, to_sequence, per_second, sent_through, sent_count as sent,
      status, reason, last_error as error, created_at, ended_at
    from outbox_replays
    ${id === null ? sql`` : sql`where id = ${id}`}
    order by id desc
    limit ${limit}`);
}

type ReplayWish = {
  readonly target: ReplayTarget;
  readonly from_sequence: number;
  readonly to_sequence: number;
  readonly per_second: number;
  readonly reason: string;
};

/** Begins a replay; `conflict` when as many are running as may. */
export async function beginReplay(
  sql: Db,
  wish: ReplayWish,
  actor: DbActor,
): Promise<{ readonly outcome: string; readonly replay_id: number | null }> {
  const { target, from_sequence, to_sequence, per_second, reason } = wish;
  return await runOne(sql<{ outcome: string; replay_id: number | null }[]>`
    select outcome, replay_id
    from begin_replay(
      ${target}, ${from_sequence}, ${to_sequence}, ${per_second}, ${reason}, ${sql.json(actor)}
    )`);
}

export async function stopReplay(
  sql: Db,
  id: number,
  reason: string | null,
  actor: DbActor,
): Promise<string> {
  const { outcome } = await runOne(sql<{ outcome: string }[]>`
    select stop_replay(${id}, ${reason}, ${sql.json(actor)}) as outcome`);
  return outcome;
}

export type ReplayStep = {
  readonly replay_id: number;
  readonly target: ReplayTarget;
  readonly sent_through: number;
  readonly to_sequence: number;
  readonly per_second: number;
};

/** The next step that is due, leased to the caller; null = none. */
export async function claimReplay(sql: Db, lease_ms: number): Promise<ReplayStep | null> {
  const [step] = await run(sql<ReplayStep[]>`
    select replay_id, target, sent_through, to_sequence, per_second
    from claim_replay(${lease_ms})`);
  return step ?? null;
}

/** Notes what a step has sent, or why it could not. */
export async function finishReplayStep(
  sql: Db,
  step: {
    readonly replay_id: number;
    readonly through: number;
    readonly count: number;
    readonly error: string | null;
  },
): Promise<void> {
  const { replay_id, through, count, error } = step;
  await run(sql`select finish_replay_step(${replay_id}, ${through}, ${count}, ${error})`);
}

/** Puts the webhook deliveries of these events in line again; returns how many. */
export async function repeatWebhooks(sql: Db, after: number, through: number): Promise<number> {
  const { count } = await runOne(sql<{ count: number }[]>`
    select repeat_webhooks(${after}, ${through}) as count`);
  return count;
}

/** Events of a range that are kept; at most `max` are counted. */
export async function countEvents(
  sql: Db,
  from: number,
  to: number,
  max: number,
): Promise<{ readonly count: number; readonly last: number }> {
  return await runOne(sql<{ count: number; last: number }[]>`
    select count(*), coalesce(max(sequence), 0) as last from (
      select sequence from booking_events_outbox
      where sequence between ${from} and ${to}
      order by sequence
      limit ${max}
    ) as wanted`);
}
