import fs from 'node:fs';
import path from 'node:path';
import { linesOf, syntaxFault } from './config-lines.ts';
import { yesNo } from './config-parse.ts';
import {
  isProfileName,
  type Profile,
  type ProfileField,
  profile_fields,
  profileOf,
} from './config-profile.ts';
import { client_settings, type Setting } from './config-table.ts';

/** The files that people keep settings in: what they say, checked, with the line of everything wrong. ux §2. */

export type FileKind = 'project' | 'user' | 'system';

export type FileProblem = {
  readonly file: string;
  readonly line: number;
  /** Finishes "FILE:LINE ". */
  readonly detail: string;
  /** A name that is not known, and those that are: for whoever wants to guess. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] };
};

export type Entry = { readonly text: string; readonly line: number };

export type ConfigFile = {
  readonly kind: FileKind;
  readonly file: string;
  readonly exists: boolean;
  /** Settings of the table, as text. */
  readonly values: ReadonlyMap<string, Entry>;
  /** The profile that it chooses. */
  readonly profile: string | null;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly problems: readonly FileProblem[];
};

/** A file of settings is a page; more is a mistake. */
const FILE_BYTES_MAX = 1_048_576;

/** They name servers and secrets (these have profiles and `auth login`), or belong to the terminal alone. */
const never_in_files: ReadonlySet<string> = new Set([
  'url',
  'token',
  'token_file',
  'profile',
  'writes',
  'no_color',
  'force_color',
  'clicolor_force',
  'term',
  'in_tmux',
  'locale',
  'config_home',
  'system_config',
]);

/** Settings that a person's own file may hold beside its profiles. */
export const file_settings: ReadonlyMap<string, Setting> = new Map(
  Object.entries<Setting>(client_settings).filter(([key]) => !never_in_files.has(key)),
);

const settingOf = (key: string): Setting | undefined =>
  key === 'profile' ? client_settings.profile : file_settings.get(key);

/** A folder may choose among a person's servers; it may not say where they are. */
const project_keys = ['profile', 'clinic'];
const own_keys = ['profile', 'profiles', ...file_settings.keys()];

/** Names that people may try, and the reason why they are refused. */
function reasonAgainst(kind: FileKind, key: string, user_file: string): string | null {
  if (/token|secret|password|credential(?!_command)/.test(key)) {
    return 'is a secret, and files of settings are copied and shown: petpro auth login keeps it';
  }
  if (kind === 'project') {
    const is_known = own_keys.includes(key) || Object.hasOwn(profile_fields, key);
    return is_known
      ? `may not stand here: whoever writes into this folder could lead you, and your token, elsewhere; only ${project_keys.join(' and ')} may. Put it into ${user_file}`
      : null;
  }
  return Object.hasOwn(profile_fields, key) && !own_keys.includes(key)
    ? 'belongs into a profile: profiles.NAME'
    : null;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Collects what one file says. */
type Reader = {
  readonly kind: FileKind;
  readonly file: string;
  readonly user_file: string;
  readonly lines: ReadonlyMap<string, number>;
  readonly problems: FileProblem[];
};

function complain(
  reader: Reader,
  key: string,
  detail: string,
  unknown?: FileProblem['unknown'],
): void {
  const { file, lines } = reader;
  const problem = { file, line: lines.get(key) ?? 1, detail: `${key} ${detail}` };
  reader.problems.push(unknown === undefined ? problem : { ...problem, unknown });
}

/** A value of a file as the text that the parser of its setting takes; undefined when it was wrong. */
function textOf(
  reader: Reader,
  key: string,
  value: unknown,
  field: Pick<ProfileField, 'parse'> & { readonly type?: ProfileField['type'] },
): string | undefined {
  const wants_boolean = field.type === 'boolean' || field.parse === yesNo;
  if (wants_boolean && typeof value !== 'boolean') {
    complain(reader, key, 'must be true or false');
    return undefined;
  }
  if (!['string', 'boolean', 'number'].includes(typeof value)) {
    complain(reader, key, 'must be a text');
    return undefined;
  }
  const text = String(value);
  try {
    field.parse(text);
    return text;
  } catch (error) {
    complain(reader, key, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function wordsOf(reader: Reader, key: string, value: unknown): readonly string[] | null {
  if (value === undefined) return null;
  const words = Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
  if (Array.isArray(value) && words.length === value.length && words.length > 0) return words;
  complain(reader, key, 'must be a list of words: ["pass", "show", "petpro"]; no shell runs it');
  return null;
}

function readProfile(reader: Reader, name: string, value: unknown): Profile | null {
  const place = `profiles.${name}`;
  if (!isProfileName(name)) {
    complain(reader, place, 'is no name of a profile: a-z, 0-9, - and _; "demo" is taken');
    return null;
  }
  if (!isFields(value)) {
    complain(reader, place, 'must be { "url": .. }');
    return null;
  }
  const before = reader.problems.length;
  const fields: Record<string, string> = {};
  const known: Readonly<Record<string, ProfileField>> = profile_fields;
  for (const [key, given] of Object.entries(value)) {
    const field = known[key];
    const at = `${place}.${key}`;
    if (field === undefined) {
      const reason = reasonAgainst('user', key, reader.user_file);
      const unknown = { name: key, known: Object.keys(known) };
      if (reason === null) complain(reader, at, 'is not known', unknown);
      else complain(reader, at, reason);
      continue;
    }
    if (field.type === 'words') continue;
    const text = textOf(reader, at, given, field);
    if (text !== undefined) fields[key] = text;
  }
  if (value['url'] === undefined) complain(reader, place, 'has no url');
  const command = wordsOf(reader, `${place}.credential_command`, value['credential_command']);
  if (reader.problems.length > before) return null;
  return profileOf(name, fields, command, `${reader.file}:${reader.lines.get(place) ?? 1}`);
}

function readProfiles(reader: Reader, value: unknown): ReadonlyMap<string, Profile> {
  if (value === undefined) return new Map();
  if (!isFields(value)) {
    complain(reader, 'profiles', 'must be { "NAME": { "url": .. } }');
    return new Map();
  }
  const read = Object.entries(value).map(([name, fields]) => readProfile(reader, name, fields));
  return new Map(read.filter((one) => one !== null).map((one) => [one.name, one]));
}

function readSettings(reader: Reader, document: Fields): ReadonlyMap<string, Entry> {
  const { kind, lines, user_file } = reader;
  const known = kind === 'project' ? project_keys : own_keys;
  const values = new Map<string, Entry>();
  for (const [key, value] of Object.entries(document)) {
    if (key === '$schema' || (key === 'profiles' && kind !== 'project')) continue;
    const setting = known.includes(key) ? settingOf(key) : undefined;
    if (setting === undefined) {
      const reason = reasonAgainst(kind, key, user_file);
      if (reason === null) complain(reader, key, 'is not known', { name: key, known });
      else complain(reader, key, reason);
      continue;
    }
    const text = textOf(reader, key, value, setting);
    if (text !== undefined) values.set(key, { text, line: lines.get(key) ?? 1 });
  }
  return values;
}

/** Reads the text of a file of settings. */
export function parseConfigFile(
  place: { readonly kind: FileKind; readonly file: string; readonly user_file: string },
  raw: string,
): ConfigFile {
  const { kind, file } = place;
  const empty = { kind, file, exists: true, values: new Map(), profile: null };
  const text = raw.replace(/^\uFEFF/, '');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const { line, detail } = syntaxFault(text, error);
    const problems = [{ file, line, detail: `is no JSON: ${detail}` }];
    return { ...empty, profiles: new Map(), problems };
  }
  const reader: Reader = { ...place, lines: linesOf(text), problems: [] };
  if (!isFields(document)) {
    const problems = [{ file, line: 1, detail: 'must be { "profile": .. }' }];
    return { ...empty, profiles: new Map(), problems };
  }
  const values = readSettings(reader, document);
  const profiles = kind === 'project' ? new Map() : readProfiles(reader, document['profiles']);
  const profile = values.get('profile')?.text ?? null;
  return { ...empty, values, profiles, profile, problems: reader.problems };
}

export type ConfigPlaces = {
  readonly cwd: string;
  readonly config_home: string;
  readonly system_config: string;
};

/** The person's own file. */
export const userFile = (config_home: string) => path.join(config_home, 'petpro/config.json');
export const projectFile = (cwd: string) => path.join(cwd, '.petpro.json');

function readOne(kind: FileKind, file: string, user_file: string): ConfigFile {
  const place = { kind, file, user_file };
  const nothing = parseConfigFile(place, '{}');
  try {
    const stat = fs.statSync(file);
    if (stat.size > FILE_BYTES_MAX) {
      const problem = { file, line: 1, detail: `is larger than ${FILE_BYTES_MAX} bytes` };
      return { ...nothing, problems: [problem] };
    }
    return parseConfigFile(place, fs.readFileSync(file, 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason';
    const is_absent = code === 'ENOENT' || code === 'ENOTDIR';
    const problem = { file, line: 1, detail: `cannot be read (${code})` };
    return { ...nothing, exists: !is_absent, problems: is_absent ? [] : [problem] };
  }
}

/** The three files, strongest first. One that is not there says nothing. */
export function readConfigFiles(places: ConfigPlaces): readonly ConfigFile[] {
  const user_file = userFile(places.config_home);
  return [
    readOne('project', projectFile(places.cwd), user_file),
    readOne('user', user_file, user_file),
    readOne('system', places.system_config, user_file),
  ];
}
