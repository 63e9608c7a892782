import { type Endpoint, endpoints } from '../domain/api.ts';
import type { ApiClient } from '../domain/client.ts';
import { AppError, isProblemCode, type Json, type ProblemCode } from '../domain/errors.ts';
import { askHttp, type HttpAnswer } from './http.ts';
import { wait } from './watch.ts';

/** The typed client: the endpoint table turned into requests. No zod here: it would double the start-up time. */

export type ClientOptions = {
  readonly url: string;
  readonly token: string | null;
  readonly source: 'cli' | 'tui';
  /** For one call with all its tries. */
  readonly timeout_ms: number;
  readonly signal?: AbortSignal;
  /** What to run when nothing answers. */
  readonly next_when_down?: string;
  /** One line per request and answer; never the token. */
  readonly on_debug?: (line: string) => void;
  /** What to do about a token that the server does not take. */
  readonly next_when_refused?: string;
  /** Told with each answer that names the daemon's version. */
  readonly on_version?: (version: string) => void;
  /** The lines also show headers and bodies, without secrets. */
  readonly debug_http?: boolean;
};

/** A lost answer is asked for again this often, at most; mutations carry an Idempotency-Key. */
const TRIES_MAX = 3;
/** The first pause; doubled each time, then scattered by half, so that desks do not knock in step. */
const PAUSE_MS = 120;

/** Splits the fields by the table: `{name}` into the path, the rest into query (GET) or body. */
function requestOf(endpoint: Endpoint, input: Readonly<Record<string, unknown>>) {
  const rest: Record<string, unknown> = { ...input };
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  if (endpoint.method !== 'GET') return { path, body: JSON.stringify(rest) };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  return { path: query.size === 0 ? path : `${path}?${query}`, body: null };
}

const code_by_status: Readonly<Record<number, ProblemCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  429: 'rate_limited',
};

const problem_members = new Set(['type', 'title', 'status', 'detail', 'instance', 'code']);

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An answer that is no success, as the AppError that the server meant. */
export function problemOf(status: number, text: string, url: string): AppError {
  const body = parseJson(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !('code' in body)) {
    const code = code_by_status[status] ?? (status >= 500 ? 'unavailable' : 'internal');
    return new AppError(code, `${url} answered ${status}, but not as PetPro does.`);
  }
  const problem: Readonly<Record<string, Json | undefined>> = { ...body };
  const facts: Record<string, Json> = {};
  for (const [name, value] of Object.entries(problem)) {
    if (!problem_members.has(name) && value !== undefined) facts[name] = value;
  }
  if (typeof problem['instance'] === 'string') facts['request_id'] = problem['instance'];
  const code = String(problem['code']);
  const detail = String(problem['detail'] ?? '');
  if (isProblemCode(code)) return new AppError(code, detail, facts);
  // A newer server may know codes that we do not; its HTTP status still says what kind of failure it is.
  const fallback = code_by_status[status] ?? (status >= 500 ? 'internal' : 'invalid_input');
  return new AppError(fallback, detail || String(problem['title'] ?? code), {
    ...facts,
    server_code: code,
  });
}

function causeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code || (error instanceof Error ? error.name : 'no answer');
}

function unreachable(options: ClientOptions, error: unknown): AppError {
  const facts = options.next_when_down === undefined ? {} : { next: options.next_when_down };
  if (error instanceof Error && error.name === 'TimeoutError') {
    const detail = `${options.url} did not answer within ${options.timeout_ms} ms.`;
    return new AppError('unavailable', detail, facts, { cause: error });
  }
  const detail = `No PetPro daemon answers at ${options.url} (${causeOf(error)}).`;
  return new AppError('unavailable', detail, facts, { cause: error });
}

/** A token that is not taken: only who has found it knows where it came from. */
function withNext(problem: AppError, { next_when_refused: next }: ClientOptions): AppError {
  if (problem.code !== 'unauthorized' || next === undefined) return problem;
  return new AppError(problem.code, problem.detail, { ...problem.facts, next });
}

/** Makes the client. Each mutation gets an Idempotency-Key, so that a retry has one effect. */
export function createClient(options: ClientOptions): ApiClient {
  async function once(
    endpoint: Endpoint,
    input: Readonly<Record<string, unknown>>,
    idempotency_key: string | null,
    signal: AbortSignal,
  ): Promise<Json> {
    const { path, body } = requestOf(endpoint, input);
    const headers: Record<string, string> = {
      accept: 'application/json',
      'x-petpro-source': options.source,
    };
    if (options.token !== null) headers['authorization'] = `Bearer ${options.token}`;
    if (idempotency_key !== null) headers['idempotency-key'] = idempotency_key;
    if (body !== null) headers['content-type'] = 'application/json';
    const started = performance.now();
    const url = `${options.url}${path}`;
    let answer: HttpAnswer;
    try {
      const keep_alive = options.source === 'tui';
      answer = await askHttp({ url, method: endpoint.method, headers, body, signal, keep_alive });
    } catch (error) {
      // Ctrl-C is the person's wish, not a failure of the network.
      if (options.signal?.aborted) throw new AppError('cancelled', '', {}, { cause: error });
      options.on_debug?.(`${endpoint.method} ${path} failed: ${causeOf(error)}`);
      throw unreachable(options, error);
    }
    const ms = Math.round(performance.now() - started);
    options.on_debug?.(`${endpoint.method} ${path} ${answer.status} ${ms} ms`);
    if (options.debug_http === true) {
      const { answerLines, requestLines } = await import('./output-debug.ts');
      const lines = [...requestLines(headers, body), ...answerLines(answer.text)];
      for (const line of lines) options.on_debug?.(line);
    }
    if (answer.version !== null) options.on_version?.(answer.version);
    if (answer.status >= 400) {
      throw withNext(problemOf(answer.status, answer.text, options.url), options);
    }
    const parsed = parseJson(answer.text);
    if (parsed === undefined || answer.status >= 300) {
      const detail = `${options.url} answers, but not as PetPro does. Is PETPRO_URL right?`;
      throw new AppError('invalid_input', detail);
    }
    return parsed;
  }

  const call: ApiClient['call'] = async (name, request, per_call = {}) => {
    const endpoint: Endpoint = endpoints[name];
    const fields: Readonly<Record<string, unknown>> = Object.fromEntries(
      Object.entries(request as object),
    );
    const deadline = AbortSignal.timeout(per_call.timeout_ms ?? options.timeout_ms);
    const signals = [deadline, options.signal, per_call.signal].filter((one) => one !== undefined);
    const signal = AbortSignal.any(signals);
    const key =
      endpoint.method === 'GET' ? null : (per_call.idempotency_key ?? crypto.randomUUID());
    for (let attempt = 1; ; attempt += 1) {
      try {
        const output = await once(endpoint, fields, key, signal);
        // The server's own tests hold its answers to the schema of this endpoint; checking again would cost zod.
        return output as Awaited<ReturnType<typeof call<typeof name>>>;
      } catch (error) {
        // Only when nobody answered or the server asks for patience; its decisions stand.
        const may_retry = error instanceof AppError && error.code === 'unavailable';
        if (!may_retry || attempt >= TRIES_MAX || signal.aborted) throw error;
        const asked_ms = Number(error.facts['retry_after_ms'] ?? 0);
        const backoff_ms = PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
        await wait(Math.max(asked_ms, backoff_ms), signal);
      }
    }
  };
  return { call };
}
