import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config.ts';
import { DEMO } from '../config-profile.ts';
import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { type TokenFound, tokenFor } from './auth-token.ts';
import { createClient } from './client.ts';
import type { Context } from './context.ts';
import { skewWatch } from './version-skew.ts';

/** Whom we talk to: the API of PETPRO_URL, or else the demo that runs on this machine. */

/** What `petpro demo up` leaves in `<home>/demo.json`; only the fields that we use. */
export type Demo = {
  readonly url: string;
  readonly clinic_id: string;
  readonly database_url: string | null;
  readonly redis_url: string | null;
  readonly stripe_url: string | null;
  readonly smtp_url: string | null;
  readonly tokens: Readonly<Record<string, string>>;
};

export type Clinic = Output<'get_clinic'>;
export type Lang = 'en' | 'ja' | 'id';

export type Session = {
  readonly client: ApiClient;
  readonly url: string;
  readonly token: string | null;
  /** Code, name or id; null when nothing was said and no demo names one. */
  readonly clinic: string | null;
};

function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The running demo of this home, or null. A file that cannot be read counts as no demo. */
export function readDemo(config: Config): Demo | null {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path.join(config.home, 'demo.json'), 'utf8'));
  } catch {
    return null;
  }
  if (typeof document !== 'object' || document === null) return null;
  const fields: Readonly<Record<string, unknown>> = { ...document };
  const url = textOr(fields['url']);
  const { tokens } = fields;
  if (url === null || typeof tokens !== 'object' || tokens === null) return null;
  return {
    url,
    clinic_id: textOr(fields['clinic_id']) ?? '',
    database_url: textOr(fields['database_url']),
    redis_url: textOr(fields['redis_url']),
    stripe_url: textOr(fields['stripe_url']),
    smtp_url: textOr(fields['smtp_url']),
    tokens: Object.fromEntries(
      Object.entries(tokens).filter(
        (pair): pair is [string, string] => typeof pair[1] === 'string',
      ),
    ),
  };
}

/** The certificates of PETPRO_CA_FILE are trusted besides the usual ones, in all that speaks TLS from here on. */
function trustOwn(file: string): void {
  const { getCACertificates, setDefaultCACertificates } = process.getBuiltinModule('node:tls');
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  try {
    const text = readFileSync(file, 'utf8');
    // Node would take any text in silence, and the person would look for the fault at the server.
    new X509Certificate(text);
    setDefaultCACertificates([...getCACertificates('default'), text]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const detail = `PETPRO_CA_FILE ${file} cannot be used: ${reason}.`;
    const next = 'petpro config get ca_file --show-origin';
    throw new AppError('invalid_input', detail, { next }, { cause: error });
  }
}

export type Server = { readonly url: string; readonly demo: Demo | null };

/** Which server is meant. Throws `unavailable` when none is known. */
export function serverOf(config: Config): Server {
  const { url, ca_file } = config;
  if (url !== null) {
    if (ca_file !== null && url.startsWith('https:')) trustOwn(ca_file);
    return { url, demo: null };
  }
  const demo = readDemo(config);
  if (demo !== null) return { url: demo.url, demo };
  const is_asked = config.server?.name === DEMO;
  const detail = is_asked
    ? 'No demo runs on this machine.'
    : 'PETPRO_URL is not set and no demo runs on this machine.';
  throw new AppError('unavailable', detail, { next: 'petpro demo up' });
}

type Whereabouts = Server & { readonly token: string | null; readonly next_when_refused: string };

/** A token of the environment hides every login: another login would change nothing. */
function nextWhenRefused(found: TokenFound | null): string {
  const variable = /^PETPRO_TOKEN(_FILE)?/.exec(found?.from ?? '')?.[0];
  if (variable !== undefined)
    return `unset ${variable}, then petpro auth login; or put a good key there`;
  return 'petpro auth login, or set PETPRO_TOKEN, or PETPRO_TOKEN_FILE';
}

/**
 * Address and token without talking to anybody. In the demo the front desk is who types commands, unless the
 * command is another role's; a PETPRO_TOKEN always wins.
 */
function whereTo(config: Config, demo_role: string): Whereabouts {
  const server = serverOf(config);
  const { url, demo } = server;
  const found = tokenFor(config, url);
  const token = found?.token ?? demo?.tokens[demo_role] ?? null;
  return { ...server, token, next_when_refused: nextWhenRefused(found) };
}

export function openSession(context: Context, demo_role = 'desk'): Session {
  const { config, debug, io, signal } = context;
  const { url, token, demo, next_when_refused } = whereTo(config, demo_role);
  const on_version = skewWatch(context, url);
  const client = createClient({
    url,
    token,
    source: 'cli',
    timeout_ms: config.timeout_ms,
    signal,
    on_version,
    next_when_refused,
    next_when_down: demo === null ? 'petpro doctor --only daemon' : 'petpro demo up',
    ...(debug ? { on_debug: (line: string) => io.err(`debug ${line}\n`) } : {}),
    debug_http: context.debug_http,
  });
  return { client, url, token, clinic: config.clinic ?? (demo?.clinic_id || null) };
}

/** Money and words follow the person when a language was asked for, else the clinic. */
export function langOf(context: Context, clinic: { readonly lang: Lang }): Lang {
  return context.lang_asked ? context.config.lang : clinic.lang;
}
