import {
  client_settings,
  daemon_settings,
  type Environment,
  type Setting,
} from './config-table.ts';
import { AppError, type Json } from './domain/errors.ts';

/** 32 signs of hex are 128 bits. */
const TICKET_SECRET_MIN = 32;

const settings = { ...daemon_settings, ...client_settings };

export type ConfigKey = keyof typeof settings;
type ValueOf<S extends Setting> = S['fallback'] extends null
  ? ReturnType<S['parse']> | null
  : ReturnType<S['parse']>;
export type Config = { readonly [K in ConfigKey]: ValueOf<(typeof settings)[K]> };

type Source = 'flag' | 'env' | 'default';
export type ConfigFlags = { readonly [K in ConfigKey]?: string | number | boolean | undefined };

/** What each value was read from; kept beside the object so that Config itself stays plain data. */
const sources = new WeakMap<object, ReadonlyMap<string, Source>>();

function pick(key: ConfigKey, env: Environment, flags: ConfigFlags) {
  const setting: Setting = settings[key];
  const flag = flags[key];
  if (flag !== undefined) return { text: String(flag), source: 'flag' as const };
  // An empty variable counts as unset: that is how compose files and CI pass "nothing".
  const from_env = env[setting.env];
  if (from_env !== undefined && from_env !== '') return { text: from_env, source: 'env' as const };
  const { fallback } = setting;
  return {
    text: typeof fallback === 'function' ? fallback(env) : fallback,
    source: 'default' as const,
  };
}

function crossCheck(config: Config): readonly string[] {
  const problems: string[] = [];
  if (config.env === 'prod' && config.stripe_secret_key?.startsWith('sk_test_')) {
    problems.push('STRIPE_SECRET_KEY is a test key but PETPRO_ENV is prod');
  }
  if (config.env !== 'prod' && config.stripe_secret_key?.startsWith('sk_live_')) {
    problems.push('STRIPE_SECRET_KEY is a live key but PETPRO_ENV is not prod');
  }
  if (config.env === 'prod' && config.failpoint !== null) {
    problems.push('PETPRO_FAILPOINT is set but PETPRO_ENV is prod');
  }
  const { sms_url, sms_account, sms_token, sms_from, dkim_domain, dkim_key_file } = config;
  if (sms_url !== null && [sms_account, sms_token, sms_from].includes(null)) {
    problems.push('PETPRO_SMS_URL needs PETPRO_SMS_ACCOUNT, _TOKEN and _FROM');
  }
  if ((dkim_domain === null) !== (dkim_key_file === null)) {
    problems.push('PETPRO_DKIM_DOMAIN and PETPRO_DKIM_KEY_FILE go together');
  }
  const { s3_bucket, s3_endpoint, s3_access_key, s3_secret_key, s3_secret_key_file } = config;
  const s3 = [s3_endpoint, s3_access_key, s3_secret_key ?? s3_secret_key_file];
  if (s3_bucket !== null && s3.includes(null)) {
    problems.push('PETPRO_S3_BUCKET needs PETPRO_S3_ENDPOINT, _ACCESS_KEY and _SECRET_KEY[_FILE]');
  }
  if (config.stripe_secret_key && config.stripe_webhook_secret.length === 0) {
    problems.push('STRIPE_WEBHOOK_SECRET is missing: without it no payment can be believed');
  }
  if (config.ticket_secret.some((secret) => secret.length < TICKET_SECRET_MIN)) {
    problems.push(
      `PETPRO_TICKET_SECRET needs ${TICKET_SECRET_MIN} signs or more: it can be guessed`,
    );
  }
  return problems;
}

/**
 * Reads flags over environment over defaults into a frozen Config. Reports all problems at once
 * (AppError `invalid_input`, `facts.problems`). Nothing else in the program reads `process.env`.
 */
export function loadConfig(
  from: { readonly env?: Environment | undefined; readonly flags?: ConfigFlags } = {},
): Config {
  const { env = process.env, flags = {} } = from;
  const values: Record<string, unknown> = {};
  const origin = new Map<string, Source>();
  const problems: string[] = [];
  for (const [key, setting] of configTable()) {
    const { text, source } = pick(key, env, flags);
    origin.set(key, source);
    try {
      values[key] = text === null ? null : setting.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const name = source === 'flag' ? `--${key.replaceAll('_', '-')}` : setting.env;
      problems.push(`${name} ${reason}`);
    }
  }
  // The loop above filled every key of the table with what its own parser returned.
  const config = values as Config;
  if (problems.length === 0) problems.push(...crossCheck(config));
  if (problems.length > 0) {
    const facts: Record<string, Json> = { problems, next: 'petpro config show' };
    throw new AppError('invalid_input', `Configuration: ${problems.join('; ')}.`, facts);
  }
  for (const value of Object.values(values)) Object.freeze(value);
  Object.freeze(config);
  sources.set(config, origin);
  return config;
}

/** The rows of the table in order, for documentation and completion. */
export function configTable(): readonly (readonly [ConfigKey, Setting])[] {
  const keys = Object.keys(settings) as ConfigKey[];
  return keys.map((key) => [key, settings[key]] as const);
}

function mask(setting: Setting, value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
  if (text === '' || !setting.secret) return text;
  if (setting.secret === 'whole') return '***';
  return text.replace(/^([\w+]+:\/\/[^:@/]*):[^@/]*@/, '$1:***@');
}

export type ConfigRow = {
  readonly key: ConfigKey;
  readonly env: string;
  readonly value: string;
  readonly source: Source;
  readonly doc: string;
};

/** Value and source of every setting, secrets masked. */
export function describeConfig(config: Config): readonly ConfigRow[] {
  const origin = sources.get(config);
  return configTable().map(([key, setting]) => ({
    key,
    env: setting.env,
    value: mask(setting, config[key]),
    source: origin?.get(key) ?? 'default',
    doc: setting.doc,
  }));
}

/** Where programs such as redis-server are looked for. */
export function searchPath(env: Environment = process.env): string {
  return env['PATH'] ?? '';
}

/** What a child process inherits; a copy, to be added to. */
export function inheritedEnv(env: Environment = process.env): Record<string, string | undefined> {
  return { ...env };
}
