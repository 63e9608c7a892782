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

function wrap(logger: Logger, flush: () => void, bound: LogFacts): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, facts: LogFacts = {}) => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](censored({ event, ...bound, ...facts }));
      if (event !== frequent_event) flush();
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (facts) => wrap(logger, flush, { ...bound, ...facts }),
  };
}

/**
 * A write of its own for the line of each request costs as much as a tenth of a request. These lines
 * wait a tenth of a second at most, all others not at all; an orderly end writes out what is left.
 */
const buffered = {
  dest: 1,
  sync: false,
  minLength: 65_536,
  maxWrite: 131_072,
  periodicFlush: 100,
};

/** Opens the log; stdout unless a destination is given. Errors go under `err` with their stack. */
export function openLog(
  options: { readonly level?: Level; readonly destination?: DestinationStream } = {},
): Log {
  const own = options.destination ? null : pino.destination(buffered);
  return wrap(
    pino(
      {
        level: options.level ?? 'info',
        base: null,
        messageKey: 'message',
        timestamp: () => `,"at":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        // Errors are plain by now; the default would call them objects.
        serializers: { err: (plain) => plain },
      },
      options.destination ?? own ?? undefined,
    ),
    () => own?.flush(),
    {},
  );
}
