import { AppError } from '../domain/errors.ts';
import type { OpsOutside } from './effects-ops.ts';
import type { Effect, Result } from './model.ts';
import type { FindEffect } from './model-find.ts';

/** Carries out what the find screen asks for. Nothing here decides anything. */

/** Find must feel immediate, and a search that hangs is replaced by the next letter's. */
const SEARCH_MS = 5_000;
const OWNERS_MAX = 20;

const find_types: Readonly<Record<FindEffect['type'], true>> = { find: true, load_card: true };

/** True when the effect belongs to the find screen. */
export function isFindEffect(effect: Effect): effect is FindEffect {
  return Object.hasOwn(find_types, effect.type);
}

/** Asks the server for it. */
export async function askFind(
  { client, clinic_id }: OpsOutside & { readonly clinic_id: string },
  effect: FindEffect,
): Promise<Result> {
  const options = { timeout_ms: SEARCH_MS };
  if (effect.type === 'load_card') {
    const { user_id } = effect;
    return { type: 'find_card', card: await client.call('get_owner', { user_id }, options) };
  }
  const { query, reference } = effect;
  const request = { q: query, limit: OWNERS_MAX, clinic_id, near: 'true' } as const;
  const [page, booking] = await Promise.all([
    client.call('search_owners', request, options),
    reference === null
      ? null
      : client.call('get_booking', { booking_id: reference }, options).catch((error: unknown) => {
          // Of a hold, of another clinic, or nobody's: then the owners are the answer.
          if (error instanceof AppError && error.code === 'not_found') return null;
          throw error;
        }),
  ]);
  return { type: 'found', query, owners: page.items, booking };
}
