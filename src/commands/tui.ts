import { type Config, inheritedEnv, loadConfig } from '../config.ts';
import { client_settings } from '../config-table.ts';
import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import type { Role } from '../domain/roles.ts';
import type { UserChoice } from '../tui/effects-desk.ts';
import type { Login } from '../tui/run.tsx';
import { loginsAt } from './auth-store.ts';
import { tokenFor } from './auth-token.ts';
import { isUtf8 } from './charset.ts';
import { createClient } from './client.ts';
import { loadPort } from './console-load.ts';
import { type Context, hasColour } from './context.ts';
import { readDays } from './day-cache.ts';
import type { Io } from './io.ts';
import { clinicOf } from './lookup.ts';
import { offlinePort, socketDir } from './offline-port.ts';
import { envOf, isProtected, mayWrite } from './profile-guard.ts';
import { type Clinic, type Lang, langOf, openSession, readDemo, type Session } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

export type TuiOptions = {
  readonly url: string;
  readonly token: string;
  readonly clinic_id: string;
  readonly role: Role;
  /** Default: the configured language. */
  readonly lang?: Lang;
  readonly name?: string;
  readonly read_only?: boolean;
  /** Lines of text instead of a screen; default: as configured. */
  readonly accessible?: boolean;
  readonly theme?: Config['theme'];
  /** The settings in force; default: what the environment says. */
  readonly config?: Config;
  /** The setting of that name. */
  readonly keys?: string;
  /** Name -> token of those who can sit down here without typing one. */
  readonly users?: Readonly<Record<string, string>>;
};

/** Opens the console on this terminal; resolves with the exit code when it is closed. */
export async function runTui(options: TuiOptions, io: Io): Promise<number> {
  const { config = loadConfig({ env: io.env }) } = options;
  if (!io.is_tty) {
    throw new AppError('input_needed', 'The console needs a terminal.', { next: 'petpro desk' });
  }
  const inLines = async (): Promise<number> => {
    const { sitAt } = await import('./desk/open.ts');
    const { read_only = false } = options;
    return await sitAt({ lang: config.lang, ...options, read_only }, io, config);
  };
  if (options.accessible ?? isLineMode(config)) return await inLines();
  const { url, token, clinic_id, role, lang = config.lang, name = role, users = {} } = options;
  const client = createClient({ url, token, source: 'tui', timeout_ms: config.timeout_ms });
  // Ink and React take ten times the start-up of any other command, so they load here and nowhere else.
  const { readRemap } = await import('../tui/keys-remap.ts');
  const keys = readRemap(options.keys ?? config.keys);
  const { runConsole } = await import('../tui/run.tsx');
  const { LINE_MODE } = await import('../tui/state.ts');
  const load = loadPort(config, url, inheritedEnv(io.env));
  const login = async ({ name: chosen, token: typed }: UserChoice): Promise<Login> => {
    const as = typed ?? users[chosen ?? ''] ?? '';
    const other = createClient({ url, token: as, source: 'tui', timeout_ms: config.timeout_ms });
    const its_role = await roleOf(other);
    return { client: other, token: as, role: its_role, name: chosen ?? its_role };
  };
  const code = await runConsole({
    client,
    users: { names: Object.keys(users), login },
    load,
    offline: offlinePort(config, url),
    socket_dir: socketDir(config),
    feed_url: new URL('/events', url.replace(/^http/, 'ws')).href,
    token,
    clinic_id,
    lang,
    role,
    name,
    env: envOf(config),
    is_protected: isProtected(config),
    operators_look_only: !mayWrite(config),
    ascii: config.ascii || !isUtf8(config.locale),
    read_only: options.read_only === true,
    theme: hasColour(config, io.is_tty) ? (options.theme ?? config.theme) : 'mono',
    keys,
    in_tmux: config.in_tmux,
  });
  // A run that was under way is stopped with the console, and its report is written before we go.
  await load.close(() => io.err('stopping the load run; its report is kept\n'));
  return code === LINE_MODE ? await inLines() : code;
}

/** Which keys the console offers; the server enforces the same table. */
async function roleOf(client: ApiClient): Promise<Role> {
  const { role } = await client.call('get_me', {});
  if (role !== 'customer') return role;
  throw new AppError('forbidden', 'The console is for the people of a clinic.', {
    next: 'petpro bookings list',
  });
}

/**
 * Role and clinic as this machine last saw them with this very login, when nobody answers: the console then shows
 * the kept day, and goes on by itself when the daemon is back. Null = nothing is kept.
 */
async function keptLogin(config: Config, session: Session): Promise<KeptLogin | null> {
  const { url, token, clinic: words } = session;
  const saved = await readDays({ home: config.home, url, token });
  const meant = saved.find(({ role, day: { clinic } }) => {
    const names: readonly string[] = [clinic.clinic_id, clinic.code, clinic.name];
    return role !== null && (words === null || names.includes(words));
  });
  if (meant === undefined || meant.role === null) return null;
  return { role: meant.role, clinic: meant.day.clinic };
}

type KeptLogin = {
  readonly role: Role;
  readonly clinic: Pick<Clinic, 'clinic_id' | 'lang'>;
};

async function loginOf(config: Config, session: Session): Promise<KeptLogin> {
  try {
    const role = await roleOf(session.client);
    return { role, clinic: await clinicOf(session) };
  } catch (error) {
    const is_down = error instanceof AppError && error.code === 'unavailable';
    const kept = is_down ? await keptLogin(config, session) : null;
    if (kept === null) throw error;
    return kept;
  }
}

/** The tree has let only themes through. */
function themeOf(name: string | null): Config['theme'] | null {
  return client_settings.theme.parse.words.find((word) => word === name) ?? null;
}

/** In the demo everybody of the clinic can sit down, elsewhere who has logged in; customers have no console. */
function peopleOf(config: Config, url: string): Readonly<Record<string, string>> {
  const demo = readDemo(config);
  if (demo?.url !== url) {
    return Object.fromEntries(loginsAt(config, url).map(({ name, token }) => [name, token]));
  }
  return Object.fromEntries(Object.entries(demo.tokens).filter(([name]) => name !== 'customer'));
}

/** A terminal that cannot place its cursor, or a person who hears the screen. */
const isLineMode = ({ accessible, term }: Config) => accessible || term === 'dumb';

/** `petpro tui` */
export async function tui(context: Context, args: Args): Promise<number> {
  const { config, io } = context;
  if (io.is_tty && isLineMode(config)) {
    const { openDesk } = await import('./desk/open.ts');
    return await openDesk(context, args);
  }
  const session = openSession(context);
  const { role, clinic } = await loginOf(config, session);
  const token = session.token ?? '';
  const options = {
    url: session.url,
    token,
    clinic_id: clinic.clinic_id,
    role,
    name: tokenFor(config, session.url)?.login ?? role,
    users: peopleOf(config, session.url),
    // A clinic's desk reads the clinic's language; whoever tries the demo reads their own.
    lang: readDemo(config)?.url === session.url ? config.lang : langOf(context, clinic),
    config,
    read_only: flagOption(args, 'read_only'),
    theme: themeOf(textOption(args, 'theme')) ?? config.theme,
    keys: config.keys,
  };
  return await runTui(options, io);
}
