import { AppError } from '../domain/errors.ts';
import { type Check, pass, skip, warn } from './checks.ts';

/** Locks beside the holds that they stand for: the part of the invariant `holds` that SQL cannot see. */
export const checks_locks: readonly Check[] = [
  {
    id: 'locks.board',
    look: async ({ context, database_url, redis_url }) => {
      if (database_url === null) return skip('DATABASE_URL is not set and no demo runs');
      if (redis_url === null) return skip('REDIS_URL is not set: there are no locks');
      const { withDirect } = await import('./ops-direct.ts');
      try {
        return await withDirect(context, async (ops) => {
          const { counts, doorman } = await ops.call('list_locks', { limit: 1 });
          if (doorman !== 'up') return skip('Redis does not answer');
          const { live, leaked, ghost, foreign } = counts;
          const said = `${live} live, ${leaked} leaked, ${ghost} ghost, ${foreign} foreign`;
          return leaked + ghost + foreign === 0 ? pass(said) : warn(said, 'petpro reconcile run');
        });
      } catch (error) {
        if (error instanceof AppError && error.code === 'forbidden') return skip(error.detail);
        throw error;
      }
    },
  },
];
