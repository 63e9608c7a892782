// A server that speaks Stripe's wire format, with a pay page and controls: `petpro demo`, tests
// and drills use it.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AppError, problems } from '../domain/errors.ts';
import { answerApi } from './stripe-api.ts';
import { answerControl } from './stripe-control.ts';
import { runJob, type Sandbox } from './stripe-core.ts';
import { makeFaults } from './stripe-faults.ts';
import { readBody, send } from './stripe-http.ts';
import { makeJobs } from './stripe-jobs.ts';
import { servePage } from './stripe-pay.ts';
import { keepSnapshots, loadState } from './stripe-snapshot.ts';
import { makeCourier, type Receiver } from './stripe-webhooks.ts';

type SandboxLog = (event: string, fields: Readonly<Record<string, unknown>>) => void;

export type StripeSandboxOptions = {
  /** 0 or absent: a free port. */
  readonly port?: number;
  /**
   * Where webhooks go; null until a receiver is known (`setWebhookUrl`, `POST /sandbox/webhook`).
   */
  readonly webhook_url: string | null;
  readonly webhook_secret: string;
  readonly secret_key: string;
  /** The name on the pay page. */
  readonly merchant?: string;
  /** JSON snapshot, so that a restarted sandbox keeps its sessions. */
  readonly state_file?: string;
  readonly log?: SandboxLog;
};

export type StripeSandbox = {
  readonly url: string;
  readonly port: number;
  readonly setWebhookUrl: (url: string) => void;
  readonly stop: () => Promise<void>;
};

async function serveApi(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const body = await readBody(request);
  const hit = sandbox.faults.hit(url.pathname);
  if (hit !== null && hit.phase === 'before') {
    if (!(await suffer(hit.delay_ms, hit.status, response))) return;
  }
  const answer = answerApi(sandbox, {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.search.slice(1),
    body,
    headers: request.headers,
  });
  if (hit !== null && hit.phase === 'after') {
    if (!(await suffer(hit.delay_ms, hit.status, response))) return;
  }
  send(response, answer, 'application/json');
}

/** Lets a fault act. False when it has answered (or cut the connection) and nothing may follow. */
async function suffer(
  delay_ms: number,
  status: number | null,
  response: ServerResponse,
): Promise<boolean> {
  if (delay_ms > 0) {
    const closed = once(response, 'close');
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delay_ms);
    await Promise.race([promise, closed]);
    clearTimeout(timer);
    if (response.destroyed) return false;
  }
  if (status === null) return true;
  if (status === 0) {
    response.destroy();
    return false;
  }
  const type = status === 429 ? 'invalid_request_error' : 'api_error';
  const code = status === 429 ? { code: 'rate_limit' } : {};
  const error = { type, ...code, message: 'The sandbox was told to fail.' };
  send(response, { status, body: JSON.stringify({ error }), headers: {} }, 'application/json');
  return false;
}

async function serveControl(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  try {
    const text = await readBody(request);
    const answer = await answerControl(sandbox, {
      method: request.method ?? 'GET',
      steps: url.pathname.split('/').slice(2).map(decodeURIComponent),
      query: url.searchParams,
      body: text === '' ? {} : parseJson(text),
    });
    const body = JSON.stringify(answer, null, 2);
    send(response, { status: 200, body, headers: {} }, 'application/json');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { status, title } = problems[error.code];
    const wire = typeof error.facts['status'] === 'number' ? error.facts['status'] : status;
    const body = JSON.stringify({
      ...error.facts,
      code: error.code,
      title,
      detail: error.detail,
      status: wire,
    });
    send(response, { status: wire, body, headers: {} }, 'application/problem+json');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid_input', 'The body is not JSON.', {}, { cause });
  }
}

async function serve(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const area = url.pathname.split('/')[1];
  if (area === 'v1') return serveApi(sandbox, request, response, url);
  if (area === 'sandbox') return serveControl(sandbox, request, response, url);
  if (area === 'pay') return servePage(sandbox, request, response, url);
  send(response, { status: 404, body: 'Nothing here.\n', headers: {} }, 'text/plain');
}

/**
 * Starts the sandbox on 127.0.0.1. `url` serves the API (`/v1`), the controls (`/sandbox`) and the
 * pay pages;
 * `stop` ends waiting webhooks, writes the snapshot and closes every connection.
 */
export async function startStripeSandbox(options: StripeSandboxOptions): Promise<StripeSandbox> {
  const log = options.log ?? (() => undefined);
  const state = await loadState(options.state_file);
  const receiver: Receiver = { url: options.webhook_url, secrets: [options.webhook_secret] };
  let base_url = '';
  const snapshots = keepSnapshots(state, options.state_file);
  const jobs = makeJobs(state, (job) => runJob(sandbox, job).finally(snapshots.touch));
  const courier = makeCourier(state, receiver, jobs.schedule);
  const sandbox: Sandbox = {
    state,
    receiver,
    jobs,
    courier,
    faults: makeFaults(),
    secret_key: options.secret_key,
    merchant: options.merchant ?? 'PetPro',
    baseUrl: () => base_url,
    settings: { refund_status: 'succeeded' },
  };
  const server = createServer((request, response) => {
    const served = serve(sandbox, request, response).finally(snapshots.touch);
    served.catch((error: unknown) => {
      log('stripe_sandbox.error', { path: request.url, error: String(error) });
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  base_url = `http://127.0.0.1:${port}`;
  jobs.start();
  log('stripe_sandbox.started', { url: base_url });
  return {
    url: base_url,
    port,
    setWebhookUrl(url) {
      receiver.url = url;
    },
    async stop() {
      courier.stop();
      await jobs.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await snapshots.stop();
    },
  };
}
