import { anyText, oneOf, profileName, timeZone, url, yesNo } from './config-parse.ts';
import type { Environment } from './config-table.ts';

/** A profile: one server under a name, and how it wants to be treated. ux §2. */

const environments = ['dev', 'staging', 'prod'] as const;

export type Profile = {
  readonly name: string;
  /** Null: whichever demo runs on this machine. */
  readonly url: string | null;
  /** As they are written; parsed where the settings of the same name are. */
  readonly fields: Readonly<Record<string, string>>;
  readonly env: (typeof environments)[number];
  /** Its word is asked for before anything severe, `--yes` or not. Default: for prod. */
  readonly is_protected: boolean;
  /** What operators do to the machinery may be done without --writes. Default: unless protected. */
  readonly may_write: boolean;
  /** A program and its words; what it prints is the token. */
  readonly credential_command: readonly string[] | null;
  /** File and line that it comes from; null for the demo. */
  readonly origin: string | null;
};

export type ProfileField = {
  readonly parse: (text: string) => unknown;
  readonly type: 'string' | 'boolean' | 'words';
  readonly doc: string;
};

/** What may stand in a profile. Fields named like a setting give that setting its value. */
export const profile_fields = {
  url: { parse: url('http', 'https'), type: 'string', doc: 'Address of the API.' },
  clinic: { parse: anyText, type: 'string', doc: 'Clinic code or id.' },
  tz: { parse: timeZone, type: 'string', doc: 'Zone for printed times.' },
  lang: { parse: oneOf('en', 'ja', 'id'), type: 'string', doc: 'Language.' },
  ca_file: {
    parse: anyText,
    type: 'string',
    doc: 'Certificates (PEM) to trust besides the usual.',
  },
  env: {
    parse: oneOf(...environments),
    type: 'string',
    doc: 'What kind of place it is; prod is protected unless it says otherwise.',
  },
  protected: {
    parse: yesNo,
    type: 'boolean',
    doc: 'A banner, and severe commands want their word typed even with --yes.',
  },
  writes: {
    parse: yesNo,
    type: 'boolean',
    doc: 'Operators may change things without --writes; default: unless protected.',
  },
  credential_command: {
    parse: anyText,
    type: 'words',
    doc: 'Program and its words, as a list; what it prints is the token. No shell runs it.',
  },
} as const satisfies Record<string, ProfileField>;

/** The name of whatever `petpro demo up` has started; always there, never in a file. */
export const DEMO = 'demo';

export const demo_profile: Profile = {
  name: DEMO,
  url: null,
  fields: {},
  env: 'dev',
  is_protected: false,
  may_write: true,
  credential_command: null,
  origin: null,
};

/** Makes a profile of fields that have been checked. */
export function profileOf(
  name: string,
  fields: Readonly<Record<string, string>>,
  credential_command: readonly string[] | null,
  origin: string,
): Profile {
  const env = profile_fields.env.parse(fields['env'] ?? 'dev');
  const is_protected = yesNo(fields['protected'] ?? String(env === 'prod'));
  const may_write = yesNo(fields['writes'] ?? String(!is_protected));
  const url = fields['url'] === undefined ? null : profile_fields.url.parse(fields['url']);
  return { name, url, fields, env, is_protected, may_write, credential_command, origin };
}

export type ProfileSource = 'flag' | 'env' | 'project' | 'user' | 'system' | 'address';

export type Choice = {
  readonly profile: Profile | null;
  readonly by: ProfileSource | null;
  /** Said where no profile is in force although one was named. */
  readonly stepped_back: string | null;
  readonly problems: readonly string[];
};

type Named = { readonly name: string; readonly by: Exclude<ProfileSource, 'address'> };

/**
 * Which profile is in force. One that a flag names wins over PETPRO_URL; one that a file names steps back when
 * PETPRO_URL leads elsewhere, and the profile of that address, if there is one, takes its place: a protected server
 * is protected however it was reached.
 */
export function chooseProfile(
  named: Named | null,
  profiles: ReadonlyMap<string, Profile>,
  env: Environment,
): Choice {
  const nothing: Choice = { profile: null, by: null, stepped_back: null, problems: [] };
  const address = env['PETPRO_URL'] ? env['PETPRO_URL'].replace(/\/+$/, '') : null;
  const of_address = [...profiles.values()].find((one) => address !== null && one.url === address);
  const fallback: Choice =
    of_address === undefined ? nothing : { ...nothing, profile: of_address, by: 'address' };
  if (named === null) return fallback;
  const { name, by } = named;
  const profile = name === DEMO ? demo_profile : profiles.get(name);
  if (profile === undefined) {
    const known = [...profiles.keys(), DEMO].join(', ');
    return { ...nothing, problems: [`there is no profile "${name}"; there are ${known}`] };
  }
  const leads_elsewhere = address !== null && profile.url !== address;
  if (!leads_elsewhere || by === 'flag') return { ...nothing, profile, by };
  if (by === 'env') {
    const problem = `PETPRO_PROFILE ${name} and PETPRO_URL ${address} name two servers; unset one`;
    return { ...nothing, problems: [problem] };
  }
  return { ...fallback, stepped_back: `profile ${name} steps back: PETPRO_URL leads elsewhere` };
}

/** True where a name can be one of a profile; `demo` is taken. */
export function isProfileName(name: string): boolean {
  try {
    return profileName(name) !== DEMO;
  } catch {
    return false;
  }
}
