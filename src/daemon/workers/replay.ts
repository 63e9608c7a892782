import type { App, Worker } from '../app-types.ts';
import {
  claimReplay,
  finishReplayStep,
  type ReplayStep,
  repeatWebhooks,
} from '../store/replays.ts';
import { readEvents } from './read-events.ts';
import type { EventStream } from './stream.ts';

/** A step's events at most: a slow receiver of the stream gets them in bites. */
const BATCH = 200;
/** Longer than a step may take with every timeout in it. */
const LEASE_MS = 30_000;
const EVERY_MS = 250;

/** Sends one step; throws when a receiver is away, so that the same step is tried again. */
async function sendStep(app: App, stream: EventStream | null, step: ReplayStep) {
  const { target, sent_through, to_sequence, per_second } = step;
  const page = await readEvents(app.sql, sent_through, Math.min(BATCH, per_second));
  const events = page.filter(({ sequence }) => sequence <= to_sequence);
  const newest = events.at(-1);
  // Nothing left of the range: what was pruned meanwhile cannot be sent.
  if (!newest) return { through: to_sequence, count: 0 };
  if (target !== 'webhooks' && stream) await stream.repeat(events, `RP${step.replay_id}`);
  if (target !== 'stream') await repeatWebhooks(app.sql, sent_through, newest.sequence);
  return { through: newest.sequence, count: events.length };
}

/**
 * Carries replays out, one step at a time, at the rate that was asked for. Any number may run; a step
 * whose sender died is sent again, under the same event ids.
 */
export function createReplayer(stream: EventStream | null): Worker {
  const tick = async (app: App): Promise<number> => {
    const step = await claimReplay(app.sql, LEASE_MS);
    if (!step) return 0;
    const { replay_id, sent_through } = step;
    try {
      const { through, count } = await sendStep(app, stream, step);
      await finishReplayStep(app.sql, { replay_id, through, count, error: null });
      return count;
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      await finishReplayStep(app.sql, { replay_id, through: sent_through, count: 0, error: said });
      throw error;
    }
  };
  return { name: 'replay', every_ms: EVERY_MS, tick };
}
