import { loadConfig } from '../config.ts';
import { startDaemon } from '../daemon/main.ts';
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

/** Resolves with the reason to stop; a second signal ends the process at once. */
function stopAsked(options: ServeOptions): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve(signal);
      });
    }
    if (options.stop_with_stdin === true) {
      process.stdin.resume();
      process.stdin.once('end', () => resolve('stdin'));
      process.stdin.once('error', () => resolve('stdin'));
    }
  });
}

/** `petpro serve`: the daemon in the foreground until a signal; exit code 0 after a drain. */
export async function runServe(options: ServeOptions, io: Io): Promise<number> {
  const { only, host, port } = options;
  const config = loadConfig({ env: io.env, flags: { roles: only, host, port } });
  const log = openLog({ level: config.log_level });
  // Nothing is known about the state after this: the supervisor starts a clean process.
  process.on('uncaughtException', (err) => {
    log.error('daemon.crashed', { err });
    process.exit(1);
  });
  const stop = stopAsked(options);
  if (options.migrate === true && config.database_url !== null) {
    const applied = await migrateDatabase(config.database_url);
    log.info('daemon.migrated', { applied });
  }
  const daemon = await startDaemon(config, log);
  const reason = await stop;
  log.info('daemon.stopping', { reason });
  await daemon.stop();
  return 0;
}
