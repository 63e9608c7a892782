import net from 'node:net';
import { afterAll } from 'vitest';
import { listenLoopback } from '../../src/sandbox/process.ts';

/**
 * `pass`: as if it were not there. `stall`: nothing moves, nobody is told. `half_open`: requests
 * arrive, answers vanish. `cut`: connections end and new ones are closed. `reset`: the same, rudely.
 */
export const proxy_faults = ['stall', 'half_open', 'cut', 'reset'] as const;
export type ProxyMode = (typeof proxy_faults)[number] | 'pass';

export type Proxy = {
  readonly port: number;
  readonly set: (mode: ProxyMode) => void;
};

type Pair = {
  readonly client: net.Socket;
  readonly server: net.Socket;
  /** Answers were swallowed: it can never be used again. */
  is_spoilt: boolean;
};

/** A way to a port of this machine that can be broken; it ends with the test file. */
export async function startProxy(target_port: number): Promise<Proxy> {
  let mode: ProxyMode = 'pass';
  const pairs = new Set<Pair>();

  const end = (pair: Pair) => {
    pairs.delete(pair);
    for (const socket of [pair.client, pair.server]) {
      if (mode === 'reset') socket.resetAndDestroy();
      else socket.destroy();
    }
  };

  const forward = (pair: Pair, from: net.Socket, to: net.Socket) => {
    from.on('data', (chunk: Buffer) => {
      if (mode === 'half_open' && from === pair.server) pair.is_spoilt = true;
      else if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (mode !== 'stall') from.resume();
    });
    from.on('error', () => end(pair));
    from.on('close', () => end(pair));
  };

  const obey = (pair: Pair) => {
    const is_over = mode === 'cut' || mode === 'reset' || (mode === 'pass' && pair.is_spoilt);
    if (is_over) return end(pair);
    for (const socket of [pair.client, pair.server]) {
      if (mode === 'stall') socket.pause();
      else socket.resume();
    }
  };

  const proxy = net.createServer((client) => {
    const server = net.connect(target_port, '127.0.0.1');
    for (const socket of [client, server]) socket.setNoDelay(true);
    const pair: Pair = { client, server, is_spoilt: false };
    pairs.add(pair);
    forward(pair, client, server);
    forward(pair, server, client);
    obey(pair);
  });
  const port = await listenLoopback(proxy, 0);
  afterAll(() => {
    proxy.close();
    for (const pair of pairs) end(pair);
  });
  return {
    port,
    set: (wanted) => {
      mode = wanted;
      for (const pair of pairs) obey(pair);
    },
  };
}
