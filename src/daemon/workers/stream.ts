import type { EventEnvelope } from '../../domain/events.ts';
import type { Log } from '../../log.ts';
import { openRedisClient, type RedisClient } from '../adapters/redis-client.ts';
import type { App } from '../app-types.ts';
import { feedBounds } from '../store/outbox.ts';
import { readEvents } from './read-events.ts';

/** Other services read this with consumer groups. design §6. */
export const STREAM_KEY = 'petpro:events';
/** About this many entries stay; readers that fall further behind ask the API. */
const STREAM_MAX = 100_000;
const BATCH = 500;
/** A stream that lost everything (flush, new server) gets this many of the newest events again. */
const REFILL_MAX = 10_000;
const COMMAND_TIMEOUT_MS = 1_000;
/** Redis away: asked again after this long, so that the relay does not wait in every tick. */
const PAUSE_MS = 2_000;

export type EventStream = {
  /** Appends what the stream does not have yet. Never throws: the outbox keeps everything. */
  readonly publish: (app: App) => Promise<void>;
  /**
   * Appends events once more, with the replay's name beside them. Throws when Redis does not take
   * them.
   */
  readonly repeat: (events: readonly EventEnvelope[], replay_id: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * The stream's own ids are our sequences (`<sequence>-0`): Redis refuses an id twice, so any number
 * of relays may publish, each entry stands once and in order, and the last id is the cursor.
 */
async function lastSequence(redis: RedisClient): Promise<number> {
  const [newest] = await redis.xrevrange(STREAM_KEY, '+', '-', 'COUNT', 1);
  return newest ? Number(newest[0].split('-')[0]) : 0;
}

const fieldsOf = (event: EventEnvelope) => [
  'event_type',
  event.event_type,
  'event',
  JSON.stringify(event),
];

/** Redis refuses an id that is not behind the newest. */
const isPassed = (error: Error) => error.message.includes('equal or smaller');

async function append(redis: RedisClient, events: readonly EventEnvelope[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const event of events) {
    const id = `${event.sequence}-0`;
    pipeline.xadd(STREAM_KEY, 'MAXLEN', '~', STREAM_MAX, id, ...fieldsOf(event));
  }
  const replies = await pipeline.exec();
  for (const [error] of replies ?? []) {
    // Another relay was faster: the entry is there.
    if (error && !isPassed(error)) throw error;
  }
}

/** Each time the newest entry moves on while we write behind it, the rest is tried again. */
const REPEAT_TRIES = 10;

/**
 * Writes events behind the newest entry under `<its sequence>-<n>`: the sequence of the newest id stays
 * the cursor of those who publish. One that goes on meanwhile pushes us behind its own entry.
 */
async function appendAgain(
  redis: RedisClient,
  events: readonly EventEnvelope[],
  replay_id: string,
): Promise<void> {
  let waiting = events;
  for (let tries = 0; waiting.length > 0; tries += 1) {
    if (tries === REPEAT_TRIES) throw new Error('The stream moves on faster than it is repeated.');
    const [newest] = await redis.xrevrange(STREAM_KEY, '+', '-', 'COUNT', 1);
    const [sequence = '0', place = '0'] = newest ? newest[0].split('-') : [];
    const pipeline = redis.pipeline();
    for (const [index, event] of waiting.entries()) {
      const id = `${sequence}-${Number(place) + 1 + index}`;
      const fields = [...fieldsOf(event), 'replay', replay_id];
      pipeline.xadd(STREAM_KEY, 'MAXLEN', '~', STREAM_MAX, id, ...fields);
    }
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error && !isPassed(error)) throw error;
    waiting = waiting.filter((_, index) => replies[index]?.[0] != null);
  }
}

/** Opens the way to the stream; connects in the background. */
export function openEventStream(options: { readonly url: string; readonly log: Log }): EventStream {
  const redis = openRedisClient({
    url: options.url,
    name: 'petpro-stream',
    timeout_ms: COMMAND_TIMEOUT_MS,
    on_error: (error) => options.log.debug('stream.connection_error', { err: error }),
  });
  let paused_until = 0;
  let cursor: number | null = null;
  // After a restart it is empty, and readers wait for what they have not seen: no event of ours needs
  // to come first.
  redis.on('ready', () => {
    cursor = null;
  });

  const publishNew = async (app: App): Promise<void> => {
    const { last_sequence } = await feedBounds(app.sql);
    if (cursor === last_sequence) return;
    // Looked up and not remembered: the stream may have been flushed, or another relay was faster.
    let from = Math.max(await lastSequence(redis), last_sequence - REFILL_MAX, 0);
    while (from < last_sequence) {
      const events = await readEvents(app.sql, from, BATCH);
      const newest = events.at(-1);
      if (!newest) break;
      await append(redis, events);
      from = newest.sequence;
    }
    cursor = from;
  };

  return {
    publish: async (app) => {
      if (redis.status !== 'ready' || performance.now() < paused_until) return;
      try {
        await publishNew(app);
      } catch (error) {
        paused_until = performance.now() + PAUSE_MS;
        // Asked anew: after a flush the stream begins again.
        cursor = null;
        options.log.warn('stream.failed', { err: error });
      }
    },
    repeat: async (events, replay_id) => {
      if (redis.status !== 'ready') throw new Error('Redis does not answer.');
      await appendAgain(redis, events, replay_id);
    },
    close: async () => redis.disconnect(),
  };
}
