import { AppError } from '../domain/errors.ts';
import { type ByeReason, event_types, type FeedFrame } from '../domain/events.ts';
import { hopelessPatterns, hopelessText, readPatterns } from '../domain/feed-filter.ts';
import { localTime } from '../domain/time.ts';
import { type Context, say } from './context.ts';
import { feedUrl, followOnce } from './events-feed.ts';
import { clinicOf, isId } from './lookup.ts';
import { openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';
import { csvField } from './table.ts';
import { durationOf, wait } from './watch.ts';

type EventFrame = Extract<FeedFrame, { readonly type: 'event' }>;

const AWAY_DEFAULT = '60s';
/** Waits double from the first to the last, each shortened at random so that a crowd does not return at once. */
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
/** Columns for people: as wide as the longest name, and sequences up to 99 999 999. */
const TYPE_COLUMNS = Math.max(...event_types.map((name) => name.length));
const SEQUENCE_COLUMNS = 8;

const bye_texts: Readonly<Record<ByeReason, string>> = {
  shutting_down: 'The daemon is stopping.',
  too_slow: 'The feed let this command go: it did not read fast enough.',
  too_chatty: 'The feed let this command go: it sent too much.',
  expired: 'The token has expired.',
  full: 'The feed has as many followers as it takes.',
  too_many: 'This token has as many connections to the feed as it may have.',
};

type Tail = {
  readonly context: Context;
  readonly session: Session;
  readonly query: Readonly<Record<string, string>>;
  readonly zone: string;
  readonly limit: number;
  /** Where to go on after a lost connection; null = from now on. */
  after: number | null;
  printed: number;
  /** When a feed that lets us follow said anything, by performance.now(). */
  heard_at: number;
  /** Why the last connection ended, when the feed has said so. */
  bye: ByeReason | null;
};

function isForPrograms({ mode }: Context): boolean {
  return mode === 'json' || mode === 'jsonl';
}

function printRecord(tail: Tail, record: Readonly<Record<string, unknown>>): void {
  tail.context.io.out(`${JSON.stringify(record)}\n`);
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
      printRecord(tail, { type: 'event', ...picked });
      return;
    }
    case 'table':
    case 'wide': {
      const about = event.payload['reference_code'] ?? event.aggregate_id;
      const at = localTime(Temporal.Instant.from(event.occurred_at), zone);
      const day = context.mode === 'wide' ? `${at.date} ` : '';
      const sequence = String(event.sequence).padStart(SEQUENCE_COLUMNS);
      const type = event.event_type.padEnd(TYPE_COLUMNS);
      context.io.out(`${day}${at.text.slice(11, 19)}  ${sequence}  ${type}  ${String(about)}\n`);
    }
  }
}

/** Gaps matter to whoever keeps a copy, so they are records, not remarks. */
function printGap(tail: Tail, sequence: number): void {
  if (isForPrograms(tail.context)) printRecord(tail, { type: 'gap', sequence });
  say(
    tail.context,
    `A gap: what came before ${sequence} cannot be told any more. Take a fresh copy, then go on.`,
  );
}

function takeFrame(tail: Tail, frame: FeedFrame): 'more' | 'done' {
  if (frame.type !== 'bye') tail.heard_at = performance.now();
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
      // Everything up to here was told or not asked for: a rare kind resumes from here too.
      tail.after = frame.sequence;
      if (isForPrograms(tail.context)) printRecord(tail, frame);
      return 'more';
    case 'bye':
      tail.bye = frame.reason;
      say(tail.context, bye_texts[frame.reason]);
      return 'more';
    case 'presence':
    case 'subscribed':
    case 'error':
      return 'more';
  }
}

/** The filter of the command line, refused here when it is a slip: a socket cannot say why. */
function filterOf(args: Args): Readonly<Record<string, string>> {
  const types = textOption(args, 'type');
  const about = textOption(args, 'about');
  const hopeless = hopelessPatterns(readPatterns(types ?? ''));
  if (hopeless.length > 0) {
    throw new AppError('invalid_input', `--type ${hopelessText(hopeless)}`, {
      next: "petpro events tail --type 'booking.*'",
    });
  }
  if (about !== null && !isId(about)) {
    throw new AppError('invalid_input', `--about takes a full id, not "${about}".`, {
      next: 'petpro bookings show <reference> --json=booking_id',
    });
  }
  return {
    ...(types === null ? {} : { types }),
    ...(about === null ? {} : { aggregate_id: about }),
  };
}

function away(tail: Tail, away_max_ms: number, args: Args): AppError {
  const why = tail.bye === null ? '' : ` ${bye_texts[tail.bye]}`;
  const detail = `No feed at ${tail.session.url} for more than ${away_max_ms / 1000} s.${why}`;
  const type = textOption(args, 'type');
  const filter = type === null ? '' : ` --type '${type}'`;
  return new AppError('unavailable', detail, {
    next: `petpro events tail --after ${tail.after ?? 0}${filter}`,
  });
}

/** Follows until enough was seen; throws when it was away for too long, or was ended. */
async function follow(tail: Tail, away_max_ms: number, args: Args): Promise<undefined> {
  const { context, session } = tail;
  const { signal } = context;
  let backoff_ms = BACKOFF_MIN_MS;
  while (!signal.aborted) {
    const before = tail.heard_at;
    tail.bye = null;
    const query = { ...tail.query, ...(tail.after === null ? {} : { after: String(tail.after) }) };
    const how = await followOnce({
      url: feedUrl(session.url, query),
      token: session.token,
      signal,
      on_frame: (frame) => takeFrame(tail, frame),
    });
    if (how === 'done') return;
    if (signal.aborted) break;
    if (tail.heard_at > before) backoff_ms = BACKOFF_MIN_MS;
    const left_ms = away_max_ms - (performance.now() - tail.heard_at);
    if (left_ms <= 0) throw away(tail, away_max_ms, args);
    say(context, `Feed lost; trying again after sequence ${tail.after ?? 'now'}.`);
    await wait(Math.min(left_ms, backoff_ms * (0.5 + Math.random() / 2)), signal);
    backoff_ms = Math.min(backoff_ms * 2, BACKOFF_MAX_MS);
  }
  throw new AppError('cancelled', '');
}

/** `petpro events tail`: resumes by sequence for as long as --max-disconnect allows. */
export async function tailEvents(context: Context, args: Args): Promise<undefined> {
  const filter = filterOf(args);
  const away_max_ms = durationOf(
    '--max-disconnect',
    textOption(args, 'max_disconnect') ?? AWAY_DEFAULT,
  );
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const tail: Tail = {
    context,
    session,
    query: { clinic_id: clinic.clinic_id, ...filter },
    zone: context.config.tz ?? clinic.time_zone,
    limit: wholeOption(args, 'limit', 1, 1_000_000) ?? Number.POSITIVE_INFINITY,
    after: wholeOption(args, 'after', 0, 999_999_999),
    printed: 0,
    heard_at: performance.now(),
    bye: null,
  };
  if (context.mode === 'csv') context.io.out(`${csv.join(',')}\r\n`);
  await follow(tail, away_max_ms, args);
}
