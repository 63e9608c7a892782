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
const redacted_paths = secret_names.flatMap((name) => [name, `*.${name}`]);

function wrap(logger: Logger, bound: LogFacts): Log {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, facts?: LogFacts) =>
    logger[level]({ event, ...bound, ...facts });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (facts) => wrap(logger, { ...bound, ...facts }),
  };
}

/** Opens the log; stdout unless a destination is given. Errors go under `err` with their stack. */
export function openLog(
  options: { readonly level?: Level; readonly destination?: DestinationStream } = {},
): Log {
  return wrap(
    pino(
      {
        level: options.level ?? 'info',
        base: null,
        messageKey: 'message',
        timestamp: () => `,"at":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
        redact: { paths: redacted_paths, censor: '***' },
      },
      options.destination ?? pino.destination({ dest: 1, sync: false }),
    ),
    {},
  );
}
