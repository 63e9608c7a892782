import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config.ts';
import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { createClient } from './client.ts';
import type { Context } from './context.ts';

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

export function readToken(config: Config): string | null {
  if (config.token !== null) return config.token;
  if (config.token_file === null) return null;
  try {
    return readFileSync(config.token_file, 'utf8').trim();
  } catch (error) {
    const detail = `PETPRO_TOKEN_FILE ${config.token_file} cannot be read.`;
    throw new AppError('unauthorized', detail, {}, { cause: error });
  }
}

/**
 * Address and token without talking to anybody. Throws `unavailable` when neither is known. In the demo the front
 * desk is who types commands, unless the command is another role's; a PETPRO_TOKEN always wins.
 */
export function whereTo(
  config: Config,
  demo_role = 'desk',
): {
  readonly url: string;
  readonly token: string | null;
  readonly demo: Demo | null;
} {
  const token = readToken(config);
  if (config.url !== null) return { url: config.url, token, demo: null };
  const demo = readDemo(config);
  if (demo === null) {
    const detail = 'PETPRO_URL is not set and no demo runs on this machine.';
    throw new AppError('unavailable', detail, { next: 'petpro demo up' });
  }
  return { url: demo.url, token: token ?? demo.tokens[demo_role] ?? null, demo };
}

export function openSession(context: Context, demo_role = 'desk'): Session {
  const { config, debug, io, signal } = context;
  const { url, token, demo } = whereTo(config, demo_role);
  const client = createClient({
    url,
    token,
    source: 'cli',
    timeout_ms: config.timeout_ms,
    signal,
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
