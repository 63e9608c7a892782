// Lists as Stripe answers them: newest first, walked by the ids of the objects.

import { childOf, type Form, integerOf, textOf, wireError } from './stripe-form.ts';

const DEFAULT_PAGE = 10;
const MAX_PAGE = 100;

/** Parameters that every list takes. */
export const page_params = ['limit', 'starting_after', 'ending_before', 'created'];

/** One page of a list, newest first, walked by object ids. */
export function listOf<T extends { id: string; created?: number }>(
  url: string,
  values: Iterable<T>,
  form: Form,
): unknown {
  const limit = Math.min(integerOf(form, 'limit', 1) ?? DEFAULT_PAGE, MAX_PAGE);
  const created = childOf(form, 'created');
  const since = integerOf(created, 'gte') ?? (integerOf(created, 'gt') ?? -1) + 1;
  const until = integerOf(created, 'lte') ?? Number.MAX_SAFE_INTEGER;
  const all = [...values]
    .filter((one) => (one.created ?? 0) >= since && (one.created ?? 0) <= until)
    .toReversed();
  const after = textOf(form, 'starting_after');
  const before = textOf(form, 'ending_before');
  const cursor = after ?? before;
  const at = cursor === null ? -1 : all.findIndex((one) => one.id === cursor);
  if (cursor !== null && at < 0) {
    throw wireError({
      status: 400,
      code: 'resource_missing',
      param: after === null ? 'ending_before' : 'starting_after',
      message: `No such object: '${cursor}'`,
    });
  }
  if (before !== null && after === null) {
    const data = all.slice(Math.max(at - limit, 0), at);
    return { object: 'list', data, has_more: at > limit, url };
  }
  const data = all.slice(at + 1, at + 1 + limit);
  return { object: 'list', data, has_more: at + 1 + limit < all.length, url };
}
