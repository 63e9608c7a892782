// Reading and answering HTTP, shared by the three sides of the sandbox.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../domain/errors.ts';
import type { ApiAnswer } from './stripe-api.ts';

const MAX_BODY_BYTES = 1_000_000;

/** The whole body as text; throws when it is larger than any honest request. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new AppError('payload_too_large', 'The body is too large.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function send(response: ServerResponse, answer: ApiAnswer, type: string): void {
  response.writeHead(answer.status, {
    'content-type': type,
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.end(answer.body);
}
