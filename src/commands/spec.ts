import type { EndpointName } from '../domain/api.ts';
import type { Access } from '../domain/roles.ts';
import type { Context } from './context.ts';

/** What the command tree is made of. The tree is data: help, `commands --json`, docs and tests read it. */

export type OptionSpec = {
  /** As commander writes them: `-s, --service <service>`. */
  readonly flags: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  readonly required?: boolean;
};

/** Flags that change something carry. Each is offered only where the server really honours it. */
export type Mutation = {
  readonly endpoint: EndpointName;
  readonly reason?: boolean;
  readonly if_version?: boolean;
  readonly dry_run?: boolean;
};

export type CommandSpec = {
  /** The words: `slots list`. */
  readonly path: string;
  /** Another word for the last one. */
  readonly alias?: string;
  readonly args?: readonly { readonly name: string; readonly doc: string }[];
  readonly summary: string;
  /** The least right that the server asks for; `public` also means: no server needed. */
  readonly role: Access;
  readonly examples: readonly string[];
  readonly options?: readonly OptionSpec[];
  readonly mutates?: Mutation;
  /**
   * Takes --limit and --cursor: true = the server pages; `here` = the answer is cut on this side, which is also
   * what every other `list` does.
   */
  readonly pages?: boolean | 'here';
  /**
   * True = it watches by itself. All other reads are run again and again; `again` says so of commands that need no
   * server, and false is for what is better not repeated: papers, files, streams.
   */
  readonly watch?: boolean | 'again';
  /** Documents that only this command writes: `-o md`. It reads the option itself. */
  readonly formats?: readonly string[];
  /** Exit codes beyond 0, 1, 2, 4, 5 and 11, which every command may give. */
  readonly exits?: readonly number[];
  /** Serves until told to stop, or draws the whole screen: does its own signals. */
  readonly owns_signals?: boolean;
  /**
   * Files of settings and profiles: `ignored` by daemons and demos, `lenient` where they are mended or where
   * what is wrong in them must not stand in the way.
   */
  readonly settings?: 'ignored' | 'lenient';
  readonly hidden?: boolean;
  readonly load: () => Promise<Run>;
};

/** Undefined counts as exit code 0. */
export type Run = (context: Context, args: Args) => Promise<number | undefined>;

export type Args = {
  readonly positional: readonly string[];
  /** Keys as data fields are spelled: `--dry-run` is `dry_run`. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
};

/** Operators' changes: on a protected server they want --writes. ux §2. */
export const needsWrites = ({ mutates, role }: CommandSpec): boolean =>
  mutates !== undefined && (role === 'sre' || role === 'admin');

/** The value of an option that takes one, or null. */
export function textOption(args: Args, name: string): string | null {
  const value = args.options[name];
  return typeof value === 'string' ? value : null;
}

/** True when a flag without value was given. */
export function flagOption(args: Args, name: string): boolean {
  return args.options[name] === true;
}
