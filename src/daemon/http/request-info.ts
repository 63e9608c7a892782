import { randomUUIDv7 } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../domain/errors.ts';
import type { Actor } from '../app-types.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by authentication; null on public addresses. */
    actor: Actor | null;
    /** The code of the problem that was answered, for the log line. */
    problem_code: string | null;
    started_ms: number;
    /** Where the request stands among those that must be answered in time (deadlines.ts). */
    deadline_place: number;
  }
}

/** Sane ids of callers are kept, so that one id crosses all systems; others are replaced. */
const request_id_pattern = /^[\w.:-]{8,64}$/;
/** W3C Trace Context: version, trace id, parent id, flags. */
const traceparent_pattern = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;
export const idempotency_key_pattern = /^[\x20-\x7e]{1,200}$/;

export function requestId(raw: Pick<IncomingMessage, 'headers'>): string {
  const given = raw.headers['x-request-id'];
  return typeof given === 'string' && request_id_pattern.test(given) ? given : randomUUIDv7();
}

/** The trace that this request is part of, or null. */
export function traceId(raw: Pick<IncomingMessage, 'headers'>): string | null {
  const given = raw.headers['traceparent'];
  return typeof given === 'string' ? (traceparent_pattern.exec(given)?.[1] ?? null) : null;
}

/** The Idempotency-Key, or null; throws when it is not 1-200 printable ASCII characters. */
export function idempotencyKey(raw: Pick<IncomingMessage, 'headers'>): string | null {
  const given = raw.headers['idempotency-key'];
  if (given === undefined) return null;
  if (typeof given === 'string' && idempotency_key_pattern.test(given)) return given;
  const message = 'Must be 1 to 200 printable ASCII characters';
  throw new AppError('invalid_input', `Idempotency-Key: ${message}.`, {
    errors: [{ path: 'header.idempotency-key', message }],
  });
}

/** Which of our own front ends asks; audit entries carry it. */
export function sourceOf(raw: Pick<IncomingMessage, 'headers'>): 'api' | 'cli' | 'tui' {
  const given = raw.headers['x-petpro-source'];
  return given === 'cli' || given === 'tui' ? given : 'api';
}
