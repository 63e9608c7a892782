import { AppError, isProblemCode } from '../domain/errors.ts';
import type { FeedFrame } from '../domain/events.ts';
import { localTime } from '../domain/time.ts';
import { type Context, say } from './context.ts';
import { clinicOf } from './lookup.ts';
import { openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';
import { csvField } from './table.ts';
import { durationOf, wait } from './watch.ts';

type EventFrame = Extract<FeedFrame, { readonly type: 'event' }>;

/** A feed that says nothing for this many heartbeats is dead although the socket does not know it yet. */
const MISSED_HEARTBEATS = 3;
const HEARTBEAT_FALLBACK_MS = 10_000;
const AWAY_DEFAULT = '60s';
/** WebSocket close code: policy violation; the reason is a problem code. */
const REFUSED = 1008;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const csv = [
  'sequence',
  'occurred_at',
  'event_type',
  'aggregate_type',
  'aggregate_id',
  'clinic_id',
  'payload',
];

type Tail = {
  readonly context: Context;
  readonly session: Session;
  readonly query: Readonly<Record<string, string>>;
  readonly zone: string;
  readonly limit: number;
  /** Where to go on after a lost connection; null = from now on. */
  after: number | null;
  printed: number;
  /** When the feed last said anything, by performance.now(). */
  heard_at: number;
};

function isFrame(value: unknown): value is FeedFrame {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function readFrame(data: unknown): FeedFrame | null {
  const value: unknown = JSON.parse(String(data));
  return isFrame(value) ? value : null;
}

function printEvent(tail: Tail, frame: EventFrame): void {
  const { context, zone } = tail;
  const { type: _, ...event } = frame;
  const fields: Readonly<Record<string, unknown>> = event;
  switch (context.mode) {
    case 'none':
      return;
    case 'name':
      context.io.out(`${event.event_id}\n`);
      return;
    case 'csv':
      context.io.out(`${csv.map((name) => csvField(fields[name])).join(',')}\r\n`);
      return;
    case 'json':
    case 'jsonl': {
      const wanted = context.fields ?? Object.keys(fields);
      const picked = Object.fromEntries(wanted.map((name) => [name, fields[name] ?? null]));
      context.io.out(`${JSON.stringify({ type: 'event', ...picked })}\n`);
      return;
    }
    case 'table':
    case 'wide': {
      const { payload } = event;
      const about = payload['reference_code'] ?? event.aggregate_id;
      const at = localTime(Temporal.Instant.from(event.occurred_at), zone);
      const day = context.mode === 'wide' ? `${at.date} ` : '';
      const type = event.event_type.padEnd(24);
      context.io.out(
        `${day}${at.text.slice(11, 19)}  ${event.sequence}  ${type}  ${String(about)}\n`,
      );
    }
  }
}

/** Gaps matter to whoever keeps a copy, so they are records, not remarks. */
function printGap(tail: Tail, sequence: number): void {
  const { context } = tail;
  const for_programs = context.mode === 'json' || context.mode === 'jsonl';
  if (for_programs) context.io.out(`${JSON.stringify({ type: 'gap', sequence })}\n`);
  say(context, `Events before ${sequence} are no longer kept: take a fresh copy, then go on.`);
}

function takeFrame(tail: Tail, frame: FeedFrame): 'more' | 'done' {
  tail.heard_at = performance.now();
  switch (frame.type) {
    case 'hello':
      tail.after ??= frame.sequence;
      return 'more';
    case 'event':
      tail.after = frame.sequence;
      printEvent(tail, frame);
      tail.printed += 1;
      return tail.printed >= tail.limit ? 'done' : 'more';
    case 'gap':
      tail.after = frame.sequence;
      printGap(tail, frame.sequence);
      return 'more';
    case 'heartbeat':
      tail.after = frame.sequence;
      return 'more';
    case 'bye':
      say(tail.context, `The daemon said goodbye (${frame.reason}).`);
      return 'more';
  }
}

function feedUrl(tail: Tail): string {
  const url = new URL('/events', tail.session.url.replace(/^http/, 'ws'));
  for (const [name, value] of Object.entries(tail.query)) url.searchParams.set(name, value);
  if (tail.after !== null) url.searchParams.set('after', String(tail.after));
  return url.href;
}

/** One connection, until it ends: `done` when enough was seen, else `lost`. Throws what the server refuses. */
function listen(tail: Tail): Promise<'done' | 'lost'> {
  const { context, session } = tail;
  const { promise, resolve, reject } = Promise.withResolvers<'done' | 'lost'>();
  const socket = new WebSocket(feedUrl(tail));
  let quiet_ms = HEARTBEAT_FALLBACK_MS * MISSED_HEARTBEATS;
  const close = () => socket.close();
  const watchdog = setInterval(() => {
    if (performance.now() - tail.heard_at > quiet_ms) end('lost');
  }, 1_000);
  const end = (how: 'done' | 'lost') => {
    clearInterval(watchdog);
    context.signal.removeEventListener('abort', close);
    socket.close();
    resolve(how);
  };
  tail.heard_at = performance.now();
  context.signal.addEventListener('abort', close);
  // The token goes in the first message: in an address it would end up in logs.
  socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token: session.token ?? '' }));
  socket.onclose = (event) => {
    const { code: closed_with, reason } = event;
    if (closed_with === REFUSED && isProblemCode(reason) && reason !== 'unavailable') {
      reject(new AppError(reason, 'The feed refuses this token.'));
    }
    end('lost');
  };
  socket.onerror = () => {};
  socket.onmessage = (event) => {
    try {
      const frame = readFrame(event.data);
      if (frame === null) return;
      if (frame.type === 'hello') quiet_ms = frame.heartbeat_ms * MISSED_HEARTBEATS;
      if (takeFrame(tail, frame) === 'done') end('done');
    } catch (error) {
      reject(error);
      end('lost');
    }
  };
  return promise;
}

/** `petpro events tail`: resumes by sequence for as long as --max-disconnect allows. */
export async function tailEvents(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const types = textOption(args, 'type');
  const away_max_ms = durationOf(
    '--max-disconnect',
    textOption(args, 'max_disconnect') ?? AWAY_DEFAULT,
  );
  const tail: Tail = {
    context,
    session,
    query: { clinic_id: clinic.clinic_id, ...(types === null ? {} : { types }) },
    zone: context.config.tz ?? clinic.time_zone,
    limit: wholeOption(args, 'limit', 1, 1_000_000) ?? Number.POSITIVE_INFINITY,
    after: wholeOption(args, 'after', 0, 999_999_999),
    printed: 0,
    heard_at: performance.now(),
  };
  if (context.mode === 'csv') context.io.out(`${csv.join(',')}\r\n`);
  let backoff_ms = BACKOFF_MIN_MS;
  let last_heard = performance.now();
  while (!context.signal.aborted) {
    const before = tail.heard_at;
    if ((await listen(tail)) === 'done') return;
    if (context.signal.aborted) break;
    if (tail.heard_at > before) {
      last_heard = tail.heard_at;
      backoff_ms = BACKOFF_MIN_MS;
    }
    if (performance.now() - last_heard > away_max_ms) {
      const detail = `The feed at ${session.url} was away for more than ${away_max_ms} ms.`;
      const next = `petpro events tail --after ${tail.after ?? 0}`;
      throw new AppError('unavailable', detail, { next });
    }
    say(context, `Feed lost; trying again after sequence ${tail.after ?? 'now'}.`);
    await wait(backoff_ms * (0.5 + Math.random() / 2), context.signal);
    backoff_ms = Math.min(backoff_ms * 2, BACKOFF_MAX_MS);
  }
  throw new AppError('cancelled', '');
}
