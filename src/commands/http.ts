import type { Agent } from 'node:http';

/** One HTTP request, for programs that start, ask once and end. */

export type HttpRequest = {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
  /** Ends the request; its reason is what the caller catches. */
  readonly signal: AbortSignal;
  /** For programs that stay: the next request uses the same connection. */
  readonly keep_alive?: boolean;
};

export type HttpAnswer = {
  readonly status: number;
  readonly text: string;
  /** Of the daemon; null where the answer is none of PetPro's. */
  readonly version: string | null;
};

/** Far above any answer of ours: a strange server must not fill the memory. */
const ANSWER_MAX_BYTES = 64 * 1_048_576;
const IDLE_CONNECTIONS_MAX = 4;

// `import 'node:http'` reads every export, and some of them load fetch, WebSocket, HTTP/2 and TLS:
// 40 ms of a command that takes 80. Asked for this way, the module loads alone.
const plain = () => process.getBuiltinModule('node:http');
const secure = () => process.getBuiltinModule('node:https');

const agents = new Map<string, Agent>();

/** The shared connections of a program that stays. */
function agentOf(is_secure: boolean): Agent {
  const name = is_secure ? 'https' : 'http';
  const settings = { keepAlive: true, maxFreeSockets: IDLE_CONNECTIONS_MAX };
  const agent =
    agents.get(name) ??
    (is_secure ? new (secure().Agent)(settings) : new (plain().Agent)(settings));
  agents.set(name, agent);
  return agent;
}

/** Sends it and reads the whole answer, whatever its status. Follows no redirect. */
export async function askHttp(request: HttpRequest): Promise<HttpAnswer> {
  const { url, method = 'GET', headers = {}, body = null, signal } = request;
  const is_secure = url.startsWith('https:');
  const agent = request.keep_alive === true ? agentOf(is_secure) : false;
  // Said outright: Node announces no length with a DELETE, and its body would be taken for more.
  const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options = { method, headers: { ...headers, ...length }, signal, agent };
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const outgoing = (is_secure ? secure() : plain()).request(url, options, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > ANSWER_MAX_BYTES) response.destroy(new Error('The answer has no end.'));
        });
        response.on('error', reject);
        // Cut in the middle: `end` never comes, and `error` not always.
        response.on('close', () => reject(new Error('The answer was cut.')));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const { 'x-petpro-version': told } = response.headers;
          const version = typeof told === 'string' ? told : null;
          resolve({ status: response.statusCode ?? 0, text, version });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body ?? undefined);
    });
  } catch (error) {
    if (signal.aborted && signal.reason instanceof Error) throw signal.reason;
    throw error;
  }
}
