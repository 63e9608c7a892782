import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { credentialsFile, dropLogins, type Login, loginsAt, takeLogin } from './auth-store.ts';
import { foreignAddress, tokenFor } from './auth-token.ts';
import { type Context, say } from './context.ts';
import { printList, printOne } from './output.ts';
import { openSession, serverOf } from './session.ts';
import { type Args, flagOption } from './spec.ts';

const csv = [
  'kind',
  'id',
  'name',
  'role',
  'clinic_code',
  'clinic_id',
  'expires_at',
  'permissions',
  'url',
  'token_from',
  'profile',
];

/** Nothing can be sent there: why, and how that is mended. */
function noToken(context: Context, url: string): AppError {
  const foreign = foreignAddress(context.config, url);
  const is_given = context.config.token !== null || context.config.token_file !== null;
  const kept = 'The token of the environment is for PETPRO_URL, and was not sent here.';
  const why = foreign !== null && is_given ? ` ${kept}` : '';
  return new AppError('unauthorized', `There is no token for ${url}.${why}`, {
    next: 'petpro auth login, or set PETPRO_TOKEN, or PETPRO_TOKEN_FILE',
  });
}

/** The lines about somebody whom the daemon knows. */
export function whoLines(me: Output<'get_me'>): readonly (readonly [string, string])[] {
  const clinic = me.clinic_code === null ? 'all clinics' : `${me.clinic_code} ${me.clinic_name}`;
  return [
    ['role', me.role],
    ['name', me.name],
    ['clinic', me.kind === 'customer' ? 'own bookings, at all clinics' : clinic],
    ['may', me.permissions.join(', ')],
    ['until', me.expires_at ?? 'no end is set'],
  ];
}

/** `petpro auth status`: whom the daemon takes us for. Throws `unauthorized` when for nobody. */
export async function authStatus(context: Context): Promise<undefined> {
  const { config } = context;
  const session = openSession(context);
  if (session.token === null) throw noToken(context, session.url);
  const me = await session.client.call('get_me', {});
  const token_from = tokenFor(config, session.url)?.from ?? 'the demo of this machine';
  const profile = config.server?.name ?? null;
  const others = config.url === null ? [] : loginsAt(config, session.url).slice(1);
  printOne(context, {
    kind: 'Me',
    item: { ...me, url: session.url, token_from, profile },
    csv,
    name: me.role,
    lines: [
      ...whoLines(me),
      ['at', session.url],
      ['profile', profile ?? ''],
      ['token', `from ${token_from}`],
      ['also here', others.map(({ name }) => name).join(', ')],
    ],
  });
  return;
}

function named(logins: readonly Login[], name: string, url: string): Login {
  const found = logins.find((login) => login.name === name);
  if (found !== undefined) return found;
  const known = logins.map((login) => login.name).join(', ');
  const detail = `Nobody called "${name}" has logged in at ${url}${known === '' ? '.' : `; there are ${known}.`}`;
  throw new AppError('not_found', detail, { next: 'petpro auth switch' });
}

/** Why a kept login is not what is sent. */
function overruled(context: Context, url: string): string | null {
  const found = tokenFor(context.config, url);
  if (found === null || found.login !== null) return null;
  return `Not in use: the token comes from ${found.from}.`;
}

/** `petpro auth switch`: alone the logins, with a name this one from now on. */
export async function switchLogin(context: Context, args: Args): Promise<undefined> {
  const { config } = context;
  const { url } = serverOf(config);
  const logins = loginsAt(config, url);
  const [name] = args.positional;
  if (name !== undefined) {
    const { role } = named(logins, name, url);
    takeLogin(config, { url, name });
    say(context, `${name} (${role}) at ${url} from now on.`);
    const note = overruled(context, url);
    if (note !== null) say(context, note);
    return;
  }
  printList(context, {
    kind: 'LoginList',
    items: logins.map(({ token: _, ...login }, index) => ({ ...login, in_use: index === 0 })),
    columns: [
      { head: 'USED', text: (one) => (one.in_use ? '*' : ''), whole: true },
      { head: 'NAME', text: (one) => one.name, whole: true },
      { head: 'ROLE', text: (one) => one.role },
      { head: 'SINCE', text: (one) => one.added_at },
      { head: 'UNTIL', text: (one) => one.expires_at ?? 'no end is set' },
      { head: 'SERVER', text: (one) => one.url, wide: true },
    ],
    csv: ['name', 'role', 'in_use', 'added_at', 'expires_at', 'url'],
    name: (one) => one.name,
    empty: `Nobody has logged in at ${url}: petpro auth login`,
  });
}

/** `petpro auth logout`: forgets here; the key itself goes on until it is revoked at the server. */
export async function logout(context: Context, args: Args): Promise<undefined> {
  const { config } = context;
  const { url } = serverOf(config);
  const logins = loginsAt(config, url);
  const [name = logins[0]?.name] = args.positional;
  if (name === undefined) {
    say(context, `Nobody had logged in at ${url}.`);
    return;
  }
  const is_all = flagOption(args, 'all');
  if (is_all && args.positional.length > 0) {
    throw new AppError('invalid_input', 'Say a name or --all, not both.');
  }
  if (!is_all) named(logins, name, url);
  const count = dropLogins(config, url, is_all ? null : name);
  const who = is_all ? `${count} login${count === 1 ? '' : 's'}` : name;
  say(context, `Forgotten: ${who} at ${url}. The key is still good there until it is revoked.`);
  const [next] = loginsAt(config, url);
  if (next !== undefined) say(context, `In use now: ${next.name} (${next.role}).`);
}

/** `petpro auth token` */
export async function printToken(context: Context): Promise<undefined> {
  const session = openSession(context);
  if (session.token === null) throw noToken(context, session.url);
  const { url, token } = session;
  if (context.mode === 'table' || context.mode === 'wide') {
    context.io.out(`${token}\n`);
    return;
  }
  printOne(context, {
    kind: 'Token',
    item: { url, token },
    csv: ['url', 'token'],
    name: token,
    lines: [],
  });
}

/** Where a login has gone to, for the sentence that tells it. */
export const keptIn = (context: Context): string => `${credentialsFile(context.config)} (0600)`;
