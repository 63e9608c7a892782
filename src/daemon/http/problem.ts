import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type Json, type ProblemCode, problems } from '../../domain/errors.ts';
import { safe_header_list } from './request-log.ts';

/** RFC 9457. Facts come first, so that none of them can replace a standard member. */
export type ProblemBody = Readonly<Record<string, Json>> & {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
};

export const problem_media_type = 'application/problem+json; charset=utf-8';

/** What our HTTP library or Node's parser calls a failure, in our words. All others are bugs. */
const library_codes: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'Send a smaller body.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'Send the body as application/json, in UTF-8.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid_input',
    'The body is not as long as Content-Length says.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_input', 'The body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_input', 'The body is not valid JSON.'],
  FST_ERR_BAD_URL: ['invalid_input', 'The address is not valid.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri_too_long', 'A part of the address is too long.'],
  ECONNRESET: ['invalid_input', 'The request was cut off.'],
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'Send shorter headers or a shorter address.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'Send the whole request faster.'],
};

/** Waits are told in whole seconds, at least one: zero would invite a busy loop. */
function retryAfterSeconds(facts: Readonly<Record<string, Json>>): number | null {
  const ms = facts['retry_after_ms'];
  return typeof ms === 'number' ? Math.max(1, Math.ceil(ms / 1000)) : null;
}

/**
 * An AppError for whatever was thrown; `internal` (and no word of the cause) when it is not
 * expected.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = library_codes[code];
  if (known) {
    const facts: Record<string, Json> = known[0] === 'unavailable' ? { retry_after_ms: 1000 } : {};
    return new AppError(known[0], known[1], facts, { cause: error });
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 400) {
    return new AppError('invalid_input', 'The request cannot be read.', {}, { cause: error });
  }
  const detail = 'The failure is recorded under the request id below.';
  return new AppError('internal', detail, {}, { cause: error });
}

/** What an answer tells of a failure. */
type Told = Pick<AppError, 'code' | 'detail' | 'facts'>;

export function problemBody(error: Told, request_id: string): ProblemBody {
  const { status, title } = problems[error.code];
  return {
    ...error.facts,
    type: `/problems/${error.code.replaceAll('_', '-')}`,
    title,
    status,
    detail: error.detail,
    instance: request_id,
    code: error.code,
  };
}

const standard_members: ReadonlySet<string> = new Set([
  'type',
  'title',
  'status',
  'detail',
  'instance',
  'code',
]);

/** JSON of lists that many losers of one slot are told alike; gone when the list is. */
const list_texts = new WeakMap<readonly Json[], string>();

function listText(list: readonly Json[]): string {
  const known = list_texts.get(list);
  if (known !== undefined) return known;
  const text = JSON.stringify(list);
  list_texts.set(list, text);
  return text;
}

type Ends = { readonly head: string; readonly tail: string };

const ends = new Map<ProblemCode, Ends>();

/** What is the same in all problems of a code. */
function endsOf(code: ProblemCode): Ends {
  const known = ends.get(code);
  if (known) return known;
  const { status, title } = problems[code];
  const type = `/problems/${code.replaceAll('_', '-')}`;
  const made = {
    head: `${JSON.stringify({ type, title, status }).slice(1, -1)},"detail":`,
    tail: `,"code":"${code}"}`,
  };
  ends.set(code, made);
  return made;
}

/** The JSON text of `problemBody`, put together from parts that are ready. */
export function problemText(error: Told, request_id: string): string {
  let text = '{';
  for (const name in error.facts) {
    const value = error.facts[name];
    if (standard_members.has(name)) return JSON.stringify(problemBody(error, request_id));
    if (value === undefined) continue;
    text += `${JSON.stringify(name)}:`;
    text += `${Array.isArray(value) ? listText(value) : JSON.stringify(value)},`;
  }
  const { head, tail } = endsOf(error.code);
  const instance = JSON.stringify(request_id);
  return `${text}${head}${JSON.stringify(error.detail)},"instance":${instance}${tail}`;
}

/** Headers that go with a problem, by its code and facts. */
export function problemHeaders(error: AppError): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'content-type': problem_media_type };
  const seconds = retryAfterSeconds(error.facts);
  if (seconds !== null) headers['retry-after'] = String(seconds);
  if (error.code === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="petpro"';
  const allow = error.facts['allow'];
  if (error.code === 'method_not_allowed' && Array.isArray(allow)) {
    headers['allow'] = allow.join(', ');
  }
  return headers;
}

/** True for refusals: they are the caller's to deal with, and nobody of ours need look at them. */
export function isExpected(error: unknown): error is AppError {
  return error instanceof AppError && problems[error.code].status < 500;
}

/** Sets status and headers of a problem, and gives the text to send. */
export function problemAnswer(
  error: AppError,
  request: FastifyRequest,
  reply: FastifyReply,
): string {
  request.problem_code = error.code;
  reply.code(problems[error.code].status).headers(problemHeaders(error));
  return problemText(error, request.id);
}

/**
 * Sends a refusal past the framework's way for answers, which costs as much as a look at a lock.
 * Hooks that come after an answer run all the same. Nothing happens when there is an answer already.
 */
export function sendRefusal(error: AppError, request: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent) return;
  request.problem_code = error.code;
  const text = problemText(error, request.id);
  const headers = [...safe_header_list, 'x-request-id', request.id];
  const own = problemHeaders(error);
  for (const name in own) headers.push(name, own[name] ?? '');
  headers.push('content-length', String(Buffer.byteLength(text)));
  reply.hijack();
  reply.raw.writeHead(problems[error.code].status, headers).end(text);
}

/** For answers that no route of ours makes: 404 of the router. */
export function notFound(request: FastifyRequest): AppError {
  const address = request.url.split('?', 1)[0]?.slice(0, 200) ?? '';
  return new AppError('not_found', `Nothing answers at ${request.method} ${address}.`, {
    next: '/openapi.json lists all addresses',
  });
}
