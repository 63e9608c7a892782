import { AppError } from '../domain/errors.ts';
import { type Check, type Mend, pass, skip, warn } from './checks.ts';
import type { Context } from './context.ts';

/** More are a disaster of their own: they want a person, a plan and a reason. ux §2, danger tiers. */
const MILD_MAX = 20;

/** By the command that there is for it: each lock is looked at again when it is deleted. */
function freeLeaked(context: Context, leaked: number): Mend {
  return {
    plan: `release ${leaked} leaked locks, as petpro locks cleanup; their holds have ended`,
    run: async () => {
      const { withDirect } = await import('./ops-direct.ts');
      return await withDirect(context, async (ops) => {
        const plan = await ops.call('cleanup_locks', { dry_run: true, max: MILD_MAX });
        if (plan.plan_id === null || plan.planned === 0) return 'nothing is leaked any more';
        const { plan_id } = plan;
        const done = await ops.call('cleanup_locks', { plan_id, reason: 'petpro doctor --fix' });
        return `${done.released} released, ${done.kept} kept`;
      });
    },
  };
}

/** Locks beside the holds that they stand for: the part of the invariant `holds` that SQL cannot see. */
export const checks_locks: readonly Check[] = [
  {
    id: 'locks.board',
    about: 'locks beside the holds that they stand for',
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
          if (leaked + ghost + foreign === 0) return pass(said);
          if (leaked === 0) return warn(said, 'petpro reconcile run');
          const found = warn(said, 'petpro locks cleanup --dry-run');
          return leaked > MILD_MAX ? found : { ...found, mend: freeLeaked(context, leaked) };
        });
      } catch (error) {
        if (error instanceof AppError && error.code === 'forbidden') return skip(error.detail);
        throw error;
      }
    },
  },
];
