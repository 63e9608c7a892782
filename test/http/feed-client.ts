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
  readonly close: () => void;
};

/** Follows the feed as a browser does: the token goes into the first message. */
export function followFeed(base: string, query: string, token: string | null): FeedClient {
  const socket = new WebSocket(`${base.replace('http', 'ws')}/events${query}`);
  const frames: FeedFrame[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  socket.addEventListener('open', () => {
    if (token !== null) socket.send(JSON.stringify({ type: 'auth', token }));
  });
  socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))));
  socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
  return {
    frames,
    events: () => frames.filter((frame) => frame.type === 'event'),
    first: async <T extends FeedFrame['type']>(type: T) =>
      await eventually(`a ${type} frame`, () =>
        frames.find((frame): frame is Extract<FeedFrame, { type: T }> => frame.type === type),
      ),
    closed,
    close: () => socket.close(),
  };
}
