import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { AppError } from '../../domain/errors.ts';
import type { ClaimedWebhook } from '../store/webhook-endpoints-deliveries.ts';
import type { Guard } from './webhooks-guard.ts';
import { sendEventByTcp } from './webhooks-tcp.ts';

/** From the question for the address to the last byte that we read. */
export const webhook_timeout_ms = 10_000;
/** Nobody needs more of an answer than its first lines. */
const response_bytes_max = 4_096;
const response_shown_max = 500;
const secret_prefix = 'whsec_';

/** How one attempt went; no status code = nobody answered. */
export type Attempt = {
  readonly status_code: number | null;
  readonly error: string | null;
  readonly response: string | null;
  readonly duration_ms: number;
  /** What the receiver asked for in Retry-After; null = nothing. */
  readonly asked_ms: number | null;
};

/** The headers of https://www.standardwebhooks.com: what receivers verify with any library. */
export function signedHeaders(
  message: { readonly id: string; readonly timestamp_s: number; readonly body: string },
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const { id, timestamp_s, body } = message;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(secret_prefix.length), 'base64');
    const signature = createHmac('sha256', key).update(`${id}.${timestamp_s}.${body}`);
    return `v1,${signature.digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp_s),
    'webhook-signature': signatures.join(' '),
  };
}

/** The event in the shape of the live feed and of the stream; null when it is no longer kept. */
export function webhookBody(claimed: ClaimedWebhook): string | null {
  const { event_id, event_type, clinic_id, sequence, tried_at } = claimed;
  const { aggregate_type, aggregate_id, correlation_id, occurred_at, payload } = claimed;
  if (claimed.is_test) {
    return JSON.stringify({
      event_id,
      sequence,
      event_type,
      aggregate_type: 'webhook',
      aggregate_id: claimed.endpoint_id,
      clinic_id,
      correlation_id: null,
      occurred_at: tried_at.toString(),
      payload: { message: 'It works.' },
    });
  }
  if (payload === null) return null;
  return JSON.stringify({
    event_id,
    sequence,
    event_type,
    aggregate_type,
    aggregate_id,
    clinic_id,
    correlation_id,
    occurred_at: occurred_at?.toString() ?? null,
    payload,
  });
}

/** Seconds or a date, in milliseconds from now. */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,7}$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** Text that a terminal can show: what a receiver answers is not ours. */
function printable(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .toWellFormed()
    .slice(0, response_shown_max);
}

type Answer = Omit<Attempt, 'duration_ms'>;

async function readSome(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size >= response_bytes_max) break;
    }
  } catch {
    // The status has come; the rest only explains it.
  }
  return printable(Buffer.concat(chunks).subarray(0, response_bytes_max).toString('utf8'));
}

async function answerOf(response: http.IncomingMessage): Promise<Answer> {
  const status_code = response.statusCode ?? 0;
  const is_good = status_code >= 200 && status_code < 300;
  const is_moved = status_code >= 300 && status_code < 400;
  const text = await readSome(response);
  response.destroy();
  const error = is_moved
    ? `${status_code}: redirects are not followed`
    : `the receiver answered ${status_code}`;
  return {
    status_code,
    error: is_good ? null : error,
    response: text === '' ? null : text,
    asked_ms: retryAfter(response.headers['retry-after']),
  };
}

function post(
  url: string,
  lookup: LookupFunction,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { request } = url.startsWith('https:') ? https : http;
  const sending = request(url, {
    method: 'POST',
    // A connection of its own each time: a kept one would have passed the guard long ago.
    agent: false,
    lookup,
    signal,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'PetPro-Webhooks/1',
      ...headers,
    },
  });
  let has_answer = false;
  sending.on('response', (response) => {
    has_answer = true;
    answerOf(response).then(resolve, reject);
  });
  sending.on('error', reject);
  // Some endings are no error to Node: a receiver that wants another protocol (101) is one.
  sending.on('close', () => {
    if (!has_answer) reject(new Error('the connection ended without an answer'));
  });
  sending.end(body);
  return promise;
}

function reasonOf(error: unknown, timer: AbortSignal): string {
  if (timer.aborted) return `no answer within ${webhook_timeout_ms / 1_000} s`;
  if (error instanceof AppError) return error.detail;
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return printable(`${code}${error.message}`);
}

/** A name server that hangs must not outlast the limit either. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** One attempt. Never throws but when `stop` ended it: then nothing is known of it. */
export async function sendWebhook(
  guard: Guard,
  claimed: ClaimedWebhook,
  body: string,
  stop: AbortSignal,
): Promise<Attempt> {
  const started = performance.now();
  const timer = AbortSignal.timeout(webhook_timeout_ms);
  const signal = AbortSignal.any([timer, stop]);
  const { url, secret, old_secret, event_id, tried_at } = claimed;
  const timestamp_s = Math.floor(tried_at.epochMilliseconds / 1_000);
  const secrets = old_secret === null ? [secret] : [secret, old_secret];
  const headers = signedHeaders({ id: event_id, timestamp_s, body }, secrets);
  const duration = () => Math.round(performance.now() - started);
  try {
    const addresses = await orAborted(guard.resolve(url), signal);
    if (url.startsWith('tcp:')) {
      const at = { host: addresses[0]?.address ?? '', port: Number(new URL(url).port) };
      const event = { id: event_id, type: claimed.event_type, body };
      const { error, response } = await sendEventByTcp(at, event, signal);
      const shown = response === null ? null : printable(response);
      const why = error === null ? null : printable(error);
      const told = { status_code: null, asked_ms: null, error: why, response: shown };
      return { ...told, duration_ms: duration() };
    }
    const lookup: LookupFunction = (_host, options, done) => {
      const [first] = addresses;
      if (options.all) done(null, [...addresses]);
      else done(null, first?.address ?? '', first?.family ?? 4);
    };
    const answer = await post(url, lookup, headers, body, signal);
    return { ...answer, duration_ms: duration() };
  } catch (error) {
    stop.throwIfAborted();
    const failed = { status_code: null, response: null, asked_ms: null };
    return { ...failed, error: reasonOf(error, timer), duration_ms: duration() };
  }
}
