import { once } from 'node:events';
import net from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { testWebhook } from '../../src/daemon/actions/webhook-endpoints.ts';
import { eventually } from '../helpers/poll.ts';
import { openScene } from './scene.ts';

/** Receivers that speak no proper HTTP: each attempt ends, and says how. */

const { app, admin, add, newClinic } = await openScene();

async function startRaw(speak: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => speak(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/`, sockets };
}

const cases: readonly (readonly [string, (socket: net.Socket) => void, RegExp])[] = [
  ['closes at once', (socket) => socket.destroy(), /socket hang up|without an answer/],
  ['resets', (socket) => socket.resetAndDestroy(), /ECONNRESET|socket hang up/],
  ['says nonsense', (socket) => socket.end('hello\r\n\r\n'), /HPE_|Parse Error/],
  [
    'wants another protocol',
    (socket) => socket.write('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    /without an answer|hang up|reset/i,
  ],
  ['speaks TLS', (socket) => socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 40])), /HPE_|Parse Error/],
  [
    'sends endless headers',
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}\r\n`),
    /HPE_HEADER_OVERFLOW|Parse Error/,
  ],
];

test.each(cases)('one that %s', async (_, speak, said) => {
  const { url } = await startRaw(speak);
  const { webhook_id } = await add(await newClinic(), url);
  const sent = await testWebhook(app, admin(), { webhook_id });
  expect(sent).toMatchObject({ status: 'dead', status_code: null });
  expect(sent.error).toMatch(said);
});

test('one that sends without end costs four kilobytes, and its 200 counts', async () => {
  let written = 0;
  const { url, sockets } = await startRaw((socket) => {
    const chunk = 'x'.repeat(65_536);
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n');
    const pour = () => {
      while (!socket.destroyed && socket.write(chunk)) written += chunk.length;
    };
    socket.on('drain', pour);
    pour();
  });
  const { webhook_id } = await add(await newClinic(), url);
  const sent = await testWebhook(app, admin(), { webhook_id });
  expect(sent).toMatchObject({ status: 'delivered', status_code: 200 });
  expect(sent.response).toHaveLength(500);
  await eventually('we hung up', () => sockets.size === 0);
  expect(written).toBeLessThan(50_000_000);
});

test('one that never answers is given up after ten seconds', async () => {
  const { url, sockets } = await startRaw(() => {});
  const { webhook_id } = await add(await newClinic(), url);
  const sent = await testWebhook(app, admin(), { webhook_id });
  expect(sent).toMatchObject({ status: 'dead', error: 'no answer within 10 s' });
  expect(sent.duration_ms).toBeGreaterThan(9_000);
  expect(sent.duration_ms).toBeLessThan(20_000);
  await eventually('we hung up', () => sockets.size === 0);
}, 40_000);
