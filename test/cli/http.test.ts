import { expect, test } from 'vitest';
import { askHttp } from '../../src/commands/http.ts';
import { scriptedServer } from './scripted-server.ts';

const patient = () => AbortSignal.timeout(5_000);

test('gives status and text of any answer, and follows no redirect', async () => {
  await using server = await scriptedServer([
    { status: 200, body: 'sehat 🐾', type: 'text/plain' },
    { status: 302, body: 'elsewhere', type: 'text/plain' },
  ]);
  const ask = () => askHttp({ url: server.url, signal: patient() });
  expect(await ask()).toEqual({ status: 200, text: 'sehat 🐾', version: null });
  expect(await ask()).toEqual({ status: 302, text: 'elsewhere', version: null });
  expect(server.seen[0]?.headers.connection).toBe('close');
});

test('sends what it is given, and keeps the connection for programs that stay', async () => {
  await using server = await scriptedServer([{ status: 200, body: 'ok' }]);
  await askHttp({
    url: server.url,
    method: 'PUT',
    headers: { 'x-petpro-source': 'tui' },
    body: '{"a":"é"}',
    keep_alive: true,
    signal: patient(),
  });
  expect(server.seen[0]).toMatchObject({ method: 'PUT', body: '{"a":"é"}' });
  expect(server.seen[0]?.headers).toMatchObject({
    'content-length': '10',
    'x-petpro-source': 'tui',
    connection: 'keep-alive',
  });
});

test('an answer that never comes ends with the reason of the signal', async () => {
  await using server = await scriptedServer(['hang', 'cut']);
  const late = askHttp({ url: server.url, signal: AbortSignal.timeout(50) });
  await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
  const cut = askHttp({ url: server.url, signal: patient() });
  await expect(cut).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('nobody there and no such scheme are errors, too', async () => {
  const closed = askHttp({ url: 'http://127.0.0.1:9', signal: patient() });
  await expect(closed).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const tls = askHttp({ url: 'https://127.0.0.1:9', signal: patient() });
  await expect(tls).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
