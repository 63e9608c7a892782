import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { type ConsumedEvent, readConsumed } from '../../domain/consumed.ts';
import { AppError } from '../../domain/errors.ts';
import type { Log } from '../../log.ts';
import { openRedisClient, type RedisClient } from '../adapters/redis-client.ts';
import type { App, Worker } from '../app-types.ts';
import {
  parkEvent,
  sessionOfPayment,
  type Taken,
  takePlatformEvent,
} from '../store/consumed-events.ts';
import { askProvider } from './poll-payments.ts';

/** Where the platform's other services write what we keep copies of. */
export const INPUT_KEY = 'petpro:in';
export const INPUT_GROUP = 'petpro';
const BATCH = 100;
const EVERY_MS = 500;
const COMMAND_TIMEOUT_MS = 1_000;
/** An entry that its reader did not finish within this time is somebody else's to read. */
const CLAIM_AFTER_MS = 30_000;
/** A reader that nothing is left of is forgotten after this. */
const READER_KEPT_MS = 3_600_000;
const CLEAN_EVERY_MS = 600_000;
/** Longer events are parked without their text. */
const RAW_BYTES_MAX = 65_536;

export type Consumer = {
  readonly worker: Worker;
  readonly close: () => Promise<void>;
};

type Entry = { readonly stream_id: string; readonly raw: string | null };

/** `[id, [name, value, ...]]`, as Redis answers; null fields = the entry was trimmed away. */
function entryOf(reply: unknown): Entry | null {
  if (!Array.isArray(reply) || typeof reply[0] !== 'string') return null;
  const [stream_id, fields]: unknown[] = reply;
  if (!Array.isArray(fields)) return { stream_id: String(stream_id), raw: null };
  const at = fields.findIndex((name, place) => place % 2 === 0 && name === 'event');
  const raw: unknown = at < 0 ? '' : fields[at + 1];
  return { stream_id: String(stream_id), raw: typeof raw === 'string' ? raw : '' };
}

function entriesOf(replies: unknown): readonly Entry[] {
  return Array.isArray(replies) ? replies.flatMap((reply) => entryOf(reply) ?? []) : [];
}

const hasNoGroup = (error: unknown) => error instanceof Error && /^NOGROUP/.test(error.message);

/** Repeats and two readers at once do no harm, so that one question more is all that it costs. */
async function askAbout(app: App, event: ConsumedEvent): Promise<void> {
  const session_id = await sessionOfPayment(app.sql, event.thing_id);
  // What the event says of the money is not believed: only the provider's own word is.
  if (session_id !== null) await askProvider(app, session_id);
}

/** Keeps an entry for a person, under the name that a later event of the same id would have. */
async function parkRaw(
  app: App,
  entry: { readonly raw: string; readonly stream_id: string },
  reason: string,
): Promise<Taken> {
  const { raw, stream_id } = entry;
  const read = readConsumed(raw, `stream:${stream_id}`);
  const unnamed = { event_id: `stream:${stream_id}`, event_type: 'unknown' };
  const { event_id, event_type } =
    read.kind === 'event' ? read.event : read.kind === 'poison' ? read : unnamed;
  const kept = raw.replaceAll('\0', '').toWellFormed();
  const is_long = Buffer.byteLength(kept) > RAW_BYTES_MAX;
  const poison = { event_id, event_type, stream_id, reason, raw: is_long ? '' : kept };
  await parkEvent(app.sql, poison);
  return { outcome: 'parked', reason };
}

/** Takes one event, whoever handed it over. Throws when a part that it needs is away. */
export async function takeEvent(
  app: App,
  raw: string,
  from: { readonly stream_id: string; readonly again?: boolean },
): Promise<Taken | { readonly outcome: 'other'; readonly reason: null }> {
  const { stream_id } = from;
  const read = readConsumed(raw, `stream:${stream_id}`);
  if (read.kind === 'other') return { outcome: 'other', reason: null };
  if (read.kind === 'poison') return await parkRaw(app, { raw, stream_id }, read.reason);
  if (Buffer.byteLength(raw) > RAW_BYTES_MAX) {
    return await parkRaw(app, { raw, stream_id }, `more than ${RAW_BYTES_MAX} bytes`);
  }
  const { event } = read;
  if (event.event_type === 'payment.status_changed') await askAbout(app, event);
  return await takePlatformEvent(app.sql, event, { raw, ...from });
}

/** Reads and acknowledges entries of the input stream as one of its group. */
function openReader(redis: RedisClient, reader: string, claim_after_ms: number) {
  let claim_from = '0-0';

  const readNew = async (): Promise<readonly Entry[]> => {
    const replies: unknown = await redis.xreadgroup(
      'GROUP',
      INPUT_GROUP,
      reader,
      'COUNT',
      BATCH,
      'STREAMS',
      INPUT_KEY,
      '>',
    );
    const [stream]: unknown[] = Array.isArray(replies) ? replies : [];
    return entriesOf(Array.isArray(stream) ? stream[1] : []);
  };
  /** What a dead reader, or we ourselves, had in hand and did not finish. */
  const readLeft = async (): Promise<readonly Entry[]> => {
    const reply: unknown = await redis.xautoclaim(
      INPUT_KEY,
      INPUT_GROUP,
      reader,
      claim_after_ms,
      claim_from,
      'COUNT',
      BATCH,
    );
    const [next, entries]: unknown[] = Array.isArray(reply) ? reply : [];
    claim_from = typeof next === 'string' ? next : '0-0';
    return entriesOf(entries);
  };
  return {
    /** The group reads from the first entry that is still there: what came before us counts too. */
    createGroup: async () => {
      try {
        await redis.xgroup('CREATE', INPUT_KEY, INPUT_GROUP, '0', 'MKSTREAM');
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
      }
    },
    read: async () => [...(await readLeft()), ...(await readNew())],
    acknowledge: async (stream_ids: readonly string[]) => {
      if (stream_ids.length > 0) await redis.xack(INPUT_KEY, INPUT_GROUP, ...stream_ids);
    },
    /** Readers of daemons that are gone for long and have nothing in hand. */
    clean: async () => {
      const replies: unknown = await redis.xinfo('CONSUMERS', INPUT_KEY, INPUT_GROUP);
      for (const reply of Array.isArray(replies) ? replies : []) {
        const fields: unknown[] = Array.isArray(reply) ? reply : [];
        const fact = (name: string) => fields[fields.indexOf(name) + 1];
        const is_idle = Number(fact('idle')) > READER_KEPT_MS;
        if (Number(fact('pending')) > 0 || !is_idle) continue;
        await redis.xgroup('DELCONSUMER', INPUT_KEY, INPUT_GROUP, String(fact('name')));
      }
    },
  };
}

/**
 * Takes events of other services out of the input stream. Any number of daemons may: the group
 * hands each entry to one of them, and the table of taken events makes a repeat harmless. An entry
 * is acknowledged after PostgreSQL has it, never before.
 */
export function openConsumer(options: {
  readonly url: string;
  readonly log: Log;
  readonly claim_after_ms?: number;
}): Consumer {
  const { url, log, claim_after_ms = CLAIM_AFTER_MS } = options;
  const redis = openRedisClient({
    url,
    name: 'petpro-consumer',
    timeout_ms: COMMAND_TIMEOUT_MS,
    on_error: (error) => log.debug('consumer.connection_error', { err: error }),
  });
  const name = `${os.hostname()}.${process.pid}.${randomUUID().slice(0, 8)}`;
  const reader = openReader(redis, name, claim_after_ms);
  let has_group = false;
  let next_clean = performance.now() + CLEAN_EVERY_MS;

  /** True when it needs no further try. */
  const takeOne = async (app: App, { stream_id, raw }: Entry): Promise<boolean> => {
    if (raw === null) {
      app.log.error('consumer.event_lost', { stream_id, reason: 'trimmed before it was read' });
      return true;
    }
    const { outcome, reason } = await takeEvent(app, raw, { stream_id }).catch(
      async (error: unknown) => {
        // Nothing is wrong with the event then: it stays where it is.
        if (error instanceof AppError && error.code === 'unavailable') throw error;
        log.error('consumer.failed', { stream_id, err: error });
        const why = `it broke: ${error instanceof Error ? error.message : String(error)}`;
        return await parkRaw(app, { stream_id, raw }, why);
      },
    );
    if (outcome === 'parked') app.log.warn('consumer.parked', { stream_id, reason });
    return outcome !== 'waiting';
  };

  const takeAll = async (app: App, entries: readonly Entry[], signal: AbortSignal) => {
    const done: string[] = [];
    try {
      for (const entry of entries) {
        // What is left is claimed again, here or elsewhere.
        if (signal.aborted) break;
        if (await takeOne(app, entry)) done.push(entry.stream_id);
      }
    } finally {
      await reader.acknowledge(done);
    }
    return done.length;
  };

  const readAll = async (): Promise<readonly Entry[]> => {
    if (!has_group) await reader.createGroup();
    has_group = true;
    try {
      return await reader.read();
    } catch (error) {
      // Flushed, or another server: the group begins anew.
      has_group = !hasNoGroup(error);
      if (has_group) throw error;
      return [];
    }
  };

  const clean = async (): Promise<void> => {
    if (performance.now() < next_clean) return;
    next_clean = performance.now() + CLEAN_EVERY_MS;
    await reader.clean();
  };

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    // Without Redis there is nothing to read; its absence is told by those who need it.
    if (redis.status !== 'ready') return 0;
    try {
      const taken = await takeAll(app, await readAll(), signal);
      await clean();
      return taken;
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') {
        log.warn('consumer.waits', { err: error });
        return 0;
      }
      throw error;
    }
  };

  return {
    worker: { name: 'consumer', every_ms: EVERY_MS, tick },
    close: async () => redis.disconnect(),
  };
}
