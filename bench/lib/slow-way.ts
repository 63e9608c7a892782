/** A way to a port of this machine on which each answer takes longer; the order of bytes stays. */
import net from 'node:net';
import { listenLoopback } from '../../src/sandbox/process.ts';

export type SlowWay = AsyncDisposable & { readonly port: number };

/** Every answer of `target` arrives `delay_ms` later: the price of one round trip to a far database. */
export async function startSlowWay(target: URL, delay_ms: number): Promise<SlowWay> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const far = net.connect(Number(target.port), target.hostname);
    for (const socket of [client, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        far.destroy();
      });
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (chunk: Buffer) => far.write(chunk));
    far.on('data', (chunk: Buffer) => {
      // Timers of one length fire in the order in which they were set.
      setTimeout(() => {
        if (!client.destroyed) client.write(chunk);
      }, delay_ms);
    });
  });
  const port = await listenLoopback(server, 0);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
