// The `/v1` side: authentication, versions, idempotency keys and errors as Stripe does them.

import { createHash } from 'node:crypto';
import { AppError, type Json } from '../domain/errors.ts';
import type { Sandbox } from './stripe-core.ts';
import { decodeForm, refuseUnknown, wireError } from './stripe-form.ts';
import { type Route, routes } from './stripe-routes.ts';
import { newId, put } from './stripe-state.ts';
import { STRIPE_API_VERSION } from './stripe-types.ts';
import type { ApiRequest } from './stripe-webhooks.ts';

/** Stripe forgets a key after a day at the earliest. */
const IDEMPOTENCY_LIFE_MS = 24 * 3_600_000;
const MAX_KEY_LENGTH = 255;

export type ApiCall = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
};

export type ApiAnswer = {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
};

function matchRoute(method: string, path: string): { route: Route; id: string } | null {
  const parts = path.split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    if (route.method !== method || wanted.length !== parts.length) continue;
    let id = '';
    const fits = wanted.every((step, index) => {
      if (step !== ':id') return step === parts[index];
      id = decodeURIComponent(parts[index] ?? '');
      return id !== '';
    });
    if (fits) return { route, id };
  }
  return null;
}

function headerOf(call: ApiCall, name: string): string | null {
  const value = call.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Accepts the key as a bearer token or as the user of basic authentication, as Stripe does. */
function authenticate(sandbox: Sandbox, call: ApiCall): void {
  const header = headerOf(call, 'authorization') ?? '';
  const [scheme = '', value = ''] = header.split(' ');
  const key =
    scheme === 'Basic' ? (Buffer.from(value, 'base64').toString().split(':')[0] ?? '') : value;
  if (key === sandbox.secret_key) return;
  throw wireError({
    status: 401,
    message:
      key === ''
        ? 'You did not provide an API key.'
        : `Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`,
  });
}

function checkVersion(call: ApiCall): void {
  const version = headerOf(call, 'stripe-version');
  if (version === null || version === STRIPE_API_VERSION) return;
  throw wireError({ status: 400, message: `Invalid Stripe API version: ${version}` });
}

function fingerprintOf(call: ApiCall): string {
  return createHash('sha256').update(`${call.method} ${call.path}\n${call.body}`).digest('hex');
}

/** The stored answer of a key that was used before; a different request under it is refused. */
function replay(sandbox: Sandbox, call: ApiCall, key: string): ApiAnswer | null {
  if (key.length > MAX_KEY_LENGTH) {
    throw wireError({
      status: 400,
      type: 'idempotency_error',
      message: `Idempotency keys take at most ${MAX_KEY_LENGTH} characters.`,
    });
  }
  const stored = sandbox.state.answers.get(key);
  if (stored === undefined || stored.stored_at_ms + IDEMPOTENCY_LIFE_MS < Date.now()) return null;
  if (stored.fingerprint !== fingerprintOf(call)) {
    const scope =
      stored.path === call.path
        ? 'with the same parameters they were first used with'
        : `for the same endpoint they were first used for ('${stored.path}' vs '${call.path}')`;
    throw wireError({
      status: 400,
      type: 'idempotency_error',
      message:
        `Keys for idempotent requests can only be used ${scope}. ` +
        `Try using a key other than '${key}' if you meant to execute a different request.`,
    });
  }
  const headers = { 'idempotent-replayed': 'true', 'original-request': stored.request_id };
  return { status: stored.status, body: stored.body, headers };
}

function jsonAnswer(status: number, body: unknown): ApiAnswer {
  return { status, body: JSON.stringify(body, null, 2), headers: {} };
}

function errorAnswer(error: unknown, request_id: string): ApiAnswer {
  if (error instanceof AppError && typeof error.facts['status'] === 'number') {
    const wire = error.facts['error'] ?? null;
    const known: Json =
      wire !== null && typeof wire === 'object' && !Array.isArray(wire) ? wire : {};
    return jsonAnswer(error.facts['status'], { error: { ...known, request_id } });
  }
  const message = 'An unknown error occurred';
  return jsonAnswer(500, { error: { type: 'api_error', message, request_id } });
}

function execute(sandbox: Sandbox, call: ApiCall, request: ApiRequest): ApiAnswer {
  const matched = matchRoute(call.method, call.path);
  if (matched === null) {
    throw wireError({
      status: 404,
      message: `Unrecognized request URL (${call.method}: ${call.path}).`,
    });
  }
  const form = decodeForm(call.method === 'GET' ? call.query : call.body);
  refuseUnknown(form, matched.route.params);
  return jsonAnswer(200, matched.route.run({ sandbox, id: matched.id, form, request }));
}

/** Answers one API request. Successes and card refusals are kept under their idempotency key. */
export function answerApi(sandbox: Sandbox, call: ApiCall): ApiAnswer {
  const request_id = newId('req_', 10);
  const key = call.method === 'POST' ? headerOf(call, 'idempotency-key') : null;
  const common = {
    'request-id': request_id,
    'stripe-version': STRIPE_API_VERSION,
    ...(key === null ? {} : { 'idempotency-key': key }),
  };
  let made: ApiAnswer;
  try {
    authenticate(sandbox, call);
    checkVersion(call);
    const stored = key === null ? null : replay(sandbox, call, key);
    if (stored !== null) return { ...stored, headers: { ...common, ...stored.headers } };
    made = execute(sandbox, call, { id: request_id, idempotency_key: key });
  } catch (error) {
    made = errorAnswer(error, request_id);
  }
  if (key !== null && (made.status === 200 || made.status === 402)) {
    put(sandbox.state, 'answers', key, {
      fingerprint: fingerprintOf(call),
      path: call.path,
      status: made.status,
      body: made.body,
      request_id,
      stored_at_ms: Date.now(),
    });
  }
  return { ...made, headers: common };
}
