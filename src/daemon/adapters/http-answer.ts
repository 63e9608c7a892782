import type { SendResult } from '../../domain/ports.ts';

/** What the HTTP providers of messages have in common. */

/** One call, its answer included. */
const CALL_TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 65_536;
/** A provider that says "in a month" is asked again earlier. */
const RETRY_AFTER_MAX_MS = 3_600_000;

export type HttpAnswer = {
  readonly status: number;
  readonly text: string;
  readonly retry_after_ms: number | null;
};

function retryAfter(header: string | null): number | null {
  if (header === null || !/^\d{1,9}$/.test(header)) return null;
  return Math.min(Number(header) * 1_000, RETRY_AFTER_MAX_MS);
}

/** The beginning of an answer; the rest of a long one is not waited for. */
async function textOf(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, ANSWER_BYTES_MAX);
}

/** Sends a POST. A redirect is an answer like any other: it could lead into our own network. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const retry_after_ms = retryAfter(response.headers.get('retry-after'));
  return { status: response.status, text: await textOf(response), retry_after_ms };
}

/** No answer at all: the provider's trouble, not the message's. */
export function unreachable(provider: string, error: unknown): SendResult {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const name =
    cause instanceof Error && 'code' in cause
      ? String(cause.code)
      : cause instanceof Error
        ? cause.name
        : 'unknown';
  const text = error instanceof Error ? error.message : String(error);
  return { outcome: 'defer', code: `${provider} ${name}`, error: `${name}: ${text}`.slice(0, 500) };
}

/** Too many requests, a failure of theirs, or a password of ours that is not believed. */
export function isProviderTrouble(status: number): boolean {
  return status === 401 || status === 403 || status === 408 || status === 429 || status >= 500;
}

/** A provider's trouble as a result; keeps the time that it asked for. */
export function deferred(provider: string, code: string | number, answer: HttpAnswer): SendResult {
  const { status, text, retry_after_ms } = answer;
  const error = `${provider} answered ${status}: ${text.slice(0, 300)}`;
  const wait = retry_after_ms === null ? {} : { retry_after_ms };
  return { outcome: 'defer', code: `${provider} ${code}`, error, ...wait };
}

/** Reads one field of a JSON answer, by its path; undefined when there is none. */
export function fieldOf(text: string, ...path: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
