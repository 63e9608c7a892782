import { expect, test } from 'vitest';
import { createClient } from '../../src/commands/client.ts';
import { AppError } from '../../src/domain/errors.ts';
import { type Answer, scriptedServer } from './scripted-server.ts';

const id = '019aa000-0000-7000-8000-000000000001';
const ok: Answer = { status: 200, body: { success: true } };
const busy: Answer = {
  status: 503,
  type: 'application/problem+json',
  body: {
    code: 'unavailable',
    detail: 'The database is away.',
    retry_after_ms: 1,
    instance: 'r-1',
  },
};

const client = (url: string, more: { timeout_ms?: number; signal?: AbortSignal } = {}) =>
  createClient({ url, token: 'secret-token', source: 'cli', timeout_ms: 5_000, ...more });

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error;
  throw error;
}

test('splits fields into path and body, and says who asks', async () => {
  await using server = await scriptedServer([ok]);
  await client(server.url).call('cancel_reservation', { reservation_id: id, reason: 'hung up' });
  const [request] = server.seen;
  expect(request).toMatchObject({
    method: 'POST',
    path: `/v1/reservations/${id}/cancel`,
    body: '{"reason":"hung up"}',
    headers: { authorization: 'Bearer secret-token', 'x-petpro-source': 'cli' },
  });
  expect(request?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
});

test('puts the fields of a read into the query, leaving out what is not said', async () => {
  await using server = await scriptedServer([
    { status: 200, body: { items: [], next_cursor: null } },
  ]);
  await client(server.url).call('list_slots', {
    service_id: id,
    date: '2026-11-20',
    staff_id: undefined,
  });
  expect(server.seen[0]?.path).toBe(`/v1/services/${id}/slots?date=2026-11-20`);
  expect(server.seen[0]?.headers['idempotency-key']).toBeUndefined();
});

test('asks again with the same key when the answer is lost or the server asks for patience', async () => {
  await using server = await scriptedServer(['cut', busy, ok]);
  await client(server.url).call('cancel_reservation', { reservation_id: id });
  const keys = server.seen.map((request) => request.headers['idempotency-key']);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test('gives up after three tries', async () => {
  await using server = await scriptedServer([busy, busy, busy, ok]);
  const error = await failureOf(client(server.url).call('get_reservation', { reservation_id: id }));
  expect(error).toMatchObject({ code: 'unavailable', detail: 'The database is away.' });
  expect(error.facts).toMatchObject({ request_id: 'r-1' });
  expect(server.seen).toHaveLength(3);
});

test('never asks again after a decision', async () => {
  const taken = {
    status: 409,
    body: { code: 'slot_taken', detail: 'Gone.', nearest: [{ time: '11:30' }] },
  };
  await using server = await scriptedServer([taken, ok]);
  const request = { service_id: id, pet_id: id, slot_id: id };
  const error = await failureOf(client(server.url).call('create_booking', request));
  expect(error.code).toBe('slot_taken');
  expect(error.facts).toEqual({ nearest: [{ time: '11:30' }] });
  expect(server.seen).toHaveLength(1);
});

test('knows a strange server for what it is', async () => {
  await using server = await scriptedServer([
    { status: 200, body: '<html>hello</html>', type: 'text/html' },
    { status: 404, body: '<html>no</html>', type: 'text/html' },
    { status: 409, body: { code: 'from_the_future', detail: 'New rule.' } },
  ]);
  const call = async () =>
    await failureOf(client(server.url).call('get_reservation', { reservation_id: id }));
  expect(await call()).toMatchObject({ code: 'invalid_input' });
  expect(await call()).toMatchObject({ code: 'not_found' });
  expect(await call()).toMatchObject({
    code: 'conflict',
    facts: { server_code: 'from_the_future' },
  });
});

test('waits as long as it is told and not longer', async () => {
  await using server = await scriptedServer(['hang']);
  const slow = client(server.url, { timeout_ms: 60 });
  const error = await failureOf(slow.call('get_reservation', { reservation_id: id }));
  expect(error.code).toBe('unavailable');
  expect(error.detail).toContain('did not answer within 60 ms');
  expect(server.seen).toHaveLength(1);
});

test('stops at once when the person does', async () => {
  await using server = await scriptedServer(['hang']);
  const stop = new AbortController();
  const call = client(server.url, { signal: stop.signal }).call('get_reservation', {
    reservation_id: id,
  });
  stop.abort(130);
  expect(await failureOf(call)).toMatchObject({ code: 'cancelled' });
});

test('says the address when nobody listens, never the token', async () => {
  const server = await scriptedServer([]);
  await server[Symbol.asyncDispose]();
  const error = await failureOf(client(server.url).call('get_reservation', { reservation_id: id }));
  expect(error.detail).toBe(`No PetPro daemon answers at ${server.url} (ECONNREFUSED).`);
  expect(JSON.stringify(error)).not.toContain('secret-token');
});
