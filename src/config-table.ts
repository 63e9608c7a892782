import os from 'node:os';
import path from 'node:path';
import { message_settings } from './config-messages.ts';
import { object_settings } from './config-objects.ts';
import {
  anyText,
  duration,
  listOf,
  oneOf,
  present,
  profileName,
  splitList,
  timeZone,
  url,
  whole,
  yesNo,
} from './config-parse.ts';
import { redisUrl } from './config-redis.ts';

/** Work that a daemon does; any role may run in any number of daemons at once. */
const roles = ['api', 'sweeper', 'cron', 'dispatcher', 'relay'] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

export type Setting = {
  readonly env: string;
  readonly parse: (text: string) => unknown;
  /** Text, so that it passes through the same parser; a function may look at the environment. */
  readonly fallback: string | null | ((env: Environment) => string);
  /** `whole` hides the value, `password` hides the password inside a URL. */
  readonly secret?: 'whole' | 'password';
  readonly doc: string;
};

/** XDG state folder: for things that outlive a reboot but are nobody's documents. */
function defaultHome(env: Environment): string {
  const state = env['XDG_STATE_HOME'] || path.join(env['HOME'] || os.homedir(), '.local/state');
  return path.join(state, 'petpro');
}

/** Read by `petpro serve`. */
export const daemon_settings = {
  host: {
    env: 'PETPRO_HOST',
    parse: anyText,
    fallback: '127.0.0.1',
    doc: 'Address that the API listens on.',
  },
  port: {
    env: 'PETPRO_PORT',
    parse: whole(0, 65_535),
    fallback: '7387',
    doc: 'Port of the API; 0 takes any free one.',
  },
  tcp_port: {
    env: 'PETPRO_TCP_PORT',
    parse: whole(0, 65_535),
    fallback: '0',
    doc: 'Port of the TCP message patterns; 0 = off.',
  },
  tcp_host: {
    env: 'PETPRO_TCP_HOST',
    parse: anyText,
    fallback: '127.0.0.1',
    doc: 'Address that the TCP message patterns listen on; they are not encrypted.',
  },
  public_url: {
    env: 'PETPRO_PUBLIC_URL',
    parse: url('http', 'https'),
    fallback: null,
    doc: 'Address under which customers reach the API; links in mails and payment pages use it.',
  },
  database_url: {
    env: 'DATABASE_URL',
    parse: url('postgres', 'postgresql'),
    fallback: null,
    secret: 'password',
    doc: 'PostgreSQL 15 or newer.',
  },
  database_pool_max: {
    env: 'PETPRO_DATABASE_POOL_MAX',
    parse: whole(2, 500),
    fallback: '16',
    doc: 'Connections to PostgreSQL, at most.',
  },
  redis_url: {
    env: 'REDIS_URL',
    parse: redisUrl,
    fallback: null,
    secret: 'password',
    doc: 'Redis 6.2 or Valkey, Sentinels or a Cluster (docs/redis.md); without it PostgreSQL decides.',
  },
  redis_timeout_ms: {
    env: 'PETPRO_REDIS_TIMEOUT_MS',
    parse: duration(10_000),
    fallback: '150ms',
    doc: 'Longest wait for one answer of Redis; then PostgreSQL decides without it.',
  },
  stripe_secret_key: {
    env: 'STRIPE_SECRET_KEY',
    parse: anyText,
    fallback: null,
    secret: 'whole',
    doc: 'Key of the Stripe account; without it only pay-at-clinic works.',
  },
  stripe_webhook_secret: {
    env: 'STRIPE_WEBHOOK_SECRET',
    parse: splitList,
    fallback: '',
    secret: 'whole',
    doc: 'Signing secrets of the webhook, comma separated while one is being rotated.',
  },
  stripe_api_base: {
    env: 'STRIPE_API_BASE',
    parse: url('http', 'https'),
    fallback: 'https://api.stripe.com',
    doc: 'Where the Stripe API lives.',
  },
  ticket_secret: {
    env: 'PETPRO_TICKET_SECRET',
    parse: splitList,
    fallback: '',
    secret: 'whole',
    doc: 'Secrets of tickets and calendar addresses, comma separated: the first signs, all are believed; without it none.',
  },
  ...message_settings,
  auth_jwks_url: {
    env: 'AUTH_JWKS_URL',
    parse: url('http', 'https'),
    fallback: null,
    doc: 'Public keys of the service that issues customer tokens.',
  },
  auth_issuer: {
    env: 'AUTH_ISSUER',
    parse: anyText,
    fallback: null,
    doc: 'Expected `iss` of customer tokens.',
  },
  auth_audience: {
    env: 'AUTH_AUDIENCE',
    parse: anyText,
    fallback: 'petpro',
    doc: 'Expected `aud` of customer tokens.',
  },
  roles: {
    env: 'PETPRO_ONLY',
    parse: listOf(...roles),
    fallback: roles.join(','),
    doc: 'What this daemon does.',
  },
  ...object_settings,
  body_limit_bytes: {
    env: 'PETPRO_BODY_LIMIT_BYTES',
    parse: whole(1_024, 104_857_600),
    fallback: '1048576',
    doc: 'Largest request body.',
  },
  request_timeout_ms: {
    env: 'PETPRO_REQUEST_TIMEOUT_MS',
    parse: duration(120_000),
    fallback: '15s',
    doc: 'Longest time for one request.',
  },
  availability_cache_s: {
    env: 'PETPRO_AVAILABILITY_CACHE_S',
    // Seed 000, Slot Availability Check: kept for five minutes at most.
    parse: whole(0, 300),
    fallback: '300',
    doc: 'Seconds that an answer about free times may be given again while nothing has changed; 0 = read each time.',
  },
  webhook_allow: {
    env: 'PETPRO_WEBHOOK_ALLOW',
    parse: splitList,
    fallback: '',
    doc: 'Receivers of webhooks inside our own network: names, addresses or CIDR blocks, comma separated.',
  },
  rate_limit: {
    env: 'PETPRO_RATE_LIMIT',
    parse: whole(0, 10_000_000),
    fallback: '6000',
    doc: 'Requests per minute of one key, customer or address; 0 = no limit (load tests only).',
  },
  feed_clients_max: {
    env: 'PETPRO_FEED_CLIENTS_MAX',
    parse: whole(1, 100_000),
    fallback: '1000',
    doc: 'Connections to the live feed that one daemon takes.',
  },
  feed_clients_per_token: {
    env: 'PETPRO_FEED_CLIENTS_PER_TOKEN',
    parse: whole(1, 100_000),
    fallback: '100',
    doc: 'Of those, connections of one key.',
  },
  trust_proxy: {
    env: 'PETPRO_TRUST_PROXY',
    parse: splitList,
    fallback: '',
    doc: 'Addresses of proxies whose X-Forwarded-For is believed, comma separated.',
  },
  log_level: {
    env: 'PETPRO_LOG_LEVEL',
    parse: oneOf('debug', 'info', 'warn', 'error', 'silent'),
    fallback: 'info',
    doc: 'Least severe line that is logged.',
  },
  env: {
    env: 'PETPRO_ENV',
    parse: oneOf('dev', 'staging', 'prod'),
    fallback: 'dev',
    doc: 'What kind of place this is; prod refuses test keys and load tests.',
  },
  failpoint: {
    env: 'PETPRO_FAILPOINT',
    parse: anyText,
    fallback: null,
    doc: 'Step at which the daemon kills itself, for crash tests; prod refuses it.',
  },
  home: {
    env: 'PETPRO_HOME',
    parse: (text: string) => path.resolve(text),
    fallback: defaultHome,
    doc: 'Folder for state: attachments, demo databases, keys, logs.',
  },
} as const satisfies Record<string, Setting>;

/** Read by every other command and by the console. */
export const client_settings = {
  profile: {
    env: 'PETPRO_PROFILE',
    parse: profileName,
    fallback: null,
    doc: 'Profile in force (docs/profiles.md).',
  },
  url: {
    env: 'PETPRO_URL',
    parse: url('http', 'https'),
    fallback: null,
    doc: 'API that the command line and the console talk to; default: the running demo.',
  },
  token: {
    env: 'PETPRO_TOKEN',
    parse: anyText,
    fallback: null,
    secret: 'whole',
    doc: 'API key or customer token.',
  },
  token_file: {
    env: 'PETPRO_TOKEN_FILE',
    parse: anyText,
    fallback: null,
    doc: 'File that holds the token, for CI.',
  },
  ca_file: {
    env: 'PETPRO_CA_FILE',
    parse: anyText,
    fallback: null,
    doc: 'File with certificates (PEM) that are trusted besides the usual ones, for https addresses.',
  },
  writes: {
    env: 'PETPRO_WRITES',
    parse: yesNo,
    fallback: 'no',
    doc: 'Operators may change things on a protected server; as --writes.',
  },
  clinic: { env: 'PETPRO_CLINIC', parse: anyText, fallback: null, doc: 'Clinic code or id.' },
  lang: {
    env: 'PETPRO_LANG',
    parse: oneOf('en', 'ja', 'id'),
    fallback: langOf,
    doc: 'Language of the command line and the console.',
  },
  tz: {
    env: 'PETPRO_TZ',
    parse: timeZone,
    fallback: null,
    doc: "Zone for printed times; default: the clinic's.",
  },
  color: {
    env: 'PETPRO_COLOR',
    parse: oneOf('auto', 'always', 'never'),
    fallback: 'auto',
    doc: 'Colours.',
  },
  no_color: {
    env: 'NO_COLOR',
    parse: present,
    fallback: '',
    doc: 'Any text switches colours off.',
  },
  force_color: {
    env: 'FORCE_COLOR',
    parse: (text: string) => present(text) && text !== '0',
    fallback: '',
    doc: 'Any text but 0 switches colours on.',
  },
  clicolor_force: {
    env: 'CLICOLOR_FORCE',
    parse: (text: string) => present(text) && text !== '0',
    fallback: '',
    doc: 'As FORCE_COLOR.',
  },
  theme: {
    env: 'PETPRO_THEME',
    parse: oneOf('default', 'cb-safe', 'high-contrast', 'light', 'mono'),
    fallback: 'default',
    doc: 'Colours of the console; NO_COLOR makes it mono.',
  },
  keys: {
    env: 'PETPRO_KEYS',
    parse: anyText,
    fallback: '',
    doc: 'Keys of the console that are yours: `arrived=A, move=m|M` (docs/console.md).',
  },
  ascii: {
    env: 'PETPRO_ASCII',
    parse: yesNo,
    fallback: 'no',
    doc: 'Plain ASCII instead of box drawing.',
  },
  accessible: {
    env: 'ACCESSIBLE',
    parse: yesNo,
    fallback: 'no',
    doc: 'Line mode for screen readers.',
  },
  term: { env: 'TERM', parse: anyText, fallback: '', doc: 'Terminal type; dumb means line mode.' },
  in_tmux: {
    env: 'TMUX',
    parse: present,
    fallback: '',
    doc: 'Set by tmux: texts are copied in its way too.',
  },
  locale: {
    env: 'LC_ALL',
    parse: anyText,
    fallback: (env: Environment) => env['LC_CTYPE'] || env['LANG'] || '',
    doc: 'Character set of the terminal; without UTF-8 the console draws in ASCII.',
  },
  pager: {
    env: 'PETPRO_PAGER',
    parse: anyText,
    fallback: (env: Environment) => env['PAGER'] ?? '',
    doc: 'Pager for long output.',
  },
  editor: { env: 'EDITOR', parse: anyText, fallback: '', doc: 'Editor for longer notes.' },
  complete_ms: {
    env: 'PETPRO_COMPLETE_TIMEOUT',
    parse: duration(5_000),
    fallback: '150ms',
    doc: 'Longest wait of the Tab key for the daemon.',
  },
  timeout_ms: {
    env: 'PETPRO_TIMEOUT',
    parse: duration(600_000),
    fallback: '15s',
    doc: 'Longest wait for an answer of the API.',
  },
  config_home: {
    env: 'XDG_CONFIG_HOME',
    parse: anyText,
    fallback: (env: Environment) => path.join(env['HOME'] || os.homedir(), '.config'),
    doc: 'Folder that holds petpro/config.json (profiles).',
  },
  printer: {
    env: 'PETPRO_PRINTER',
    parse: anyText,
    fallback: 'lp',
    doc: 'Printer of the console and of --print: lp, lp:NAME, escpos:PATH or file:PATH.',
  },
  printer_charset: {
    env: 'PETPRO_PRINTER_CHARSET',
    parse: oneOf('auto', 'cp437', 'shift_jis', 'utf8'),
    fallback: 'auto',
    doc: 'Signs that an escpos printer knows; auto = shift_jis for Japanese, else cp437.',
  },
  print_at_opening: {
    env: 'PETPRO_PRINT_AT_OPENING',
    parse: yesNo,
    fallback: 'no',
    doc: 'The console prints the day sheet once a day, when the clinic opens.',
  },
  runtime_dir: {
    env: 'XDG_RUNTIME_DIR',
    parse: anyText,
    fallback: null,
    doc: 'Folder for the sockets of running consoles, petpro/desk-1.sock (caller-id).',
  },
  system_config: {
    env: 'PETPRO_SYSTEM_CONFIG',
    parse: anyText,
    fallback: '/etc/petpro/config.json',
    doc: 'File with the settings of everybody on this machine.',
  },
} as const satisfies Record<string, Setting>;

function langOf(env: Environment): string {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return /^ja/i.test(locale) ? 'ja' : /^(id|in)([_.]|$)/i.test(locale) ? 'id' : 'en';
}
