// The provider's SDK (23 MB, loaded at first use) and what its failures mean to us.

import type { Stripe } from 'stripe';
import { AppError, type Json } from '../../domain/errors.ts';

/** The version whose shapes this file reads; the account's own default never matters. */
export const API_VERSION = '2026-10-28.endive';
const CALL_TIMEOUT_MS = 10_000;
const NETWORK_RETRIES = 2;
/** What a caller is told to wait when Stripe itself says nothing. */
const RETRY_AFTER_MS = 2_000;

export type StripeSettings = {
  readonly stripe_secret_key: string;
  /** Several while one is being rotated: any of them may have signed. */
  readonly stripe_webhook_secret: readonly string[];
  readonly stripe_api_base: string;
};

/** The SDK with its error classes, which are known only once it is loaded. */
export type Sdk = { readonly client: Stripe; readonly errors: (typeof Stripe)['errors'] };

/** Opens the SDK on the configured address. */
export async function loadSdk(settings: StripeSettings): Promise<Sdk> {
  const { default: Sdk } = await import('stripe');
  const base = new URL(settings.stripe_api_base);
  const https = base.protocol === 'https:';
  const client = new Sdk(settings.stripe_secret_key, {
    apiVersion: API_VERSION,
    host: base.hostname,
    port: base.port === '' ? (https ? 443 : 80) : Number(base.port),
    protocol: https ? 'https' : 'http',
    telemetry: false,
    timeout: CALL_TIMEOUT_MS,
    maxNetworkRetries: NETWORK_RETRIES,
  });
  return { client, errors: Sdk.errors };
}

/**
 * Our failure for one of Stripe's: what is final is `payment_failed`, what may pass is
 * `unavailable`.
 */
export function mapError({ errors }: Sdk, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof errors.StripeError)) {
    return new AppError(
      'unavailable',
      'The payment provider could not be asked.',
      {},
      {
        cause: error,
      },
    );
  }
  const facts: Record<string, Json> = {};
  if (error.code !== undefined) facts['provider_code'] = error.code;
  if (error.decline_code !== undefined) facts['decline_code'] = error.decline_code;
  if (error.requestId !== undefined) facts['provider_request_id'] = error.requestId;
  if (error instanceof errors.StripeCardError) {
    return new AppError('payment_failed', error.message, facts, { cause: error });
  }
  if (error instanceof errors.StripeAuthenticationError || error.statusCode === 403) {
    const detail = 'The payment provider refuses our key.';
    return new AppError('unavailable', detail, facts, { cause: error });
  }
  if (error instanceof errors.StripeInvalidRequestError) {
    const detail = 'The payment provider refused the request.';
    return new AppError('payment_failed', detail, facts, { cause: error });
  }
  // Connection, timeout, 5xx, 429 and a key still in use by a twin of this call: all may pass.
  const wait_s = Number(error.headers?.['retry-after']);
  facts['retry_after_ms'] = wait_s > 0 ? wait_s * 1000 : RETRY_AFTER_MS;
  const detail = 'The payment provider does not answer.';
  return new AppError('unavailable', detail, facts, { cause: error });
}

/** True for an object that the provider does not know. */
export function isMissing({ errors }: Sdk, error: unknown): boolean {
  return error instanceof errors.StripeInvalidRequestError && error.statusCode === 404;
}
