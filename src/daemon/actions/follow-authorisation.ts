import { AppError } from '../../domain/errors.ts';
import type { ChargeResult, PaymentEvent } from '../../domain/ports.ts';
import type { App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import { system_actor } from '../store/actor.ts';
import { type ClaimedAuthorisation, delayAuthorisation } from '../store/approvals.ts';
import { backoffMs } from '../workers/backoff.ts';
import { takePaymentEvent } from './take-payment-event.ts';

type Deed = Pick<
  ClaimedAuthorisation,
  'payment_id' | 'payment_intent' | 'verb' | 'attempts' | 'is_lapsed'
>;

/** What banks do by themselves in the end, whether the provider still tells of it or not. */
function lapsed({ payment_id, payment_intent }: Deed): PaymentEvent {
  const metadata = { payment_id };
  return {
    event_id: `lapsed_${payment_intent}`,
    event_type: 'payment_intent.canceled',
    result: 'voided',
    session_id: null,
    payment_intent,
    amount: null,
    metadata,
    occurred_at: Temporal.Now.instant().toString(),
    payload: { metadata },
  };
}

async function ask(app: App, deed: Deed): Promise<ChargeResult> {
  const { payment_intent, payment_id } = deed;
  return deed.verb === 'capture'
    ? await app.payments.capture(payment_intent, payment_id)
    : await app.payments.voidCharge(payment_intent);
}

/**
 * Has the provider do what was decided: fetch the money or let it go. `done`: it has, and that is
 * settled. `later`: it does not answer, the worker tries again. `failed`: the bank will never pay;
 * the hold has ended and nothing was charged.
 */
export async function followAuthorisation(
  app: App,
  deed: Deed,
): Promise<'done' | 'later' | 'failed'> {
  const { payment_id, verb, attempts } = deed;
  let event: PaymentEvent | null = null;
  try {
    const result = await ask(app, deed);
    if ('event' in result) event = result.event;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (verb === 'void' && deed.is_lapsed) event = lapsed(deed);
    else {
      const is_final = verb === 'capture' && error.code === 'payment_failed';
      const retry_after_ms = is_final ? 0 : backoffMs(attempts);
      const attempt = { payment_id, error: error.detail, retry_after_ms, is_final };
      await delayAuthorisation(app.sql, attempt, system_actor);
      app.log.warn('authorisation.not_followed', { payment_id, verb, attempts, err: error });
      app.wake.relay();
      return is_final ? 'failed' : 'later';
    }
  }
  if (event === null) return 'later';
  failpoint('after-capture');
  const taken = await takePaymentEvent(app, event);
  app.log.info('authorisation.followed', { payment_id, verb, outcome: taken.outcome });
  return event.result === 'voided' && verb === 'capture' ? 'failed' : 'done';
}
