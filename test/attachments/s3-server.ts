import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

/** A bucket on a socket. It checks signatures by itself, from the published rules of SigV4. */
export type S3Server = {
  readonly endpoint: string;
  readonly objects: Map<string, { readonly bytes: Buffer; readonly type: string; written: Date }>;
  /** What it was asked, as `PUT /bucket/key 200`. */
  readonly calls: string[];
  /** The next so many requests are answered with that status. */
  fail: (times: number, status: number) => void;
  readonly stop: () => Promise<void>;
};

export const s3_keys = {
  access_key: 'AKTEST',
  secret_key: 'secret of a test',
  region: 'eu-test-1',
};

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string) =>
  createHmac('sha256', key).update(text).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Null when the signature is right, else the code that S3 answers. */
function judge(request: IncomingMessage, body: Buffer): string | null {
  const { authorization = '', host = '' } = request.headers;
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const match = form.exec(authorization);
  if (!match) return 'AccessDenied';
  const [, key, day = '', region = '', signed = '', signature] = match;
  if (key !== s3_keys.access_key) return 'InvalidAccessKeyId';
  if (region !== s3_keys.region) return 'AuthorizationHeaderMalformed';
  const date = String(request.headers['x-amz-date']);
  const sent = Temporal.Instant.from(
    date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  const off = Temporal.Now.instant().since(sent).total('minutes');
  if (Math.abs(off) > 15 || !date.startsWith(day)) return 'RequestTimeTooSkewed';
  const payload = String(request.headers['x-amz-content-sha256']);
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body))
    return 'XAmzContentSHA256Mismatch';
  const url = new URL(request.url ?? '/', `http://${host}`);
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const names = signed.split(';');
  if (!names.includes('host') || !names.includes('x-amz-content-sha256')) return 'AccessDenied';
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('');
  const canonical = [request.method, url.pathname, query, headers, signed, payload].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const day_key = hmac(`AWS4${s3_keys.secret_key}`, day);
  const signing = hmac(hmac(hmac(day_key, region), 's3'), 'aws4_request');
  return hmac(signing, text).toString('hex') === signature ? null : 'SignatureDoesNotMatch';
}

export async function startS3(bucket: string): Promise<S3Server> {
  const objects: S3Server['objects'] = new Map();
  const calls: string[] = [];
  let failing = { times: 0, status: 500 };

  function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): ServerResponse {
    const url = new URL(request.url ?? '/', 'http://x');
    const say = (status: number, text = '') => {
      calls.push(`${request.method} ${url.pathname} ${status}`);
      response.writeHead(status, { 'content-type': 'application/xml' });
      return response.end(request.method === 'HEAD' ? '' : text);
    };
    if (failing.times > 0) {
      failing.times -= 1;
      return say(failing.status, '<Error><Code>SlowDown</Code></Error>');
    }
    const wrong = judge(request, body);
    if (wrong !== null) return say(403, `<Error><Code>${wrong}</Code></Error>`);
    if (url.pathname === `/${bucket}`) return say(200, listing(url.searchParams));
    const key = url.pathname.slice(bucket.length + 2);
    const found = objects.get(key);
    switch (request.method) {
      case 'PUT': {
        if (request.headers['content-length'] === undefined) return say(411);
        const type = String(request.headers['content-type']);
        objects.set(key, { bytes: body, type, written: new Date() });
        return say(200);
      }
      case 'DELETE':
        objects.delete(key);
        return say(204);
      default: {
        if (!found) return say(404, '<Error><Code>NoSuchKey</Code></Error>');
        calls.push(`${request.method} ${url.pathname} 200`);
        response.writeHead(200, { 'content-type': found.type });
        return response.end(request.method === 'HEAD' ? '' : found.bytes);
      }
    }
  }

  function listing(query: URLSearchParams): string {
    const after = query.get('continuation-token') ?? '';
    const max = Number(query.get('max-keys'));
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
      .toSorted();
    const page = keys.slice(0, max);
    const contents = page.map((key) => {
      const written = objects.get(key)?.written.toISOString();
      return `<Contents><Key>${key}</Key><LastModified>${written}</LastModified></Contents>`;
    });
    const next = page.at(-1);
    const more =
      keys.length > page.length ? `<NextContinuationToken>${next}</NextContinuationToken>` : '';
    return `<?xml version="1.0"?><ListBucketResult>${contents.join('')}${more}</ListBucketResult>`;
  }

  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  afterAll(stop);
  const fail = (times: number, status: number) => {
    failing = { times, status };
  };
  return { endpoint: `http://127.0.0.1:${port}`, objects, calls, fail, stop };
}
