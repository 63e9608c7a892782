import { type DestinationStream, type Logger, pino } from 'pino';

/** Facts of one line; snake_case, the same spelling as in SQL and JSON. */
type LogFacts = Readonly<Record<string, unknown>>;

/** JSON lines. The event name (`reservation.created`) comes first and is a constant: countable. */
export type Log = {
  readonly debug: (event: string, facts?: LogFacts) => void;
  readonly info: (event: string, facts?: LogFacts) => void;
  readonly warn: (event: string, facts?: LogFacts) => void;
  readonly error: (event: string, facts?: LogFacts) => void;
  /** A logger that adds the facts to each of its lines. */
  readonly child: (facts: LogFacts) => Log;
};

type Level = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Names whose values never reach a log, at the top of a line or one level down. */
const secret_names = [
  'authorization',
  'cookie',
  'token',
  'tokens',
  'password',
  'secret',
  'client_secret',
  'stripe_secret_key',
  'stripe_webhook_secret',
  'key_hash',
  'api_key',
  'database_url',
  'redis_url',
  'smtp_url',
  'card',
];
const secret: ReadonlySet<string> = new Set(secret_names);
const censor = '***';

function isObject(value: unknown): value is LogFacts {
  return typeof value === 'object' && value !== null;
}

/** One level down. Errors become plain: with type, stack, and the fields that libraries hang on them. */
function inner(value: LogFacts): LogFacts {
  return censored(value instanceof Error ? pino.stdSerializers.err(value) : value, 1);
}

/**
 * The facts without secrets; the same object when there are none, which is nearly always. The
 * logger's own redaction walks all its paths for each line: a tenth of the cost of a lost race.
 */
function censored(facts: LogFacts, depth = 0): LogFacts {
  let clean: Record<string, unknown> | null = null;
  for (const name in facts) {
    const value = facts[name];
    const kept = secret.has(name) ? censor : depth === 0 && isObject(value) ? inner(value) : value;
    if (kept === value) continue;
    clean ??= { ...facts };
    clean[name] = kept;
  }
  return clean ?? facts;
}

/** The one event that may come ten thousand times a second. */
const frequent_event = 'http.request';

let stamped_ms = 0;
let stamp_text = '';

/** The time of day in ISO 8601. Lines of one millisecond share the text. */
function stamp(): string {
  const now_ms = Date.now();
  if (now_ms !== stamped_ms) {
    stamped_ms = now_ms;
    stamp_text = new Date(now_ms).toISOString();
  }
  return stamp_text;
}

/** The members of flat facts as JSON, each after a comma; null when a value is an object. */
function flatMembers(facts: LogFacts): string | null {
  let text = '';
  for (const name in facts) {
    const value = facts[name];
    if (value === undefined || typeof value === 'function') continue;
    if (isObject(value) || typeof value === 'bigint' || typeof value === 'symbol') return null;
    text += `,${JSON.stringify(name)}:${JSON.stringify(secret.has(name) ? censor : value)}`;
  }
  return text;
}

type Write = (line: string) => void;

/** Lines that may wait a little; `leave` sends them on, so that others do not overtake them. */
type Page = { readonly add: Write; readonly leave: () => void };

function wrap(logger: Logger, page: Page, bound: LogFacts): Log {
  /** Two fifths of what a lost race leaves to the garbage collector were copies for this one line. */
  const wroteFrequent = (level: string, facts: LogFacts): boolean => {
    const own = flatMembers(bound);
    const members = flatMembers(facts);
    if (own === null || members === null) return false;
    page.add(
      `{"level":"${level}","at":"${stamp()}","event":"${frequent_event}"${own}${members}}\n`,
    );
    return true;
  };
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, facts: LogFacts = {}) => {
      if (!logger.isLevelEnabled(level)) return;
      if (event === frequent_event && wroteFrequent(level, facts)) return;
      page.leave();
      logger[level](censored({ event, ...bound, ...facts }));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (facts) => wrap(logger, page, { ...bound, ...facts }),
  };
}

/** Lines of requests wait together until they fill this many bytes, or for so long. */
const page_bytes = 65_536;
const page_ms = 100;
/** A UTF-16 unit becomes three bytes of UTF-8 at most. */
const unit_bytes_max = 3;

/**
 * A write of its own for the line of each request costs as much as a tenth of a request. Nor may the
 * destination collect them: it measures all that it holds with each line that comes, 30 KB a time.
 * They are kept as bytes, because as text each is a tree of fifty strings for the garbage collector.
 */
function pageOf(destination: ReturnType<typeof pino.destination>): Page {
  const page = Buffer.alloc(page_bytes);
  let length = 0;
  let timer: NodeJS.Timeout | undefined;

  const leave = () => {
    if (length === 0) return;
    clearTimeout(timer);
    process.removeListener('exit', leaveAtEnd);
    const lines = page.toString('utf8', 0, length);
    length = 0;
    destination.write(lines);
  };
  const leaveAtEnd = () => {
    leave();
    destination.flushSync();
  };
  const add = (line: string) => {
    const needed = line.length * unit_bytes_max;
    if (length + needed > page_bytes) leave();
    if (needed > page_bytes) {
      destination.write(line);
      return;
    }
    if (length === 0) {
      timer = setTimeout(leave, page_ms).unref();
      process.once('exit', leaveAtEnd);
    }
    length += page.write(line, length);
  };
  return { add, leave };
}

/** What is written to: a stream as it is, or stdout with its page of requests. */
function openDestination(given: DestinationStream | undefined) {
  if (given) return { stream: given, add: (line: string) => given.write(line), leave: () => {} };
  const stream = pino.destination({ dest: 1, sync: false });
  return { stream, ...pageOf(stream) };
}

/** Opens the log; stdout unless a destination is given. Errors go under `err` with their stack. */
export function openLog(
  options: { readonly level?: Level; readonly destination?: DestinationStream } = {},
): Log {
  const { stream, add, leave } = openDestination(options.destination);
  return wrap(
    pino(
      {
        level: options.level ?? 'info',
        base: null,
        messageKey: 'message',
        timestamp: () => `,"at":"${stamp()}"`,
        formatters: { level: (label) => ({ level: label }) },
        // Errors are plain by now; the default would call them objects.
        serializers: { err: (plain) => plain },
      },
      stream,
    ),
    { add, leave },
    {},
  );
}
