import { once } from 'node:events';
import http from 'node:http';

/** A provider that speaks HTTP: keeps what it is told, and answers as a test says. */

export type Told = {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
};

export type Answer =
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Takes the request and never says a word. */
  | 'hang';

export type HttpSink = {
  readonly url: string;
  readonly told: Told[];
  /** From now on; the default is 201 with an empty object. */
  answer: (told: Told) => Answer;
  readonly stop: () => Promise<void>;
};

export async function startHttpSink(): Promise<HttpSink> {
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { method = '', url = '', headers } = request;
    const told = { method, path: url, headers, body: Buffer.concat(chunks) };
    sink.told.push(told);
    const answer = sink.answer(told);
    if (answer === 'hang') return;
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.body ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const sink: HttpSink = {
    url: `http://127.0.0.1:${address.port}`,
    told: [],
    answer: () => ({ status: 201 }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return sink;
}
