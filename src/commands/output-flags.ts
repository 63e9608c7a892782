import type { CommandSpec } from './spec.ts';

/** Which of the flags about output a command takes; help, parser, runner and tests ask here. */

/** Prints one answer from the server and ends: such a command may be repeated without harm. */
function isRead(spec: CommandSpec): boolean {
  return spec.mutates === undefined && spec.owns_signals !== true && spec.role !== 'public';
}

/** `own`: the command watches by itself. `again`: it is run again and again. Null: no --watch. */
export function watchOf(spec: CommandSpec): 'own' | 'again' | null {
  if (spec.watch === true) return 'own';
  if (spec.watch === false) return null;
  return spec.watch === 'again' || isRead(spec) ? 'again' : null;
}

/** `server`: the server pages. `here`: the whole list is asked for and cut on this side. */
export function pagesOf(spec: CommandSpec): 'server' | 'here' | null {
  if (spec.pages === true) return 'server';
  if (spec.pages === 'here') return 'here';
  const has_own = (spec.options ?? []).some(({ flags }) => flags.startsWith('--limit'));
  const is_list = spec.path.split(' ').at(-1) === 'list' && spec.mutates === undefined;
  return is_list && !has_own ? 'here' : null;
}

/** What it prints may be shown page by page: nobody is asked in between, and it comes to an end. */
export function isPaged(spec: CommandSpec): boolean {
  return watchOf(spec) !== null || pagesOf(spec) !== null;
}
