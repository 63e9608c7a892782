import { randomUUID } from 'node:crypto';
import net from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { nearestAtHand, nearestTo } from '../../src/daemon/actions/nearest.ts';
import { inputParser } from '../../src/daemon/http/parse.ts';
import { quickWish } from '../../src/daemon/http/quick-wish.ts';
import { lockOwner } from '../../src/daemon/locks/lock-owner.ts';
import { refusalsOf } from '../../src/daemon/locks/recent-refusals.ts';
import { type Daemon, startDaemon } from '../../src/daemon/main.ts';
import type { EndpointName } from '../../src/domain/api.ts';
import { openLog } from '../../src/log.ts';
import { addOwner } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, call, codeOf, member, send, startHarness } from './harness.ts';
import { buildWorld, freshSlot } from './world.ts';

/** So long that a busy machine does not outlast the memory that a test lays down. */
const LASTING_MS = 10_000;

async function fromMemory(daemon: Daemon): Promise<number> {
  const { text } = await send(daemon.url, '/metrics');
  return Number(/petpro_refusals_from_memory_total (\d+)/.exec(text)?.[1]);
}

/** An answer without what differs from one to the next. */
function shape({ status, headers, json }: Answer) {
  const { instance, retry_after_ms, ...body } = JSON.parse(JSON.stringify(json));
  const names = [...headers.keys()].filter((name) => name !== 'date').toSorted();
  const told = Object.fromEntries(names.map((name) => [name, headers.get(name)]));
  const { 'x-request-id': id, 'content-length': length, 'retry-after': wait, ...fixed } = told;
  return {
    status,
    body,
    fixed,
    says_id: id === instance,
    has: [typeof wait, typeof retry_after_ms],
  };
}

describe('the door before the framework', async () => {
  const harness = await startHarness();
  const world = await buildWorld(harness);
  const { daemon } = harness;

  /** A slot that a customer holds and a crowd has just lost. */
  async function lostSlot(on: Daemon = daemon) {
    const slot_id = await freshSlot(world);
    const { service_id, owner, clinic } = world;
    const winner = await call(
      on.url,
      'create_reservation',
      { body: { service_id, slot_id, pet_id: owner.pet_id } },
      { token: world.tokens.customer },
    );
    expect(winner.status).toBe(201);
    const refused = {
      outcome: 'slot_locked',
      service_id,
      clinic_id: clinic.id,
      holder: lockOwner(owner.user_id),
      ends_at_ms: performance.now() + 600_000,
    } as const;
    const makeHot = async () => {
      // Suggestions that are older than a second are the framework's to renew.
      await eventually('suggestions', async () => {
        await nearestTo(on.app, slot_id);
        return nearestAtHand(on.app, slot_id);
      });
      const memory = refusalsOf(on.app.locks);
      for (let n = 0; n < 8; n += 1) memory?.look(slot_id, true);
      memory?.note(slot_id, refused, performance.now() + LASTING_MS);
    };
    const { user_id, pet_id } = await addOwner(harness.sql);
    const body = { service_id, slot_id, pet_id };
    return { slot_id, winner, makeHot, body, user_id, staff_body: { ...body, user_id } };
  }

  const hold = (token: string | undefined, body: unknown, headers = {}) =>
    call(daemon.url, 'create_reservation', { body }, { token, headers });

  it('says what the framework says, in its words and headers, for both addresses', async () => {
    const { makeHot, staff_body } = await lostSlot();
    for (const name of ['create_reservation', 'create_booking'] satisfies EndpointName[]) {
      const ask = () => call(daemon.url, name, { body: staff_body }, { token: world.tokens.desk });
      refusalsOf(daemon.app.locks)?.forget(staff_body.slot_id);
      const before = await fromMemory(daemon);
      const slow = await ask();
      expect(await fromMemory(daemon)).toBe(before);
      await makeHot();
      const quick = await ask();
      expect(await fromMemory(daemon)).toBe(before + 1);
      expect(codeOf(slow)).toBe('slot_locked');
      expect(shape(quick)).toEqual(shape(slow));
      expect(Object.keys(JSON.parse(quick.text))).toEqual(Object.keys(JSON.parse(slow.text)));
    }
  });

  it('lets the holder through to his own hold, by name and by desk', async () => {
    const { makeHot, body, winner } = await lostSlot();
    await makeHot();
    const { pet_id, user_id } = world.owner;
    const own = await hold(world.tokens.customer, { ...body, pet_id });
    const by_desk = await hold(world.tokens.desk, { ...body, pet_id, user_id });
    for (const again of [own, by_desk]) {
      expect(again.status).toBe(201);
      expect(member(again.json, 'reservation_id')).toBe(member(winner.json, 'reservation_id'));
    }
  });

  it('knows at once that this process freed the slot', async () => {
    const { makeHot, staff_body, winner } = await lostSlot();
    await makeHot();
    expect((await hold(world.tokens.desk, staff_body)).status).toBe(409);
    const params = { reservation_id: String(member(winner.json, 'reservation_id')) };
    const given_back = await call(
      daemon.url,
      'cancel_reservation',
      { params },
      { token: world.tokens.customer },
    );
    expect(given_back.status).toBe(200);
    expect((await hold(world.tokens.desk, staff_body)).status).toBe(201);
  });

  it('leaves everything odd to the framework', async () => {
    const { makeHot, body, staff_body } = await lostSlot();
    await makeHot();
    const { desk, viewer } = world.tokens;
    const before = await fromMemory(daemon);
    const answers = {
      no_token: await hold(undefined, staff_body),
      bad_token: await hold('ppk_guess', staff_body),
      wrong_role: await hold(viewer, staff_body),
      other_clinic: await hold(world.other_desk, staff_body),
      no_owner: await hold(desk, body),
      other_service: await hold(desk, { ...staff_body, service_id: randomUUID() }),
      unknown_field: await hold(desk, { ...staff_body, colour: 'red' }),
      many: await hold(desk, { ...staff_body, quantity: 51 }),
      bad_key: await hold(desk, staff_body, { 'idempotency-key': 'x'.repeat(300) }),
      another_owner: await hold(world.other_customer, { ...body, user_id: world.owner.user_id }),
    };
    expect(Object.entries(answers).map(([name, { status }]) => `${name} ${status}`)).toEqual([
      'no_token 401',
      'bad_token 401',
      'wrong_role 403',
      'other_clinic 404',
      'no_owner 400',
      'other_service 404',
      'unknown_field 400',
      'many 400',
      'bad_key 400',
      'another_owner 404',
    ]);
    expect(await fromMemory(daemon)).toBe(before);
    // Their own ids and keys do not matter.
    await makeHot();
    const keyed = await hold(desk, staff_body, {
      'idempotency-key': 'a-key-of-a-loser',
      'x-request-id': 'loser-0001',
    });
    expect(keyed.headers.get('x-request-id')).toBe('loser-0001');
    expect(await fromMemory(daemon)).toBe(before + 1);
  });

  it('reads requests in pieces and several in one piece', async () => {
    const { makeHot, staff_body } = await lostSlot();
    await makeHot();
    const text = JSON.stringify(staff_body);
    const head =
      'POST /v1/reservations HTTP/1.1\r\nhost: petpro\r\ncontent-type: application/json\r\n' +
      `authorization: Bearer ${world.tokens.desk}\r\ncontent-length: ${text.length}\r\n\r\n`;
    const answersTo = async (pieces: readonly string[], count: number) => {
      const { hostname, port } = new URL(daemon.url);
      const socket = net.connect(Number(port), hostname).setNoDelay(true);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      let got = '';
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        got += String(chunk);
        if (got.split('HTTP/1.1 409').length > count) resolve(got);
      });
      for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent));
      const answer = await promise;
      socket.destroy();
      return answer.match(/"code":"slot_locked"/g)?.length;
    };
    expect(await answersTo([head + text], 1)).toBe(1);
    expect(await answersTo([head, text.slice(0, 20), text.slice(20)], 1)).toBe(1);
    expect(await answersTo([head + text + head + text + head + text], 3)).toBe(3);
  });

  it('counts against the rate limit, and refuses beyond it', async () => {
    const config = loadConfig({ env: { ...harness.env, PETPRO_RATE_LIMIT: '20' } });
    const limited = await startDaemon(config, openLog({ level: 'silent' }));
    try {
      const { makeHot, staff_body } = await lostSlot(limited);
      await makeHot();
      const token = await harness.addKey('desk');
      const codes: (string | null)[] = [];
      for (let n = 0; n < 21; n += 1) {
        const answer = await call(limited.url, 'create_booking', { body: staff_body }, { token });
        codes.push(codeOf(answer));
      }
      expect(codes).toEqual([...Array(20).fill('slot_locked'), 'rate_limited']);
      expect(await fromMemory(limited)).toBeGreaterThan(0);
    } finally {
      await limited.stop();
    }
  });
});

describe('the quick look at a body', () => {
  const odd = ['', 'x', randomUUID().toUpperCase(), '00000000-0000-0000-0000-000000000000'];
  const id = fc.oneof(
    { weight: 20, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
  const choice = { service_id: id, slot_id: id, pet_id: id };
  const wish = fc.record(
    {
      ...choice,
      user_id: fc.oneof(id, fc.constant(null)),
      quantity: fc.constantFrom(1, 2, 0, '1', null),
      payment_method: fc.constantFrom('checkout', 'cash', 'gold'),
      date: fc.constant('2031-01-01'),
      notes: fc.string(),
    },
    { requiredKeys: ['service_id', 'pet_id'] },
  );
  const plain = fc.record(
    { ...choice, user_id: id, quantity: fc.constant(1), payment_method: fc.constant('checkout') },
    { requiredKeys: ['service_id', 'slot_id', 'pet_id'] },
  );

  it('does not fall for names that objects have anyway', () => {
    const body = { service_id: randomUUID(), slot_id: randomUUID(), pet_id: randomUUID() };
    const text = JSON.stringify(body);
    expect(quickWish(text, false)).toEqual({
      slot_id: body.slot_id,
      service_id: body.service_id,
      user_id: null,
    });
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(quickWish(text.replace('{', `{"${name}":{"a":1},`), false)).toBeNull();
    }
  });

  it.each(['create_reservation', 'create_booking'] as const)(
    'takes nothing that the schema of %s refuses, and means the same by it',
    (name) => {
      const parse = inputParser(name);
      let taken = 0;
      fc.assert(
        fc.property(fc.oneof(plain, wish, fc.jsonValue()), (body) => {
          const text = JSON.stringify(body);
          const quick = quickWish(text, name === 'create_booking');
          if (quick === null) return;
          taken += 1;
          const input = parse({ params: {}, query: {}, body: JSON.parse(text) });
          const { slot_id, service_id, user_id, quantity } = input;
          expect({ slot_id, service_id, user_id: user_id ?? null }).toEqual(quick);
          expect(quantity).toBe(1);
          if ('payment_method' in input) expect(input.payment_method).toBe('checkout');
        }),
        { numRuns: 5_000 },
      );
      expect(taken).toBeGreaterThan(100);
    },
  );
});
