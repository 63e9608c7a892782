import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, problems } from '../../domain/errors.ts';
import type { Log } from '../../log.ts';
import { problem_media_type, problemBody, toAppError } from './problem.ts';
import { requestId } from './request-info.ts';

/**
 * Answers what Node's parser refuses before there is a request: broken bytes, huge headers, slow
 * senders.
 */
export function answerClientErrors(log: Log) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const known = toAppError(error);
    const refusal =
      known.code === 'internal'
        ? new AppError('invalid_input', 'This is not a valid HTTP request.')
        : known;
    const request_id = requestId({ headers: {} });
    const { status } = problems[refusal.code];
    const body = JSON.stringify(problemBody(refusal, request_id));
    log.info('http.refused', { request_id, status, code: refusal.code, reason: error.code });
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
        `content-type: ${problem_media_type}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n` +
        `x-request-id: ${request_id}\r\n` +
        `connection: close\r\n\r\n${body}`,
      // Without this a client that never reads keeps the socket half open.
      () => socket.destroySoon(),
    );
  };
}
