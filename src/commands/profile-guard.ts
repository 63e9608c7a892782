import type { Config } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { type Context, hasColour, paint } from './context.ts';
import { type Args, type CommandSpec, flagOption, needsWrites } from './spec.ts';

/** How a protected server is treated: said on every line, changed only on purpose. ux §2. */

/** True when severe commands want their word typed, `--yes` or not. */
export const isProtected = (config: Config): boolean => config.server?.is_protected === true;

/** What kind of place we talk to: the profile's word, else PETPRO_ENV. */
export const envOf = (config: Config): Config['env'] => config.server?.env ?? config.env;

/** True when operators may change things: not protected, or asked for by --writes. */
export const mayWrite = (config: Config): boolean =>
  config.writes || config.server === null || config.server.may_write;

/** Throws `policy_refused` for an operator's change on a server that is to be left alone. */
export function refuseWrites(spec: CommandSpec, args: Args, config: Config): void {
  const { server } = config;
  if (server === null || !needsWrites(spec) || mayWrite(config)) return;
  if (flagOption(args, 'dry_run')) return;
  const detail = `Profile ${server.name} (${server.env}) is for looking: petpro ${spec.path} changes things there.`;
  throw new AppError('policy_refused', detail, {
    profile: server.name,
    next: 'add --writes when you mean it',
  });
}

/**
 * `PROD  profile prod  https://..` on stderr, before anything else: whoever looks at a terminal must see where the
 * next command goes. In pipes only before changes, so that logs of reads stay clean.
 */
export function sayWhere(context: Context, spec: CommandSpec): void {
  const { config, io, quiet } = context;
  const { server } = config;
  if (server === null || !server.is_protected || quiet) return;
  const is_told_elsewhere = spec.role === 'public' || spec.owns_signals === true;
  if (is_told_elsewhere || (!io.is_err_tty && spec.mutates === undefined)) return;
  const label = paint('alarm', ` ${server.env.toUpperCase()} `, hasColour(config, io.is_err_tty));
  io.err(`${label} protected, profile ${server.name}, ${server.url}\n`);
}
