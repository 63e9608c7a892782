import {
  type ConfigFile,
  type ConfigPlaces,
  type FileProblem,
  readConfigFiles,
} from './config-files.ts';
import { chooseProfile, DEMO, type Profile, type ProfileSource } from './config-profile.ts';
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
export type Config = { readonly [K in ConfigKey]: ValueOf<(typeof settings)[K]> } & {
  /** The profile in force: which server, and how it wants to be treated. Null: none is. */
  readonly server: Profile | null;
};

export type Source = 'flag' | 'env' | 'project' | 'profile' | 'user' | 'system' | 'default';
export type ConfigFlags = { readonly [K in ConfigKey]?: string | number | boolean | undefined };

/** One place that says something about a setting. Of several the first one wins. */
export type Candidate = {
  readonly source: Source;
  /** The flag, the variable, or file and line. */
  readonly where: string;
  readonly text: string | null;
};

/** What each value was read from; kept beside the object so that Config itself stays plain data. */
const candidates_of = new WeakMap<object, ReadonlyMap<ConfigKey, readonly Candidate[]>>();
const notes_of = new WeakMap<object, readonly string[]>();

const flagName = (key: string): string => `--${key.replaceAll('_', '-')}`;

/** What files and the profile in force add to flags and environment. */
type Layers = {
  readonly files: readonly ConfigFile[];
  readonly profile: Profile | null;
  readonly by: ProfileSource | null;
};

const no_layers: Layers = { files: [], profile: null, by: null };

function profileCandidates(key: ConfigKey, { profile }: Layers): readonly Candidate[] {
  if (profile === null) return [];
  const where = `profile ${profile.name}${profile.origin === null ? '' : ` (${profile.origin})`}`;
  const text = Object.hasOwn(profile.fields, key) ? (profile.fields[key] ?? null) : null;
  // The demo's address is no text: it must stand above PETPRO_URL all the same.
  if (text === null && !(key === 'url' && profile.name === DEMO)) return [];
  return [{ source: 'profile', where, text }];
}

function fileCandidates(key: ConfigKey, layers: Layers, kinds: readonly string[]) {
  return layers.files.flatMap(({ kind, file, values, profile }): readonly Candidate[] => {
    const entry = values.get(key);
    // A folder's clinic is one of the server that the folder chooses, not of any other.
    const is_elsewhere =
      kind === 'project' &&
      key !== 'profile' &&
      profile !== null &&
      layers.profile?.name !== profile;
    if (entry === undefined || is_elsewhere || !kinds.includes(kind)) return [];
    return [{ source: kind, where: `${file}:${entry.line}`, text: entry.text }];
  });
}

/** Everything that is said about a setting, strongest first; ux §2. The default is always there. */
function candidatesOf(
  key: ConfigKey,
  env: Environment,
  flags: ConfigFlags,
  layers: Layers,
): readonly Candidate[] {
  const setting: Setting = settings[key];
  const found: Candidate[] = [];
  const flag = flags[key];
  if (flag !== undefined) found.push({ source: 'flag', where: flagName(key), text: String(flag) });
  const of_profile = profileCandidates(key, layers);
  // Who types -p means that server, whatever the environment says.
  if (layers.by === 'flag') found.push(...of_profile);
  // An empty variable counts as unset: that is how compose files and CI pass "nothing".
  const from_env = env[setting.env];
  if (from_env !== undefined && from_env !== '') {
    found.push({ source: 'env', where: setting.env, text: from_env });
  }
  found.push(...fileCandidates(key, layers, ['project']));
  if (layers.by !== 'flag') found.push(...of_profile);
  found.push(...fileCandidates(key, layers, ['user', 'system']));
  const { fallback } = setting;
  const text = typeof fallback === 'function' ? fallback(env) : fallback;
  return [...found, { source: 'default', where: 'default', text }];
}

function placesOf(cwd: string, env: Environment): ConfigPlaces {
  const first = (key: 'config_home' | 'system_config') =>
    candidatesOf(key, env, {}, no_layers)[0]?.text ?? '';
  return { cwd, config_home: first('config_home'), system_config: first('system_config') };
}

/** The files of a person in this folder, as they are, right or wrong. */
export function configFiles(from: {
  readonly env?: Environment | undefined;
  readonly cwd: string;
}): readonly ConfigFile[] {
  return readConfigFiles(placesOf(from.cwd, from.env ?? process.env));
}

/** All profiles of the files; of two with one name the person's own. */
export function profilesOf(files: readonly ConfigFile[]): ReadonlyMap<string, Profile> {
  return new Map(files.toReversed().flatMap(({ profiles }) => [...profiles]));
}

/** The profile in force: -p, then PETPRO_PROFILE, then the files. */
function chooseLayers(files: readonly ConfigFile[], env: Environment, flags: ConfigFlags) {
  const of_file = files.find(({ profile }) => profile !== null);
  const { profile: flag } = flags;
  const variable = env[settings.profile.env];
  const named =
    flag !== undefined
      ? { name: String(flag), by: 'flag' as const }
      : variable
        ? { name: variable, by: 'env' as const }
        : of_file?.profile != null
          ? { name: of_file.profile, by: of_file.kind }
          : null;
  return chooseProfile(named, profilesOf(files), env);
}

/** Each fault of the files on a line of its own; nothing is done with settings that are only half understood. */
function wrongFiles(problems: readonly FileProblem[]): AppError {
  const errors = problems.map(({ file, line, detail }) => ({
    path: `${file}:${line}`,
    message: detail,
  }));
  const [first] = errors;
  const is_one = errors.length === 1 && first !== undefined;
  const detail = is_one
    ? `${first.path}: ${first.message}.`
    : `${errors.length} faults in the files of settings.`;
  return new AppError('invalid_input', detail, { errors, next: 'petpro config validate' });
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

export type ConfigInput = {
  readonly env?: Environment | undefined;
  readonly flags?: ConfigFlags;
  /**
   * Where the person stands. Given: the files of settings and the profile count too. The daemon and the demo
   * read none of them.
   */
  readonly cwd?: string | undefined;
  /** What is wrong in the files is left out instead of refused: for commands that mend them. */
  readonly lenient?: boolean | undefined;
};

/**
 * Reads flags over environment over files over defaults into a frozen Config. Reports all problems at once
 * (AppError `invalid_input`, `facts.problems`). Nothing else in the program reads `process.env`.
 */
export function loadConfig(from: ConfigInput = {}): Config {
  const { env = process.env, flags = {}, cwd, lenient = false } = from;
  const files = cwd === undefined ? [] : configFiles({ env, cwd });
  const choice = cwd === undefined ? null : chooseLayers(files, env, flags);
  const layers: Layers = { files, profile: choice?.profile ?? null, by: choice?.by ?? null };
  const of_files = files.flatMap(({ problems }) => problems);
  if (!lenient && of_files.length > 0) throw wrongFiles(of_files);
  const problems = lenient ? [] : [...(choice?.problems ?? [])];
  const next = problems.length > 0 ? 'petpro profile list' : 'petpro config show';
  const values: Record<string, unknown> = { server: layers.profile };
  const origin = new Map<ConfigKey, readonly Candidate[]>();
  for (const [key, setting] of configTable()) {
    const candidates = candidatesOf(key, env, flags, layers);
    origin.set(key, candidates);
    const [{ source, text } = { source: 'default', text: null }] = candidates;
    try {
      values[key] = text === null ? null : setting.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const name = source === 'flag' ? flagName(key) : setting.env;
      problems.push(`${name} ${reason}`);
    }
  }
  // The loop above filled every key of the table with what its own parser returned.
  const config = values as Config;
  if (problems.length === 0) problems.push(...crossCheck(config));
  if (problems.length > 0) {
    const facts: Record<string, Json> = { problems, next };
    throw new AppError('invalid_input', `Configuration: ${problems.join('; ')}.`, facts);
  }
  for (const value of Object.values(values)) Object.freeze(value);
  Object.freeze(config);
  candidates_of.set(config, origin);
  if (choice?.stepped_back != null) notes_of.set(config, [choice.stepped_back]);
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
  const origin = candidates_of.get(config);
  return configTable().map(([key, setting]) => ({
    key,
    env: setting.env,
    value: mask(setting, config[key]),
    source: origin?.get(key)?.[0]?.source ?? 'default',
    doc: setting.doc,
  }));
}

/** Every place that says something about a setting, the winner first, secrets masked. */
export function originsOf(config: Config, key: ConfigKey): readonly Candidate[] {
  const found = candidates_of.get(config)?.get(key) ?? [];
  return found.map((one) => ({ ...one, text: one.text && mask(settings[key], one.text) }));
}

/** What a person should know of how the settings came about: a profile that stepped back. */
export const configNotes = (config: Config): readonly string[] => notes_of.get(config) ?? [];

/** Where programs such as redis-server are looked for. */
export function searchPath(env: Environment = process.env): string {
  return env['PATH'] ?? '';
}

/** What a child process inherits; a copy, to be added to. */
export function inheritedEnv(env: Environment = process.env): Record<string, string | undefined> {
  return { ...env };
}
