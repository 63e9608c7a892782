import { loadConfig } from '../config.ts';
import { runDaemon } from '../daemon/main.ts';
import { openLog } from '../log.ts';
import type { Io } from './io.ts';
import { migrateDatabase } from './migrate-database.ts';

export type ServeOptions = {
  /** Comma list of roles. */
  readonly only?: string;
  readonly host?: string;
  readonly port?: string;
  /** Bring the schema up to date first; otherwise a pending migration is a refusal. */
  readonly migrate?: boolean;
  /** End when stdin closes: however the parent dies, the daemon drains. */
  readonly stop_with_stdin?: boolean;
};

/** Resolves when stdin ends, which it does however the parent dies. */
function stdinEnd(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  process.stdin.resume();
  process.stdin.once('end', () => resolve('stdin'));
  process.stdin.once('error', () => resolve('stdin'));
  return promise;
}

/** `petpro serve`: the daemon in the foreground until a signal; exit code 0 after a drain. */
export async function runServe(options: ServeOptions, io: Io): Promise<number> {
  const { only, host, port } = options;
  const config = loadConfig({ env: io.env, flags: { roles: only, host, port } });
  const log = openLog({ level: config.log_level });
  const parent_gone = options.stop_with_stdin === true ? [stdinEnd()] : [];
  if (options.migrate === true && config.database_url !== null) {
    const applied = await migrateDatabase(config.database_url);
    log.info('daemon.migrated', { applied });
  }
  return await runDaemon(config, log, parent_gone);
}
