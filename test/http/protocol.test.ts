import { once } from 'node:events';
import net from 'node:net';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startDaemon } from '../../src/daemon/main.ts';
import { problems } from '../../src/domain/errors.ts';
import { openLog } from '../../src/log.ts';
import { eventually } from '../helpers/poll.ts';
import { call, codeOf, type Env, member, send, startHarness } from './harness.ts';
import { buildWorld, slotRequest, type World } from './world.ts';

const harness = await startHarness();
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

type Line = Readonly<Record<string, unknown>>;

/** A second daemon on the same servers whose log can be read. */
async function loggingDaemon(extra: Env = {}) {
  const lines: Line[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).split('\n')) if (line !== '') lines.push(JSON.parse(line));
      done();
    },
  });
  const env = { ...harness.env, PETPRO_ONLY: 'api', PETPRO_LOG_LEVEL: 'info', ...extra };
  const config = loadConfig({ env });
  const daemon = await startDaemon(config, openLog({ level: config.log_level, destination }));
  afterAll(() => daemon.stop());
  return { base: daemon.url, lines };
}

/** Sends bytes and returns all that comes back until the server closes. */
async function exchange(base: string, bytes: string): Promise<string> {
  const socket = net.connect(Number(new URL(base).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return answer;
}

function problemIn(answer: string): Line {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head.toLowerCase()).toContain('content-type: application/problem+json');
  expect(head.toLowerCase()).toContain('x-request-id: ');
  return JSON.parse(body);
}

describe('what the parser refuses', () => {
  it.each([
    ['nonsense', 'hello\r\n\r\n', 'invalid_input'],
    ['a broken header', 'GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n', 'invalid_input'],
    [
      'two lengths',
      'POST /v1/bookings HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      'invalid_input',
    ],
    [
      'a length and chunks (request smuggling)',
      'POST /v1/bookings HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'invalid_input',
    ],
    [
      'huge headers',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      'headers_too_large',
    ],
    [
      'a huge address',
      `GET /${'y'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      'headers_too_large',
    ],
  ] as const)('%s is a problem, not silence', async (_what, bytes, code) => {
    const answer = await exchange(world.base, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${problems[code].status} `));
    expect(problemIn(answer)['code']).toBe(code);
  });

  it('cuts off a client that sends its body drop by drop', async () => {
    const { base } = await loggingDaemon({ PETPRO_REQUEST_TIMEOUT_MS: '1s' });
    const answer = await exchange(
      base,
      'POST /v1/bookings HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
        `authorization: Bearer ${world.tokens.desk}\r\ncontent-length: 100\r\n\r\n{`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (?:408|503) /);
    expect(['request_timeout', 'unavailable']).toContain(problemIn(answer)['code']);
  });
});

describe('addresses that do not exist', () => {
  it.each(['/v1', '/v1/nothing', '/v1/bookings/x/y/z', '/favicon.ico'])('%s', async (address) => {
    const answer = await send(world.base, address);
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({
      status: 404,
      code: 'not_found',
    });
  });
});

describe('request ids and the canonical line', () => {
  it('keeps a sane id, replaces others, and logs one line with who, what and how long', async () => {
    const { base, lines } = await loggingDaemon();
    const trace_id = '0af7651916cd43dd8448eb211c80319c';
    const headers = {
      'x-request-id': 'call-0001',
      traceparent: `00-${trace_id}-b7ad6b7169203331-01`,
      'x-petpro-source': 'cli',
    };
    const body = await slotRequest(world, 'desk');
    const token = world.tokens.desk;
    const done = await call(base, 'create_reservation', { body }, { token, headers });
    expect(done.headers.get('x-request-id')).toBe('call-0001');
    const line = await eventually('the line', () =>
      lines.find((one) => one['event'] === 'http.request'),
    );
    expect(line).toMatchObject({
      level: 'info',
      request_id: 'call-0001',
      trace_id,
      method: 'POST',
      route: '/v1/reservations',
      status: 201,
      role: 'desk',
      source: 'cli',
    });
    expect(line['ms']).toBeTypeOf('number');
    expect(JSON.stringify(lines)).not.toContain(token);

    const reservation_id = member(done.json, 'reservation_id');
    const [entry] = await harness.sql<{ request_id: string; source: string }[]>`
      select request_id, source from reservation_log_entries
      where reservation_id = ${String(reservation_id)}`;
    expect(entry).toEqual({ request_id: 'call-0001', source: 'cli' });

    const odd = await send(base, '/v1/clinics', { headers: { 'x-request-id': 'a b"\\' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    const refused = await eventually('the refusal', () =>
      lines.find((one) => one['status'] === 401),
    );
    expect(refused).toMatchObject({ route: '/v1/clinics', code: 'unauthorized' });
  });
});

describe('the rate limit', () => {
  it('counts each key by itself, says when to come back, and spares the probes', async () => {
    const { base } = await loggingDaemon({ PETPRO_RATE_LIMIT: '20' });
    const one = await harness.addKey('viewer');
    const other = await harness.addKey('viewer');
    const ask = (token: string) => send(base, '/v1/clinics', { token });
    for (let n = 0; n < 20; n += 1) expect((await ask(one)).status).toBe(200);
    const refused = await ask(one);
    expect({ status: refused.status, code: codeOf(refused) }).toEqual({
      status: 429,
      code: 'rate_limited',
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(other)).status).toBe(200);
    for (let n = 0; n < 25; n += 1) expect((await send(base, '/healthz')).status).toBe(200);
  });

  it('counts guesses of tokens against the address', async () => {
    const { base } = await loggingDaemon({ PETPRO_RATE_LIMIT: '20' });
    const codes: (string | null)[] = [];
    for (let n = 0; n < 21; n += 1) {
      codes.push(codeOf(await send(base, '/v1/clinics', { token: `ppk_guess_${n}` })));
    }
    expect(codes.slice(0, 20)).toEqual(Array(20).fill('unauthorized'));
    expect(codes[20]).toBe('rate_limited');
  });
});

describe('pages and probes', () => {
  it('explains each problem on a page that can run nothing', async () => {
    for (const code of Object.keys(problems)) {
      const page = await send(world.base, `/problems/${code.replaceAll('_', '-')}`);
      expect(page.status).toBe(200);
      expect(page.text).toContain(`<code>${code}</code>`);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    }
    expect((await send(world.base, '/problems/nothing')).status).toBe(404);
  });

  it('receives people back from the payment page without a token, in their language', async () => {
    const paid = await send(world.base, '/payment/paid/BP10000127', {
      headers: { 'accept-language': 'id-ID,id;q=0.9,en;q=0.8' },
    });
    expect(paid.status).toBe(200);
    expect(paid.headers.get('content-type')).toContain('text/html');
    expect(paid.text).toContain('Terima kasih');
    expect(paid.text).toContain('BP10000127');
    const left = await send(world.base, '/payment/left/BP10000127');
    expect(left.text).toContain('Not paid yet');
    for (const address of ['/payment/paid/%3Cb%3E', '/payment/won/BP10000127']) {
      expect((await send(world.base, address)).status).toBe(404);
    }
  });

  it('serves the API document, and a page that shows it under a strict policy', async () => {
    const document = await send(world.base, '/openapi.json');
    expect(document.status).toBe(200);
    expect(member(document.json, 'openapi')).toBe('3.1.0');
    const page = await send(world.base, '/docs');
    expect(page.status).toBe(200);
    expect(page.text).toContain('swagger-ui');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("script-src 'self';");
    // Inside a clinic the API may be plain HTTP: its own scripts must load all the same.
    expect(policy).not.toContain('upgrade-insecure-requests');
    const sources = [...page.text.matchAll(/<script src="([^"]+)"/g)].map(([, source]) => source);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect((await send(world.base, source ?? '')).status).toBe(200);
    }
  });

  it('says at / what it is, and where to go on', async () => {
    const root = await send(world.base, '/');
    expect(root.status).toBe(200);
    expect(root.json).toMatchObject({ name: 'petpro', version: expect.stringMatching(/^\d+\./) });
    for (const name of ['docs', 'openapi', 'health', 'ready']) {
      const { status } = await send(world.base, String(member(root.json, name)));
      expect({ name, status }).toEqual({ name, status: 200 });
    }
    const posted = await send(world.base, '/', { method: 'POST', body: {} });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('is alive, is ready, and counts', async () => {
    expect((await send(world.base, '/healthz')).json).toEqual({ status: 'ok' });
    const ready = await send(world.base, '/readyz');
    expect(ready.status).toBe(200);
    expect(ready.json).toMatchObject({ status: 'ok', env: 'dev' });
    const checks = JSON.stringify(member(ready.json, 'checks'));
    for (const name of ['database', 'migrations', 'redis', 'worker.relay', 'worker.sweeper']) {
      expect(checks).toContain(`"${name}"`);
    }
    const metrics = await send(world.base, '/metrics');
    expect(metrics.status).toBe(200);
    expect(metrics.text).toMatch(/petpro_http_request_duration_seconds_count\{route="\/readyz"/);
    expect(metrics.text).toContain('petpro_worker_tick_duration_seconds');
  });

  it('a worker-only daemon answers probes and nothing else', async () => {
    const { base } = await loggingDaemon({ PETPRO_ONLY: 'sweeper' });
    expect((await send(base, '/readyz')).status).toBe(200);
    const answer = await send(base, '/v1/clinics', { token: world.tokens.viewer });
    expect(codeOf(answer)).toBe('not_found');
  });
});
