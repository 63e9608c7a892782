import type { EndpointName } from './api.ts';
import type { Output, Request } from './shapes.ts';

export type CallOptions = {
  /** Set on mutations: a repeated call with the same key has one effect. */
  readonly idempotency_key?: string;
  readonly timeout_ms?: number;
  readonly signal?: AbortSignal;
};

/**
 * The typed API client that the command line makes and the console is given. Failures throw AppError with the
 * server's code; no answer at all throws `unavailable`.
 */
export type ApiClient = {
  readonly call: <N extends EndpointName>(
    name: N,
    request: Request<N>,
    options?: CallOptions,
  ) => Promise<Output<N>>;
};
