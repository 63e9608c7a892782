import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Endpoint, endpoints } from '../../src/domain/api.ts';
import { call, codeOf, type Request, send, startHarness } from './harness.ts';
import { buildWorld, callerOf, sample_names, samples, type World } from './world.ts';

const harness = await startHarness();
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

/** Text that databases, parsers and terminals stumble over. */
const nasty = fc.constantFrom(
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e',
  "'; drop table bookings; --",
  '%',
  '../../etc/passwd',
  '9'.repeat(400),
  '-1',
  '1e309',
  'NaN',
  'null',
  '2026-02-30',
  '0000-00-00',
  '9999-12-31',
  '+275760-09-13',
  '24:00',
  '{}',
  '[]',
  'BP00000000',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
);
const text = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 60 }), fc.uuid());
const value = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, [], {}, [1], { a: 1 }, Number.MAX_SAFE_INTEGER, -0, 2 ** 31, 2 ** 63),
);

/**
 * A valid request with some of its fields replaced: random bytes alone never get past the parser.
 */
async function spoil(
  request: Request,
  garbage: readonly (readonly [number, unknown])[],
): Promise<Request> {
  const params = { ...request.params };
  const query = { ...request.query };
  const body: Record<string, unknown> = { ...Object(request.body) };
  const spots = [
    ...Object.keys(params).map((key) => ['params', key] as const),
    ...Object.keys(query).map((key) => ['query', key] as const),
    ...Object.keys(body).map((key) => ['body', key] as const),
    ['query', 'limit'] as const,
    ['query', 'cursor'] as const,
    ['query', 'date'] as const,
    ['query', 'status'] as const,
    ['body', 'quantity'] as const,
    ['body', 'notes'] as const,
    ['body', 'reason'] as const,
    ['body', 'expected_version'] as const,
    ['body', 'lock_id'] as const,
  ];
  for (const [pick, junk] of garbage) {
    const [part, key] = spots[pick % spots.length] ?? ['body', 'x'];
    if (part === 'body') body[key] = junk;
    else if (part === 'query') query[key] = String(junk).toWellFormed();
    else params[key] = String(junk).toWellFormed();
  }
  return { params, query, body };
}

describe.each(sample_names)('%s', (name) => {
  it('answers garbage with a problem of the table, never with a 5xx', async () => {
    const endpoint: Endpoint = endpoints[name];
    const token = world.tokens[callerOf(name)];
    const junk = fc.array(fc.tuple(fc.nat(1_000), value), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(junk, async (garbage) => {
        const request = await spoil(await samples[name](world, callerOf(name)), garbage);
        const answer = await call(world.base, name, request, { token });
        expect(answer.status, answer.text).toBeLessThan(500);
        if (answer.status >= 400) expect(codeOf(answer)).not.toBeNull();
        else expect(answer.status).toBe(endpoint.success);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the door itself', () => {
  it('answers any address and any bytes with a problem', async () => {
    const address = fc.oneof(
      fc.webPath(),
      text.map((part) => `/v1/clinics/${encodeURIComponent(part.toWellFormed())}`),
      fc.constantFrom('/%', '/v1/bookings/%E0%A4%A', '//', '/v1//bookings', '/v1/clinics?limit=%'),
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS');
    const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => new Uint8Array(array));
    await fc.assert(
      fc.asyncProperty(address, method, bytes, async (path, verb, raw_body) => {
        const is_read = verb === 'GET';
        const answer = await send(world.base, path, {
          method: verb,
          token: world.tokens.admin,
          ...(is_read ? {} : { raw_body }),
        });
        expect(answer.status, answer.text).toBeLessThan(500);
        if (answer.status >= 400) expect(codeOf(answer)).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('refuses forged and foreign payment events', async () => {
    const event = fc.record({ id: text, type: text, data: fc.record({ object: value }) });
    await fc.assert(
      fc.asyncProperty(event, text, async (body, junk) => {
        const signature = junk.replaceAll(/[^\x20-\x7e]/g, '');
        const answer = await send(world.base, '/v1/webhooks/payment', {
          method: 'POST',
          body,
          headers: { 'stripe-signature': `t=1,v1=${signature}` },
        });
        expect({ status: answer.status, code: codeOf(answer) }).toEqual({
          status: 400,
          code: 'invalid_input',
        });
      }),
      { numRuns: 50 },
    );
  });
});
