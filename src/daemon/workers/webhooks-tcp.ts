import { once } from 'node:events';
import net from 'node:net';
import { createFrameReader, frameOf } from '../tcp/frames.ts';

/** More than any answer to an event; what is longer is not read. */
const answer_max = 65_536;

export type TcpAnswer = { readonly error: string | null; readonly response: string | null };

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return (JSON.stringify(value) ?? '').slice(0, 500);
}

/**
 * Hands an event to a service that listens with NestJS's TCP transport: `@EventPattern` with the
 * name of the event. It goes out with an id, unlike what `emit` sends, so that the service answers
 * when its handlers have ended: an event that nobody took is tried again.
 */
export async function sendEventByTcp(
  at: { readonly host: string; readonly port: number },
  event: { readonly id: string; readonly type: string; readonly body: string },
  signal: AbortSignal,
): Promise<TcpAnswer> {
  const socket = net.connect({ host: at.host, port: at.port, signal });
  try {
    await once(socket, 'connect', { signal });
    const head = JSON.stringify({ pattern: event.type, id: event.id }).slice(0, -1);
    socket.write(frameOf(`${head},"data":${event.body}}`));
    const reader = createFrameReader(answer_max);
    for await (const bytes of socket) {
      for (const frame of reader.push(Buffer.from(bytes))) {
        const packet: unknown = JSON.parse(frame);
        if (typeof packet !== 'object' || packet === null) continue;
        const { id, err, response } = { id: null, err: null, response: null, ...packet };
        if (id !== event.id) continue;
        if (err !== null) return { error: textOf(err), response: null };
        return { error: null, response: response === null ? null : textOf(response) };
      }
    }
    signal.throwIfAborted();
    return { error: 'the service closed the connection without an answer', response: null };
  } finally {
    socket.destroy();
  }
}
