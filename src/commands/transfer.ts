import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { AppError } from '../domain/errors.ts';
import { problemOf } from './client.ts';
import type { Context } from './context.ts';
import type { Session } from './session.ts';
import { wait } from './watch.ts';

/** Files on their way between this machine and the API: bytes as they come, never whole in memory. */

/** For one file, however slow the line; the daemon's own limit is shorter. */
const TRANSFER_MS = 600_000;
/** An upload whose answer was lost is sent again under the same key, this often at most. */
const TRIES_MAX = 3;
const PAUSE_MS = 500;
/** Problems are small; anything larger is not from PetPro. */
const PROBLEM_BYTES_MAX = 262_144;
const PROGRESS_FROM_BYTES = 1_048_576;

type Wish = {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly address: string;
  readonly headers?: Readonly<Record<string, string>>;
};

function open(context: Context, session: Session, wish: Wish, signal: AbortSignal): ClientRequest {
  const is_secure = session.url.startsWith('https:');
  const http = process.getBuiltinModule(is_secure ? 'node:https' : 'node:http');
  const headers: Record<string, string> = { 'x-petpro-source': 'cli', ...wish.headers };
  if (session.token !== null) headers['authorization'] = `Bearer ${session.token}`;
  if (context.debug) context.io.err(`debug ${wish.method} ${wish.address}\n`);
  const { method } = wish;
  return http.request(`${session.url}${wish.address}`, { method, headers, signal, agent: false });
}

function lost(session: Session, error: unknown): AppError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
  const detail = `The connection to ${session.url} broke off (${code}).`;
  const next = 'petpro doctor --only daemon';
  return new AppError('unavailable', detail, { next }, { cause: error });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > PROBLEM_BYTES_MAX) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Says on a terminal how far it is; `of` null = unknown. */
function progressOf(context: Context, verb: string, of: number) {
  const { io, quiet, config } = context;
  const in_place = !config.accessible && config.term !== 'dumb';
  const is_shown = io.is_err_tty && !quiet && of >= PROGRESS_FROM_BYTES;
  let done = 0;
  let said = in_place ? -1 : 0;
  return {
    add: (bytes: number) => {
      done += bytes;
      const percent = Math.floor((done * 100) / of);
      // A screen reader reads each line, so there are few of them.
      const step = in_place ? 1 : 25;
      if (!is_shown || percent < said + step) return;
      said = percent;
      io.err(in_place ? `\r${verb} ${percent} %` : `${verb} ${percent} %\n`);
    },
    end: () => {
      if (in_place && is_shown && said >= 0) io.err('\r\u001b[K');
    },
  };
}

/** The answer to a request whose body is being sent meanwhile. */
function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
}

export type UploadWish = {
  readonly address: string;
  readonly file: string;
  readonly size: number;
  readonly type: string;
  readonly idempotency_key: string;
};

async function uploadOnce(context: Context, session: Session, wish: UploadWish): Promise<string> {
  const { address, file, size, type, idempotency_key } = wish;
  const signal = AbortSignal.any([AbortSignal.timeout(TRANSFER_MS), context.signal]);
  const headers = {
    accept: 'application/json',
    'content-type': type,
    'content-length': String(size),
    'idempotency-key': idempotency_key,
  };
  const request = open(context, session, { method: 'POST', address, headers }, signal);
  const answered = answerTo(request);
  const progress = progressOf(context, 'sent', size);
  // Exactly what was announced, also when somebody goes on writing to the file.
  const bytes = createReadStream(file, { end: size - 1 });
  bytes.on('data', (chunk) => progress.add(chunk.length));
  bytes.on('error', (error) => request.destroy(error));
  bytes.pipe(request);
  try {
    const response = await answered;
    const text = await textOf(response);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw problemOf(status, text, session.url);
    return text;
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (context.signal.aborted) throw new AppError('cancelled', '', {}, { cause: error });
    throw lost(session, error);
  } finally {
    bytes.destroy();
    progress.end();
  }
}

/** Sends a file and answers the JSON that comes back. */
export async function uploadFile(
  context: Context,
  session: Session,
  wish: UploadWish,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await uploadOnce(context, session, wish);
    } catch (error) {
      const may_retry = error instanceof AppError && error.code === 'unavailable';
      if (!may_retry || attempt >= TRIES_MAX || context.signal.aborted) throw error;
      await wait(PAUSE_MS * attempt, context.signal);
    }
  }
}

/** Receives a file piece by piece; throws when it is not what the list said, whole or in part. */
export async function downloadFile(
  context: Context,
  session: Session,
  wish: { readonly address: string; readonly size: number; readonly sha256: string },
  take: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const { address, size, sha256 } = wish;
  const signal = AbortSignal.any([AbortSignal.timeout(TRANSFER_MS), context.signal]);
  const request = open(context, session, { method: 'GET', address }, signal);
  const answered = answerTo(request);
  request.end();
  const hash = createHash('sha256');
  const progress = progressOf(context, 'received', size);
  let received = 0;
  try {
    const response = await answered;
    const status = response.statusCode ?? 0;
    if (status >= 300) throw problemOf(status, await textOf(response), session.url);
    for await (const piece of response) {
      received += piece.length;
      if (received > size) break;
      hash.update(piece);
      progress.add(piece.length);
      await take(piece);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (context.signal.aborted) throw new AppError('cancelled', '', {}, { cause: error });
    throw lost(session, error);
  } finally {
    request.destroy();
    progress.end();
  }
  if (received !== size || hash.digest('hex') !== sha256) {
    throw new AppError('unavailable', 'The file arrived damaged; try again.', { sha256 });
  }
}
