import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { afterAll } from 'vitest';

/** Another system: takes webhooks over a real socket, and judges them as the standard says. */

export type Received = {
  readonly id: string;
  readonly timestamp: string;
  readonly signatures: readonly string[];
  readonly body: string;
  readonly event: Readonly<Record<string, unknown>>;
};

export type Receiver = {
  readonly url: string;
  readonly received: Received[];
  /** What it answers from now on. */
  readonly answer: (how: (response: http.ServerResponse) => void) => void;
  /** Connections that are open now. */
  readonly open: () => number;
};

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}, body = '') =>
  (response: http.ServerResponse) => {
    response.writeHead(code, headers).end(body);
  };

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let how: (response: http.ServerResponse) => void = status(204);
  let open = 0;
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks).toString('utf8');
    received.push({
      id: String(request.headers['webhook-id']),
      timestamp: String(request.headers['webhook-timestamp']),
      signatures: String(request.headers['webhook-signature']).split(' '),
      body,
      event: JSON.parse(body),
    });
    how(response);
  });
  server.on('connection', (socket) => {
    open += 1;
    socket.on('error', () => {});
    socket.on('close', () => {
      open -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    received,
    answer: (next) => {
      how = next;
    },
    open: () => open,
  };
}

/** As a library of standardwebhooks.com verifies: any of the signatures may be the one. */
export function isSigned(one: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key)
    .update(`${one.id}.${one.timestamp}.${one.body}`)
    .digest();
  return one.signatures.some((text) => {
    const [version, value = ''] = text.split(',');
    const given = Buffer.from(value, 'base64');
    return version === 'v1' && given.length === 32 && timingSafeEqual(given, expected);
  });
}
