import { beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from '../../src/daemon/http/openapi.ts';
import { type Endpoint, endpoints } from '../../src/domain/api.ts';
import { problems } from '../../src/domain/errors.ts';
import { mayAccess, roles } from '../../src/domain/roles.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { addSlot } from '../helpers/database.ts';
import { type Answer, addressOf, call, codeOf, member, send, startHarness } from './harness.ts';
import {
  buildWorld,
  callerOf,
  freshBooking,
  freshHold,
  freshSlot,
  must,
  sample_names,
  samples,
  slotRequest,
  stateOf,
  unknown_id,
  type World,
} from './world.ts';

// No workers: what they do on their own would look like the effect of a request.
const harness = await startHarness({ PETPRO_ONLY: 'api' });
let world: World;
beforeAll(async () => {
  world = await buildWorld(harness);
});

const endpointOf = (name: keyof typeof endpoints): Endpoint => endpoints[name];
const mutations = sample_names.filter((name) => endpointOf(name).method !== 'GET');
const with_ids = sample_names.filter((name) => endpointOf(name).path.includes('{'));

/** A well-formed problem of that code, with the status of the table and the request id. */
function expectProblem(answer: Answer, code: keyof typeof problems): void {
  expect({ code: codeOf(answer), status: answer.status, text: answer.text }).toMatchObject({
    code,
    status: problems[code].status,
  });
  expect(member(answer.json, 'instance')).toBe(answer.headers.get('x-request-id'));
  expect(member(answer.json, 'title')).toBe(problems[code].title);
  expect(answer.text).not.toMatch(/\bat .*\.ts:|node_modules|select |insert into/);
}

/** Runs it and checks that the database is as before. */
async function changesNothing<T>(work: () => Promise<T>): Promise<T> {
  const before = await stateOf(harness);
  const result = await work();
  expect(await stateOf(harness)).toBe(before);
  return result;
}

describe.each(sample_names)('%s', (name) => {
  const endpoint = endpointOf(name);

  it('refuses those who show no token, or a bad one', async () => {
    const request = await samples[name](world, 'desk');
    await changesNothing(async () => {
      const none = await call(world.base, name, request);
      expectProblem(none, 'unauthorized');
      expect(none.headers.get('www-authenticate')).toMatch(/^Bearer/);
      const unknown_key = `ppk_00000000_${'0'.repeat(64)}`;
      for (const token of [unknown_key, 'nonsense', 'a.b.c', 'x'.repeat(9_000)]) {
        expectProblem(await call(world.base, name, request, { token }), 'unauthorized');
      }
    });
  });

  it.each(roles)('answers the role %s as the table says', async (role) => {
    const token = world.tokens[role];
    const request = await samples[name](world, role);
    if (!mayAccess(role, endpoint.access)) {
      const answer = await changesNothing(() => call(world.base, name, request, { token }));
      expectProblem(answer, 'forbidden');
      return;
    }
    const answer = await call(world.base, name, request, { token });
    expect({ status: answer.status, text: answer.text }).toMatchObject({
      status: endpoint.success,
    });
    const parsed = shapes[name].output.safeParse(answer.json);
    expect(parsed.error?.issues ?? []).toEqual([]);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('refuses unknown fields and says which', async () => {
    const request = await samples[name](world, callerOf(name));
    const token = world.tokens[callerOf(name)];
    await changesNothing(async () => {
      const query = { ...request.query, surprise: '1' };
      const answer = await call(world.base, name, { ...request, query }, { token });
      expectProblem(answer, 'invalid_input');
      expect(answer.text).toContain('"query.surprise"');
      if (endpoint.method === 'GET') return;
      const body = { ...Object(request.body), surprise: 1 };
      const second = await call(world.base, name, { ...request, body }, { token });
      expectProblem(second, 'invalid_input');
      expect(second.text).toContain('"body.surprise"');
    });
  });

  it('answers every wrong method with 405 and what is allowed', async () => {
    const { address } = addressOf(name, await samples[name](world, 'admin'));
    const taken = Object.values<Endpoint>(endpoints).flatMap(({ method, path, aliases = [] }) =>
      [{ method, path }, ...aliases].flatMap((one) =>
        one.path === endpoint.path ? [one.method] : [],
      ),
    );
    const answer = await send(world.base, address, { method: 'PATCH', token: world.tokens.admin });
    expectProblem(answer, 'method_not_allowed');
    for (const method of taken) expect(answer.headers.get('allow')).toContain(method);
  });
});

describe.each(mutations)('%s, as a mutation', (name) => {
  const endpoint = endpointOf(name);
  const who = mayAccess('desk', endpoint.access) ? 'desk' : callerOf(name);

  it('refuses bodies that are no JSON, of another type, or too large', async () => {
    const request = await samples[name](world, who);
    const token = world.tokens[who];
    await changesNothing(async () => {
      for (const raw_body of ['{', '[1', '{"a":1}}', '\u0000', '{"__proto__":{"a":1}}']) {
        const answer = await call(world.base, name, request, { token, raw_body });
        expectProblem(answer, 'invalid_input');
      }
      for (const raw_body of ['[]', '"text"', '7', 'null']) {
        const answer = await call(world.base, name, request, { token, raw_body });
        expectProblem(answer, 'invalid_input');
      }
      const headers = { 'content-type': 'text/plain' };
      const typed = await call(world.base, name, request, { token, headers, raw_body: '{}' });
      expectProblem(typed, 'unsupported_media_type');
      const raw_body = JSON.stringify({ text: 'x'.repeat(1_100_000) });
      const large = await call(world.base, name, request, { token, raw_body });
      expectProblem(large, 'payload_too_large');
    });
  });

  it('has one effect and one answer for one Idempotency-Key', async () => {
    const request = await samples[name](world, who);
    const sent = { token: world.tokens[who], headers: { 'idempotency-key': `key of ${name}` } };
    const first = await call(world.base, name, request, sent);
    expect(first.status).toBe(endpoint.success);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    const after_first = await stateOf(harness);
    const second = await call(world.base, name, request, sent);
    expect(second.status).toBe(endpoint.success);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await stateOf(harness)).toBe(after_first);
    const without = ({ json }: Answer) => ({ ...Object(json), replayed: null });
    expect(without(second)).toEqual(without(first));
  });

  it('refuses an Idempotency-Key that is no key', async () => {
    const request = await samples[name](world, who);
    const token = world.tokens[who];
    await changesNothing(async () => {
      for (const key of ['', 'k'.repeat(201), 'caf\u00e9']) {
        const sent = { token, headers: { 'idempotency-key': key } };
        expectProblem(await call(world.base, name, request, sent), 'invalid_input');
      }
    });
  });
});

describe.each(with_ids)('%s, of something', (name) => {
  it('answers 404 for an unknown id and 400 for no id', async () => {
    const request = await samples[name](world, callerOf(name));
    const token = world.tokens[callerOf(name)];
    const with_id = (id: string) => ({
      ...request,
      params: Object.fromEntries(Object.keys(request.params ?? {}).map((key) => [key, id])),
    });
    await changesNothing(async () => {
      expectProblem(await call(world.base, name, with_id(unknown_id()), { token }), 'not_found');
      for (const id of ['1', 'x y', '%00', "' or 1=1 --", 'BP1', '..']) {
        const answer = await call(world.base, name, with_id(id), { token });
        // 405: the client itself turns `..` into another address, which may be one of another method.
        expect([400, 404, 405]).toContain(answer.status);
      }
      expectProblem(
        await call(world.base, name, with_id('a'.repeat(300)), { token }),
        'uri_too_long',
      );
    });
  });
});

describe('what is not yours', () => {
  it.each(['get_reservation', 'extend_reservation', 'cancel_reservation'] as const)(
    '%s of another owner does not exist',
    async (name) => {
      const request = { params: { reservation_id: await freshHold(world) } };
      const answer = await changesNothing(() =>
        call(world.base, name, request, { token: world.other_customer }),
      );
      expectProblem(answer, 'not_found');
    },
  );

  it.each(['get_booking', 'cancel_booking'] as const)(
    '%s of another owner does not exist',
    async (name) => {
      const request = { params: { booking_id: await freshBooking(world) } };
      const answer = await changesNothing(() =>
        call(world.base, name, request, { token: world.other_customer }),
      );
      expectProblem(answer, 'not_found');
    },
  );

  it.each(['create_reservation', 'create_booking'] as const)(
    '%s refuses a pet or an owner of somebody else',
    async (name) => {
      const own = await slotRequest(world, 'customer');
      const token = world.tokens.customer;
      await changesNothing(async () => {
        const pet = { body: { ...own, pet_id: world.other_owner.pet_id } };
        expectProblem(await call(world.base, name, pet, { token }), 'not_found');
        const user = { body: { ...own, user_id: world.other_owner.user_id } };
        expectProblem(await call(world.base, name, user, { token }), 'not_found');
        const both = { body: { ...own, ...world.other_owner } };
        expectProblem(await call(world.base, name, both, { token }), 'not_found');
      });
    },
  );

  it('a customer lists own bookings only, whatever the filter says', async () => {
    await freshBooking(world);
    const query = { user_id: world.owner.user_id };
    const mine = await call(
      world.base,
      'list_bookings',
      { query },
      { token: world.tokens.customer },
    );
    expect(member(mine.json, 'items')).not.toEqual([]);
    const token = world.other_customer;
    const theirs = await call(world.base, 'list_bookings', { query }, { token });
    if (theirs.status === 200) expect(member(theirs.json, 'items')).toEqual([]);
    else expect([403, 404]).toContain(theirs.status);
  });

  it('a desk of one clinic cannot reach into another', async () => {
    const token = world.other_desk;
    const reservation_id = await freshHold(world);
    const booking_id = await freshBooking(world);
    const body = await slotRequest(world, 'desk');
    await changesNothing(async () => {
      const answers = [
        await call(world.base, 'get_day', { params: { clinic_id: world.clinic.id } }, { token }),
        await call(world.base, 'get_reservation', { params: { reservation_id } }, { token }),
        await call(world.base, 'cancel_reservation', { params: { reservation_id } }, { token }),
        await call(world.base, 'extend_reservation', { params: { reservation_id } }, { token }),
        await call(world.base, 'get_booking', { params: { booking_id } }, { token }),
        await call(world.base, 'cancel_booking', { params: { booking_id } }, { token }),
        await call(world.base, 'create_reservation', { body }, { token }),
        await call(world.base, 'create_booking', { body }, { token }),
      ];
      for (const answer of answers) expectProblem(answer, 'not_found');
    });
  });
});

describe('slots that cannot be booked', () => {
  it.each(['create_reservation', 'create_booking'] as const)('%s says why', async (name) => {
    const { sql } = harness;
    const token = world.tokens.customer;
    const own = await slotRequest(world, 'customer');
    const past = await addSlot(sql, world.clinic, world.service_id, { in_hours: -2 });
    await changesNothing(async () => {
      const at = (slot_id: string) => ({ body: { ...own, slot_id } });
      expectProblem(await call(world.base, name, at(past), { token }), 'invalid_slot');
      expectProblem(await call(world.base, name, at(unknown_id()), { token }), 'not_found');
      const elsewhere = { body: { ...own, service_id: world.other_service_id } };
      const answer = await call(world.base, name, elsewhere, { token });
      expect([400, 404]).toContain(answer.status);
      const too_many = { body: { ...own, quantity: 2 } };
      expectProblem(await call(world.base, name, too_many, { token }), 'policy_refused');
      const no_slot = { body: { ...own, slot_id: undefined } };
      expectProblem(await call(world.base, name, no_slot, { token }), 'invalid_input');
    });
  });

  it('a taken slot is 409, with when to come back', async () => {
    const slot_id = await freshSlot(world);
    const { service_id, owner, other_owner } = world;
    const first = { body: { service_id, slot_id, pet_id: owner.pet_id } };
    const token = world.tokens.customer;
    expect((await call(world.base, 'create_reservation', first, { token })).status).toBe(201);
    const second = { body: { service_id, slot_id, pet_id: other_owner.pet_id } };
    const refused = await changesNothing(() =>
      call(world.base, 'create_reservation', second, { token: world.other_customer }),
    );
    expect(['slot_taken', 'slot_locked']).toContain(codeOf(refused));
    expect(refused.status).toBe(409);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('customers cannot declare a booking paid', async () => {
    const body = { ...(await slotRequest(world, 'customer')), payment_method: 'cash' };
    const token = world.tokens.customer;
    const answer = await changesNothing(() =>
      call(world.base, 'create_booking', { body }, { token }),
    );
    expectProblem(answer, 'payment_method_unsupported');
  });
});

describe('idempotency keys', () => {
  it('belong to one request: another body is a conflict', async () => {
    const token = world.tokens.desk;
    const headers = { 'idempotency-key': 'same key, other body' };
    const body = { full_name: 'Rina', phone: '+628111111111', pet_name: 'Mochi' };
    expect((await call(world.base, 'create_owner', { body }, { token, headers })).status).toBe(201);
    const other = { ...body, full_name: 'Dewi' };
    const answer = await changesNothing(() =>
      call(world.base, 'create_owner', { body: other }, { token, headers }),
    );
    expectProblem(answer, 'conflict');
  });

  it('belong to one caller: another one with the same key is not replayed', async () => {
    const headers = { 'idempotency-key': 'same key, other caller' };
    const body = { full_name: 'Rina', phone: '+628111111112', pet_name: 'Mochi' };
    const first = await call(
      world.base,
      'create_owner',
      { body },
      { token: world.tokens.desk, headers },
    );
    const body_2 = { ...body, phone: '+628111111113' };
    const token = world.tokens.manager;
    const second = await call(world.base, 'create_owner', { body: body_2 }, { token, headers });
    expect(second.status).toBe(201);
    expect(must(second, 'user_id')).not.toBe(must(first, 'user_id'));
  });

  it('let ten simultaneous repeats have one effect', async () => {
    const token = world.tokens.desk;
    const headers = { 'idempotency-key': 'ten at once' };
    const body = { full_name: 'Ten', phone: '+628111111114', pet_name: 'Mochi' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        call(world.base, 'create_owner', { body }, { token, headers }),
      ),
    );
    const done = answers.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThan(0);
    expect(new Set(done.map((answer) => must(answer, 'user_id'))).size).toBe(1);
    for (const answer of answers) expect([201, 409]).toContain(answer.status);
    const [row] = await harness.sql<{ count: number }[]>`
      select count(*)::int as count from users where full_name = 'Ten'`;
    expect(row?.count).toBe(1);
  });

  it('are free again after a refusal, because a refusal changed nothing', async () => {
    const token = world.tokens.desk;
    const headers = { 'idempotency-key': 'refused, then repaired' };
    const params = { booking_id: await freshBooking(world) };
    const body = { status: 'completed' };
    const refused = await call(
      world.base,
      'set_booking_status',
      { params, body },
      { token, headers },
    );
    expectProblem(refused, 'policy_refused');
    const repaired = await call(
      world.base,
      'set_booking_status',
      { params, body: { status: 'in-progress' } },
      { token, headers },
    );
    expect(repaired.status).toBe(200);
  });
});

describe('the table of problems', () => {
  it('names every code that these tests met for an endpoint', async () => {
    for (const name of sample_names) {
      const known = problemsOf(endpointOf(name));
      expect(known).toContain('invalid_input');
      expect(known).toContain('unauthorized');
      expect(new Set(known).size).toBe(known.length);
    }
  });
});
