import net from 'node:net';

/**
 * A small TCP balancer for runs in which daemons are killed: loopback only, round robin. It knows nothing of HTTP
 * and never sends a byte twice, so that what a cut request did stays the client's question, as in real life.
 */

/** A backend that refused is asked again this often. */
const RECHECK_MS = 250;
const CONNECT_MS = 1_000;

type Backend = { readonly port: number; is_up: boolean };

export type Balancer = {
  readonly url: string;
  /** Connections so far whose backend went, or refused, while a request was unanswered. */
  readonly cut_requests: () => number;
  readonly close: () => Promise<void>;
};

/** Resolves with the open connection, or null when the backend does not take one. */
async function connectTo({ port }: Backend): Promise<net.Socket | null> {
  return await new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const refuse = () => {
      socket.destroy();
      resolve(null);
    };
    socket.setTimeout(CONNECT_MS, refuse);
    socket.once('error', refuse);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', refuse);
      resolve(socket);
    });
  });
}

/** Copies both ways until one side ends. A backend that goes with a request unanswered is a reset for the client. */
function join(client: net.Socket, backend: net.Socket, onCut: () => void): void {
  let is_waiting = false;
  client.on('data', () => {
    is_waiting = true;
  });
  backend.on('data', () => {
    is_waiting = false;
  });
  const cut = () => {
    if (client.destroyed) return;
    if (is_waiting) onCut();
    client.resetAndDestroy();
  };
  backend.on('error', cut);
  backend.on('end', () => {
    if (is_waiting) cut();
  });
  backend.on('close', () => client.destroySoon());
  client.on('close', () => backend.destroy());
  client.pipe(backend);
  backend.pipe(client);
}

/** Starts it on a free loopback port in front of daemons on these ports. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const backends: readonly Backend[] = ports.map((port) => ({ port, is_up: true }));
  const clients = new Set<net.Socket>();
  let turn = 0;
  let cuts = 0;
  const onCut = () => {
    cuts += 1;
  };

  const serve = async (client: net.Socket) => {
    turn += 1;
    const order = backends.map((_, index) => backends[(turn + index) % backends.length]);
    for (const backend of order) {
      if (backend === undefined || !backend.is_up) continue;
      const socket = await connectTo(backend);
      if (client.destroyed) return void socket?.destroy();
      if (socket !== null) return join(client, socket, onCut);
      backend.is_up = false;
    }
    // Nobody is there: the client learns it as from a closed port.
    onCut();
    client.resetAndDestroy();
  };

  // Nothing is read from a client before there is somebody to pass it to.
  const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (client) => {
    clients.add(client);
    client.on('error', () => {});
    client.once('close', () => clients.delete(client));
    void serve(client);
  });
  const recheck = setInterval(() => {
    for (const backend of backends.filter(({ is_up }) => !is_up)) {
      void connectTo(backend).then((socket) => {
        backend.is_up = socket !== null;
        socket?.destroy();
      });
    }
  }, RECHECK_MS);
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
      const address = server.address();
      if (address && typeof address === 'object') resolve(address.port);
      else reject(new Error('the kernel gave no port'));
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    cut_requests: () => cuts,
    close: async () => {
      clearInterval(recheck);
      for (const client of clients) client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
