import { profilesOf } from '../config.ts';
import { DEMO, demo_profile, type Profile } from '../config-profile.ts';
import { AppError } from '../domain/errors.ts';
import { type Login, loginsAt } from './auth-store.ts';
import { filesOf } from './config-document.ts';
import type { Context } from './context.ts';
import { nearest } from './help-nearest.ts';
import { printList, printOne } from './output.ts';
import { readDemo } from './session.ts';
import type { Args } from './spec.ts';

/** Servers that have a name. */

const csv = [
  'name',
  'in_force',
  'env',
  'url',
  'clinic',
  'tz',
  'lang',
  'protected',
  'writes',
  'login',
  'origin',
];

/** Tokens that others could read are told where they are used; a list must not fail for them. */
function loginAt(context: Context, url: string | null): Login | null {
  if (url === null) return null;
  try {
    return loginsAt(context.config, url)[0] ?? null;
  } catch {
    return null;
  }
}

function itemOf(context: Context, profile: Profile) {
  const { name, env, fields, is_protected, may_write, credential_command, origin } = profile;
  const is_demo = name === DEMO;
  const url = is_demo ? (readDemo(context.config)?.url ?? null) : profile.url;
  const login = is_demo ? null : loginAt(context, url);
  const command = credential_command === null ? null : 'credential_command';
  return {
    name,
    in_force: context.config.server?.name === name,
    env,
    url,
    clinic: fields['clinic'] ?? null,
    tz: fields['tz'] ?? null,
    lang: fields['lang'] ?? null,
    ca_file: fields['ca_file'] ?? null,
    protected: is_protected,
    writes: may_write,
    login: command ?? login?.name ?? null,
    credential_command,
    origin,
  };
}

/** The profile of that name, of a file or the demo's; a near miss is named. */
export function profileNamed(context: Context, name: string): Profile {
  const profiles = profilesOf(filesOf(context));
  const found = name === DEMO ? demo_profile : profiles.get(name);
  if (found !== undefined) return found;
  const [near] = nearest(name, [...profiles.keys(), DEMO]);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new AppError('not_found', `There is no profile "${name}".${hint}`, {
    next: near === undefined ? 'petpro profile list' : `petpro profile show ${near}`,
  });
}

/** `petpro profile list` */
export async function listProfiles(context: Context): Promise<undefined> {
  const profiles = [...profilesOf(filesOf(context)).values(), demo_profile];
  printList(context, {
    kind: 'ProfileList',
    items: profiles.map((profile) => itemOf(context, profile)),
    columns: [
      { head: 'USED', text: (one) => (one.in_force ? '*' : ''), whole: true },
      { head: 'NAME', text: (one) => one.name, whole: true },
      { head: 'ENV', text: (one) => one.env, whole: true },
      { head: 'SERVER', text: (one) => one.url ?? 'not running' },
      { head: 'CLINIC', text: (one) => one.clinic ?? '' },
      { head: 'LOGIN', text: (one) => (one.name === DEMO ? 'none needed' : (one.login ?? '-')) },
      { head: 'GUARD', text: (one) => (one.protected ? 'protected' : '') },
      { head: 'FROM', text: (one) => one.origin ?? 'built in', wide: true },
    ],
    csv,
    name: (one) => one.name,
  });
}

/** `petpro profile show` */
export async function showProfile(context: Context, args: Args): Promise<undefined> {
  const [name] = args.positional;
  const { server } = context.config;
  if (name === undefined && server === null) {
    throw new AppError('not_found', 'No profile is in force.', { next: 'petpro profile list' });
  }
  const profile =
    name === undefined && server !== null ? server : profileNamed(context, name ?? '');
  const item = itemOf(context, profile);
  printOne(context, {
    kind: 'Profile',
    item,
    csv,
    name: item.name,
    lines: [
      ['profile', item.name + (item.in_force ? ' (in force)' : '')],
      ['server', item.url ?? 'no demo runs on this machine'],
      ['kind', item.env],
      ['protected', item.protected ? 'yes: severe commands want their word typed' : 'no'],
      ['operators', item.writes ? 'may change things' : 'look only, without --writes'],
      ['clinic', item.clinic ?? ''],
      ['zone', item.tz ?? ''],
      ['language', item.lang ?? ''],
      ['trusts', item.ca_file ?? ''],
      ['login', item.name === DEMO ? 'none needed' : (item.login ?? 'nobody: petpro auth login')],
      ['token by', item.credential_command?.join(' ') ?? ''],
      ['from', item.origin ?? 'built in'],
    ],
  });
}
