import type { App } from '../app-types.ts';
import { hadPaymentPage } from '../store/payments.ts';
import { failure } from './outcome.ts';

/**
 * Why nobody can pay for a hold that has lapsed: 408 when its owner had a page or a charge to pay with and
 * let the time pass (seed 000, Error Handling), 410 when it never came to paying.
 */
export async function timeToPayOver(
  app: App,
  hold: { readonly reservation_id: string; readonly reference_code: string },
): Promise<Error> {
  const { reservation_id, reference_code } = hold;
  const facts = { reservation_id, reference_code };
  if (!(await hadPaymentPage(app.sql, reservation_id)))
    return failure('reservation_expired', facts);
  const detail =
    'The time to pay is over: the payment page has closed, and the place may be free again. ' +
    'Money that comes all the same books it if it is free, and goes back if not.';
  return failure('payment_timeout', facts, detail);
}
