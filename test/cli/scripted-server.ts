import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

export type Scripted = {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** Settles with the first request. */
  readonly asked: Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** `hang` never answers; `cut` drops the connection. */
export type Answer =
  | {
      readonly status: number;
      readonly body: unknown;
      readonly type?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'hang'
  | 'cut';

function give(answer: Answer, response: ServerResponse): void {
  if (answer === 'hang') return;
  if (answer === 'cut') {
    response.destroy();
    return;
  }
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  response
    .writeHead(answer.status, {
      'content-type': answer.type ?? 'application/json',
      ...answer.headers,
    })
    .end(text);
}

/** A server that misbehaves on cue, for what the real daemon never does on demand. */
export async function scriptedServer(answers: readonly Answer[]): Promise<Scripted> {
  const seen: Seen[] = [];
  const left = [...answers];
  const asked = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      asked.resolve();
      seen.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      give(left.shift() ?? { status: 500, body: 'the script is over' }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    asked: asked.promise,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
