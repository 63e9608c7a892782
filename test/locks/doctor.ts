import { inject } from 'vitest';
import { cli } from '../cli/harness.ts';

type Found = { readonly state: string; readonly detail: string };

/** What `petpro doctor` says about this Redis: its exit code and each check by name. */
export async function doctorOf(
  redis_url: string,
): Promise<{ readonly code: number; readonly found: Readonly<Record<string, Found>> }> {
  const { code, out } = await cli(['doctor', '--only', 'redis', '--json', '-q'], {
    env: { REDIS_URL: redis_url, DATABASE_URL: inject('database_url') },
  });
  const { items } = JSON.parse(out) as { items: readonly (Found & { readonly id: string })[] };
  return { code, found: Object.fromEntries(items.map((item) => [item.id, item])) };
}
