import http from 'node:http';
import type { Socket } from 'node:net';
import type { FeedFrame } from '../../src/domain/events.ts';
import { eventually } from '../helpers/poll.ts';

export type FeedClient = {
  readonly frames: readonly FeedFrame[];
  readonly events: () => readonly Extract<FeedFrame, { type: 'event' }>[];
  /** The first frame of that type, once it is there. */
  readonly first: <T extends FeedFrame['type']>(
    type: T,
  ) => Promise<Extract<FeedFrame, { type: T }>>;
  /** Close code and reason, once it is closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly send: (message: unknown) => void;
  readonly close: () => void;
};

/** Follows the feed as a browser does: the token goes into the first message. */
export function followFeed(
  base: string,
  query: string,
  token: string | null,
  /** Sees each frame as it comes; false: it need not be kept. */
  keep: (frame: FeedFrame) => boolean = () => true,
): FeedClient {
  const socket = new WebSocket(`${base.replace('http', 'ws')}/events${query}`);
  const frames: FeedFrame[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  socket.addEventListener('open', () => {
    if (token !== null) socket.send(JSON.stringify({ type: 'auth', token }));
  });
  socket.addEventListener('message', ({ data }) => {
    const frame: FeedFrame = JSON.parse(String(data));
    if (keep(frame)) frames.push(frame);
  });
  socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
  return {
    frames,
    events: () => frames.filter((frame) => frame.type === 'event'),
    first: async <T extends FeedFrame['type']>(type: T) =>
      await eventually(`a ${type} frame`, () =>
        frames.find((frame): frame is Extract<FeedFrame, { type: T }> => frame.type === type),
      ),
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    close: () => socket.close(),
  };
}

/** Upgrades by hand: a peer that does only what a test makes it do. */
export async function rawClient(base: string, query: string, token: string): Promise<Socket> {
  const request = http.get(`${base}/events${query}`, {
    headers: {
      authorization: `Bearer ${token}`,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  const { promise, resolve } = Promise.withResolvers<Socket>();
  request.on('upgrade', (_response, socket: Socket) => {
    socket.on('error', () => {});
    resolve(socket);
  });
  return await promise;
}

/** A masked frame as clients send it; the mask is all zero. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126
      ? Buffer.from([0x80 | payload.length])
      : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, Buffer.alloc(4), payload]);
}
