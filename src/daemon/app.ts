import type { Config } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import type { LockStore, PaymentGateway } from '../domain/ports.ts';
import type { Log } from '../log.ts';
import { openNoLocks } from './adapters/no-locks.ts';
import { openNoPayments } from './adapters/no-payments.ts';
import { openObjects } from './adapters/object-stores.ts';
import { openRedisLocks } from './adapters/redis-locks.ts';
import { shareDoorman } from './adapters/shared-doorman.ts';
import { openStripePayments } from './adapters/stripe-payments.ts';
import type { App, Wake } from './app-types.ts';
import { createTally } from './kpi-tally.ts';
import { withRecentRefusals } from './locks/recent-refusals.ts';
import { openMessenger } from './messages/messenger.ts';
import { openDatabase } from './store/db.ts';
import { createWakeups } from './workers/loop.ts';

/** Statements under way get this long before their connections are cut. */
const pool_close_timeout_s = 5;

function openLocks(config: Config, log: Log): LockStore {
  if (!config.redis_url) return withRecentRefusals(openNoLocks());
  const options = { url: config.redis_url, timeout_ms: config.redis_timeout_ms, log };
  return withRecentRefusals(shareDoorman(openRedisLocks(options)));
}

function openPayments(config: Config): PaymentGateway {
  const { stripe_secret_key } = config;
  return stripe_secret_key
    ? openStripePayments({ ...config, stripe_secret_key })
    : openNoPayments();
}

/**
 * Opens what actions need, and closes it in reverse. Nothing connects before its first use, so a
 * maintenance command that only reads the database works while Redis, Stripe or the mail server are
 * down.
 */
export async function openApp(
  config: Config,
  log: Log,
  wake: Wake = createWakeups().wake,
): Promise<App & AsyncDisposable> {
  if (!config.database_url) {
    throw new AppError('invalid_input', 'DATABASE_URL is not set.', { next: 'petpro demo up' });
  }
  await using opening = new AsyncDisposableStack();
  const sql = openDatabase(config.database_url, {
    application_name: 'petpro',
    max: config.database_pool_max,
  });
  opening.defer(() => sql.end({ timeout: pool_close_timeout_s }));
  const locks = opening.adopt(openLocks(config, log), (store) => store.close());
  const payments = openPayments(config);
  const messenger = opening.adopt(openMessenger(config, log), (mail) => mail.close());
  const objects = openObjects(config);
  const opened = opening.move();
  return {
    config,
    log,
    sql,
    locks,
    payments,
    messenger,
    objects,
    wake,
    tally: createTally(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
