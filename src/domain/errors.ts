/** What a problem code means to each reader: HTTP status, process exit code, one plain title. */
type Problem = { readonly status: number; readonly exit: number; readonly title: string };

/** Values that survive JSON unchanged. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * The one table of failures that people and programs may meet. HTTP answers, exit codes, `docs/errors.md`
 * and the tests derive from it. Statuses of the first block: seed 000, Error Handling; seed 003.
 */
export const problems = {
  slot_taken: { status: 409, exit: 6, title: 'Slot is already booked' },
  slot_locked: { status: 409, exit: 6, title: 'Slot is being booked by someone else' },
  reservation_expired: { status: 410, exit: 7, title: 'The hold on this slot has expired' },
  invalid_slot: { status: 400, exit: 2, title: 'This slot cannot be booked' },
  service_unavailable: { status: 400, exit: 9, title: 'The service is not offered then' },
  payment_failed: { status: 400, exit: 9, title: 'The payment did not go through' },
  payment_method_unsupported: { status: 400, exit: 2, title: 'Payment method is not supported' },
  payment_timeout: { status: 408, exit: 7, title: 'The payment session has expired' },
  invalid_input: { status: 400, exit: 2, title: 'The request is not valid' },
  unauthorized: { status: 401, exit: 4, title: 'You are not logged in' },
  forbidden: { status: 403, exit: 5, title: 'Your role does not allow this' },
  not_found: { status: 404, exit: 3, title: 'Not found' },
  method_not_allowed: { status: 405, exit: 2, title: 'This address does not take that method' },
  conflict: { status: 409, exit: 6, title: 'It has changed in the meantime' },
  request_timeout: { status: 408, exit: 11, title: 'The request took too long to arrive' },
  payload_too_large: { status: 413, exit: 2, title: 'The request body is too large' },
  uri_too_long: { status: 414, exit: 2, title: 'The address is too long' },
  unsupported_media_type: { status: 415, exit: 2, title: 'A body of this type is not taken' },
  policy_refused: { status: 422, exit: 9, title: 'A rule of the clinic forbids this' },
  headers_too_large: { status: 431, exit: 2, title: 'The request headers are too large' },
  rate_limited: { status: 429, exit: 11, title: 'Too many requests' },
  internal: { status: 500, exit: 1, title: 'Something broke on our side' },
  unavailable: { status: 503, exit: 11, title: 'A part that this needs does not answer' },
  storage_full: { status: 507, exit: 11, title: 'There is no room for files' },
  // Raised by the command line and the operators' checks only; their statuses are never sent.
  input_needed: { status: 400, exit: 2, title: 'This needs an answer and there is no terminal' },
  pending: { status: 409, exit: 8, title: 'Not finished yet' },
  unhealthy: { status: 503, exit: 10, title: 'A check failed' },
  invariant_broken: { status: 500, exit: 12, title: 'An invariant does not hold' },
  threshold_missed: { status: 500, exit: 13, title: 'A threshold was not met' },
  partial: { status: 207, exit: 14, title: 'Done in part' },
  cancelled: { status: 400, exit: 130, title: 'Cancelled' },
} as const satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof problems;

/** True when `code` is a row of the table; used on codes that come back from SQL or over HTTP. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code);
}

/**
 * The only error class: an expected failure. `detail` is one sentence for a person; `facts` are values for a
 * program (`retry_after_ms`, `nearest`, `next` = the command to run next).
 */
export class AppError extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly facts: Readonly<Record<string, Json>>;

  constructor(
    code: ProblemCode,
    detail: string,
    facts: Readonly<Record<string, Json>> = {},
    options: { readonly cause?: unknown } = {},
  ) {
    super(detail, options);
    this.name = 'AppError';
    this.code = code;
    this.detail = detail;
    this.facts = facts;
  }
}

/** Ends a `switch` over a union: a new member that nobody handles fails the type check. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
