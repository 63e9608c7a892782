import { randomUUID } from 'node:crypto';
import { AppError, problems } from '../../domain/errors.ts';
import type { Actor, App } from '../app-types.ts';
import { type Authenticator, authorize } from '../http/auth.ts';
import type { Limit } from '../http/limits.ts';
import { problemBody, toAppError } from '../http/problem.ts';
import { type Fields, patterns } from './patterns.ts';

/** Pattern with which a client says once who it is, for all messages of its connection. */
const login_pattern = 'auth.login';
const key_form = /^[\x20-\x7e]{1,200}$/;
const request_id_form = /^[\w.:-]{8,64}$/;

/** What is known of one connection. */
export type Peer = {
  readonly address: string;
  /** Given by `auth.login`; a token inside a message wins. */
  token: string | null;
  /** A good token was seen. */
  is_known: boolean;
};

export type MessageParts = {
  readonly app: App;
  readonly authenticator: Authenticator;
  readonly limit: Limit | null;
};

type Packet = { readonly id: string | null; readonly pattern: string; readonly data: unknown };

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `'a.b'`, `{cmd: 'a.b'}`, and the latter as text: the three ways in which clients write a pattern. */
function patternOf(value: unknown): string {
  if (isObject(value)) return typeof value['cmd'] === 'string' ? value['cmd'] : '';
  if (typeof value !== 'string') return '';
  if (!value.startsWith('{')) return value;
  try {
    return patternOf(JSON.parse(value));
  } catch {
    return '';
  }
}

/** Throws `invalid_input` when the text is no packet: then nothing that follows can be trusted. */
export function readPacket(text: string): Packet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('invalid_input', 'A frame holds no valid JSON.', {}, { cause: error });
  }
  if (!isObject(value)) throw new AppError('invalid_input', 'A packet is an object.');
  const { id, pattern, data } = value;
  return { id: typeof id === 'string' ? id : null, pattern: patternOf(pattern), data };
}

function tooMany(): AppError {
  return new AppError('rate_limited', 'Too many messages; come again in a minute.', {
    retry_after_ms: 60_000,
  });
}

/** The caller that the token stands for. Bad tokens are counted against the address. */
async function actorOf(
  { authenticator, limit }: MessageParts,
  peer: Peer,
  token: string | null,
  request_id: string,
): Promise<Actor> {
  try {
    if (token === null) {
      throw new AppError('unauthorized', 'Send a token in the data, or auth.login first.');
    }
    const principal = await authenticator.authenticate(token);
    peer.is_known = true;
    if (limit?.takes(principal.id) === false) throw tooMany();
    return { ...principal, source: 'api', request_id };
  } catch (error) {
    if (limit?.takes(peer.address) === false) throw tooMany();
    throw error;
  }
}

/** Takes token, key and request id out of the data; the rest are the fields of the request. */
function envelopeOf(data: unknown) {
  if (data !== undefined && data !== null && !isObject(data)) {
    throw new AppError('invalid_input', 'The data of a message is an object.');
  }
  const { token = null, idempotency_key: key = null, request_id = null, ...fields } = data ?? {};
  if (token !== null && typeof token !== 'string') {
    throw new AppError('unauthorized', 'The token is not valid.');
  }
  if (key !== null && !(typeof key === 'string' && key_form.test(key))) {
    throw new AppError('invalid_input', 'An idempotency_key has 1 to 200 printable ASCII signs.');
  }
  const is_sane = typeof request_id === 'string' && request_id_form.test(request_id);
  return { token, key, fields, request_id: is_sane ? request_id : randomUUID() };
}

async function answerOf(
  parts: MessageParts,
  peer: Peer,
  pattern: string,
  sent: ReturnType<typeof envelopeOf>,
): Promise<{ readonly json: string; readonly actor: Actor }> {
  const { app } = parts;
  const { token, key, fields, request_id } = sent;
  const actor = await actorOf(parts, peer, token ?? peer.token, request_id);
  if (pattern === login_pattern) {
    peer.token = token ?? peer.token;
    const { role, clinic_id, name } = actor;
    return { json: JSON.stringify({ role, clinic_id, name }), actor };
  }
  const wanted = patterns.get(pattern);
  if (!wanted) {
    const facts = { patterns: [...patterns.keys()] };
    throw new AppError('not_found', 'There is no such pattern.', facts);
  }
  authorize(actor, wanted.access);
  const { request_timeout_ms } = app.config;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const detail = 'It took too long; ask what became of it before you send it again.';
    late.reject(new AppError('unavailable', detail, { retry_after_ms: 1_000 }));
  }, request_timeout_ms);
  try {
    return { json: await Promise.race([wanted.run(app, actor, fields, key), late.promise]), actor };
  } finally {
    clearTimeout(timer);
  }
}

/** The JSON text of a failure, as the clients of NestJS hand it to their callers. */
export function refusalText(id: string | null, error: AppError, request_id: string): string {
  const err = { ...problemBody(error, request_id), message: error.detail };
  return JSON.stringify({ ...(id === null ? {} : { id }), err, isDisposed: true });
}

/** Carries out one packet. Never throws: what fails is answered. Null = nobody waits for an answer. */
export async function answerPacket(
  parts: MessageParts,
  peer: Peer,
  packet: Packet,
): Promise<string | null> {
  const { app } = parts;
  const { id, pattern } = packet;
  const started = performance.now();
  let request_id: string = randomUUID();
  const note = (code: string, role: string | null) => {
    const ms = performance.now() - started;
    app.log.info('tcp.message', { pattern: pattern.slice(0, 80), code, role, ms, request_id });
  };
  // An event: what others tell us comes through the stream, where it cannot get lost.
  if (id === null) {
    note('ignored', null);
    return null;
  }
  try {
    const sent = envelopeOf(packet.data);
    ({ request_id } = sent);
    const { json, actor } = await answerOf(parts, peer, pattern, sent);
    note('ok', actor.role);
    return `{"id":${JSON.stringify(id)},"response":${json},"isDisposed":true}`;
  } catch (error) {
    const known = toAppError(error);
    note(known.code, null);
    if (problems[known.code].status >= 500) {
      app.log.error('tcp.failed', { request_id, code: known.code, err: known.cause ?? error });
    }
    return refusalText(id, known, request_id);
  }
}
