import { once } from 'node:events';
import net from 'node:net';
import { AppError } from '../../domain/errors.ts';
import type { App } from '../app-types.ts';
import { createAuthenticator } from '../http/auth.ts';
import { createLimit } from '../http/limits.ts';
import { toAppError } from '../http/problem.ts';
import { createFrameReader, frameOf } from './frames.ts';
import { answerPacket, type MessageParts, type Peer, readPacket, refusalText } from './messages.ts';

/** Services and not people connect: a few connections each. */
const connections_max = 512;
/** Messages of one connection that are worked on at the same time; the others wait unread. */
const parallel_max = 32;
/** A peer that asks and does not read is cut off when this much waits for it. */
const unread_bytes_max = 16_777_216;

export type TcpLimits = {
  /** Whoever has not shown a good token by then is cut off. */
  readonly strangers_ms: number;
  /** A connection that says nothing this long; its client opens a new one when it has to. */
  readonly idle_ms: number;
  /** A frame that has begun has to be whole by then. */
  readonly frame_ms: number;
};

const default_limits: TcpLimits = { strangers_ms: 10_000, idle_ms: 600_000, frame_ms: 10_000 };
/** Messages under way get this long to be answered once we were asked to stop. */
const drain_limit_ms = 10_000;

export type TcpServer = {
  readonly port: number;
  /** Takes no more messages, answers those under way, then closes the connections. */
  readonly stop: () => Promise<void>;
};

type Session = { readonly socket: net.Socket; readonly drain: () => Promise<void> };

function openSession(parts: MessageParts, socket: net.Socket, limits: TcpLimits): Session {
  const { app } = parts;
  const reader = createFrameReader(app.config.body_limit_bytes);
  const peer: Peer = { address: socket.remoteAddress ?? 'unknown', token: null, is_known: false };
  const queue: string[] = [];
  const under_way = new Set<Promise<void>>();
  let is_leaving = false;
  let frame_timer: NodeJS.Timeout | null = null;

  const say = (json: string) => {
    if (socket.destroyed || !socket.writable) return;
    socket.write(frameOf(json));
    if (socket.writableLength > unread_bytes_max) socket.destroy();
  };
  const leave = (error: AppError) => {
    is_leaving = true;
    queue.length = 0;
    say(refusalText(null, error, 'tcp'));
    socket.end(() => socket.destroy());
  };
  const answer = async (text: string): Promise<void> => {
    const said = await answerPacket(parts, peer, readPacket(text));
    if (said === null) return;
    if (peer.is_known) socket.setTimeout(limits.idle_ms);
    say(said);
  };
  const work = () => {
    while (!is_leaving && !socket.writableNeedDrain && under_way.size < parallel_max) {
      const text = queue.shift();
      if (text === undefined) break;
      const running: Promise<void> = answer(text)
        .catch((error: unknown) => leave(toAppError(error)))
        .finally(() => {
          under_way.delete(running);
          work();
        });
      under_way.add(running);
    }
    // Nothing more is read until what was read is under way: the peer's own buffers fill up instead.
    if (queue.length > 0 || socket.writableNeedDrain) socket.pause();
    else if (!is_leaving) socket.resume();
  };
  const watchFrame = () => {
    if (!reader.is_inside()) {
      clearTimeout(frame_timer ?? undefined);
      frame_timer = null;
      return;
    }
    frame_timer ??= setTimeout(
      () => leave(new AppError('request_timeout', 'A frame did not arrive in time.')),
      limits.frame_ms,
    );
  };

  socket.setTimeout(limits.strangers_ms);
  socket.setNoDelay(true);
  socket.on('timeout', () => {
    if (under_way.size === 0) leave(new AppError('request_timeout', 'Nothing came for too long.'));
  });
  socket.on('data', (bytes) => {
    if (is_leaving) return;
    try {
      queue.push(...reader.push(Buffer.from(bytes)));
      watchFrame();
      work();
    } catch (error) {
      leave(toAppError(error));
    }
  });
  socket.on('drain', work);
  socket.on('error', (error) => app.log.debug('tcp.connection_error', { err: error }));
  socket.on('close', () => clearTimeout(frame_timer ?? undefined));
  return {
    socket,
    drain: async () => {
      is_leaving = true;
      queue.length = 0;
      await Promise.allSettled(under_way);
      socket.end(() => socket.destroy());
    },
  };
}

/** Listens for the message patterns of other services. Throws `unavailable` when the port is taken. */
export async function startTcp(
  app: App,
  options: { readonly port: number; readonly host: string; readonly limits?: TcpLimits },
): Promise<TcpServer> {
  const { host, limits = default_limits } = options;
  const parts: MessageParts = {
    app,
    authenticator: createAuthenticator(app.sql, app.config),
    limit: createLimit(app.config),
  };
  const sessions = new Set<Session>();
  const server = net.createServer((socket) => {
    const session = openSession(parts, socket, limits);
    sessions.add(session);
    socket.on('close', () => sessions.delete(session));
  });
  server.maxConnections = connections_max;
  server.on('drop', (drop) => {
    app.log.warn('tcp.too_many_connections', { connections_max, from: drop?.remoteAddress });
  });
  server.listen({ port: options.port, host });
  try {
    await once(server, 'listening');
  } catch (error) {
    const detail = `The port ${options.port} on ${host} for TCP messages is taken.`;
    const facts = { port: options.port, next: 'PETPRO_TCP_PORT=0 petpro serve' };
    throw new AppError('unavailable', detail, facts, { cause: error });
  }
  server.on('error', (error) => app.log.error('tcp.failed', { err: error }));
  const address = server.address();
  const port = address !== null && typeof address !== 'string' ? address.port : options.port;
  app.log.info('tcp.listening', { host, port });
  return {
    port,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => {
        for (const { socket } of sessions) socket.destroy();
      }, drain_limit_ms);
      await Promise.all([...sessions].map((session) => session.drain()));
      await closed;
      clearTimeout(timer);
    },
  };
}
