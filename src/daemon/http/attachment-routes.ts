import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Endpoint, endpoints } from '../../domain/api.ts';
import { contentDisposition, fileTypeOf } from '../../domain/attachment.ts';
import { AppError } from '../../domain/errors.ts';
import { admitUpload, keepUpload, openAttachment } from '../actions/attachments.ts';
import type { Actor, App } from '../app-types.ts';
import { routePattern } from './addresses.ts';
import type { Admit } from './admission.ts';
import { runOnce } from './idempotency.ts';
import { pacedBody } from './paced-body.ts';
import { inputParser } from './parse.ts';
import { idempotencyKey } from './request-info.ts';
import { serializer } from './serialize.ts';

/** Files that arrive or leave at the same time in one daemon; each holds a piece of 64 KiB. */
const TRANSFERS_MAX = 64;

function actorOf({ actor }: FastifyRequest): Actor {
  if (!actor) throw new AppError('unauthorized', 'Send a token.');
  return actor;
}

/** Lets a bounded number of transfers in. */
function createGate() {
  let open = 0;
  return {
    enter: () => {
      if (open >= TRANSFERS_MAX) {
        const detail = 'Many files are on their way; try again in a moment.';
        throw new AppError('unavailable', detail, { retry_after_ms: 2_000 });
      }
      open += 1;
    },
    leave: () => {
      open -= 1;
    },
  };
}

type Gate = ReturnType<typeof createGate>;

function uploadHandler(app: App, gate: Gate) {
  const name = 'add_attachment';
  const endpoint: Endpoint = endpoints[name];
  const parse = inputParser(name);
  const serialize = serializer(name);

  /** Reads the file to its end, then keeps it once per Idempotency-Key. */
  async function take(request: FastifyRequest, pieces: () => AsyncIterable<Uint8Array>) {
    const actor = actorOf(request);
    const { params, query, headers } = request;
    const input = parse({ params, query, body: undefined });
    const key = idempotencyKey(request.raw);
    const given = headers['content-length'];
    const length = given === undefined ? null : Number(given);
    const file_type = fileTypeOf(headers['content-type'] ?? '');
    const upload = await admitUpload(app, actor, input, { file_type, length });
    const bytes_max = app.config.attachment_bytes_max;
    const received = await app.objects.receive(pieces(), upload.file_type, bytes_max);
    try {
      const run = () => keepUpload(app, actor, input, upload, received);
      if (key === null) return { output: await run(), replayed: false };
      // The same key means the same file: its checksum is part of what was asked.
      const { sha256, file_size } = received;
      const scope = `${actor.role}:${actor.id}:${name}`;
      const call = { scope, key, input: { ...input, file_type, file_size, sha256 } };
      return await runOnce(app, call, endpoint.success, run);
    } finally {
      await app.objects.discard(received);
    }
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    const body = pacedBody(request.raw);
    gate.enter();
    try {
      const done = await take(request, body.pieces);
      reply.code(endpoint.success).type('application/json; charset=utf-8');
      if (done.replayed) reply.header('idempotency-replayed', 'true');
      return serialize(done.output);
    } catch (error) {
      await body.drain();
      // What nobody read must not be taken for the next request.
      if (!request.raw.complete) reply.header('connection', 'close');
      throw error;
    } finally {
      gate.leave();
    }
  };
}

function downloadHandler(app: App, gate: Gate) {
  const parse = inputParser('get_attachment');
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { params, query } = request;
    const input = parse({ params, query, body: undefined });
    const { row, bytes } = await openAttachment(app, actorOf(request), input);
    gate.enter();
    reply.raw.once('close', gate.leave);
    const stream = Readable.from(bytes, { objectMode: false });
    stream.once('error', (err) => {
      app.log.error('attachment.broken_off', { attachment_id: row.attachment_id, err });
    });
    return reply
      .code(200)
      .headers({
        'content-type': row.file_type,
        'content-length': String(row.file_size),
        'content-disposition': contentDisposition(row.file_name),
        // Whatever is in it, no browser runs it in our name.
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        // RFC 9530: the client can compare as we do.
        'repr-digest': `sha-256=:${Buffer.from(row.sha256, 'hex').toString('base64')}:`,
      })
      .send(stream);
  };
}

/** Files go past the JSON parser, in a context of their own: as they come, never whole in memory. */
export async function addAttachmentRoutes(
  server: FastifyInstance,
  app: App,
  admit: Admit,
): Promise<void> {
  const gate = createGate();
  const { add_attachment, get_attachment } = endpoints;
  const config = { timeout_ms: app.config.attachment_timeout_ms };
  await server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));
    scope.route({
      method: add_attachment.method,
      url: routePattern(add_attachment.path),
      config,
      onRequest: admit(add_attachment.access),
      handler: uploadHandler(app, gate),
    });
    scope.route({
      method: get_attachment.method,
      url: routePattern(get_attachment.path),
      config,
      onRequest: admit(get_attachment.access),
      handler: downloadHandler(app, gate),
    });
    done();
  });
}
