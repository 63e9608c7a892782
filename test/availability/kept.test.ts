import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { keptCounts } from '../../src/daemon/actions/kept-answers.ts';
import { type Daemon, startDaemon } from '../../src/daemon/main.ts';
import { setSlotBlocked } from '../../src/daemon/store/slots.ts';
import { openLog } from '../../src/log.ts';
import { desk, mustBook, mustHold } from '../helpers/booking.ts';
import {
  addClinic,
  addOwner,
  addRoom,
  addService,
  addSlot,
  addStaff,
  type Clinic,
  lapse,
  type OwnerIds,
} from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, call, codeOf, member, startHarness } from '../http/harness.ts';

/** Kept answers about free times, by two daemons: never older than the question. docs/availability.md */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let second: Daemon;
let token = '';

beforeAll(async () => {
  token = await harness.addKey('ci');
  const config = loadConfig({ env: harness.env });
  second = await startDaemon(config, openLog({ level: config.log_level }));
  return () => second.stop();
});

type Slot = {
  readonly slot_id: string;
  readonly price: string;
  readonly reason: string | null;
  readonly staff_name: string | null;
  readonly remaining: number;
};
type Query = Readonly<Record<string, string>>;

const itemsOf = (answer: Answer): readonly Slot[] => {
  const items = member(answer.json, 'items');
  if (!Array.isArray(items)) throw new Error(`${answer.status} ${answer.text}`);
  return items as unknown as readonly Slot[];
};

let clinic: Clinic;
let owner: OwnerIds;
let staff_id = '';
let room_id = '';
let service_id = '';
let slot_id = '';
beforeEach(async () => {
  clinic = await addClinic(sql);
  owner = await addOwner(sql);
  staff_id = await addStaff(sql, clinic, 'Sari');
  room_id = await addRoom(sql, clinic);
  service_id = await addService(sql, clinic);
  slot_id = await addSlot(sql, clinic, service_id, { staff_id, room_id });
});

const ask = async (base: string, query: Query = {}, headers: Query = {}) =>
  await call(base, 'list_slots', { params: { service_id }, query }, { token, headers });
const bases = () => [harness.daemon.url, second.url];
const slots = async (base: string, query: Query = {}) => itemsOf(await ask(base, query));

/** What both daemons say of the slot, with the reason; asked thrice, so that the last ones are kept. */
async function seen(): Promise<Slot> {
  const answers: Slot[] = [];
  for (const base of [...bases(), ...bases(), ...bases()]) {
    const found = (await slots(base, { explain: '1' })).find((one) => one.slot_id === slot_id);
    if (!found) throw new Error('the slot is gone');
    answers.push(found);
  }
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  return answers[0]!;
}

const elsewhere = async (more: { staff_id?: string; room_id?: string }) =>
  await addSlot(sql, clinic, await addService(sql, clinic), more);

const changes: readonly (readonly [string, () => Promise<unknown>, Partial<Slot>])[] = [
  ['a hold', () => mustHold(sql, slot_id, owner), { reason: 'held' }],
  ['a booking', () => mustBook(sql, slot_id, owner), { reason: 'booked' }],
  ['a block', () => setSlotBlocked(sql, slot_id, true), { reason: 'blocked' }],
  [
    'a price of the slot',
    () => sql`update slots set price = 99000 where id = ${slot_id}`,
    { price: '99000.00' },
  ],
  [
    'a price of the service',
    () => sql`update services set price = 88000 where id = ${service_id}`,
    { price: '88000.00' },
  ],
  [
    'another name of the vet',
    () => sql`update staff set name = 'Sari W.' where id = ${staff_id}`,
    { staff_name: 'Sari W.' },
  ],
  [
    'a hold of another service with the same vet',
    async () => mustHold(sql, await elsewhere({ staff_id }), owner),
    { reason: 'staff_busy' },
  ],
  [
    'a hold of another service in the same room',
    async () => mustHold(sql, await elsewhere({ room_id }), owner),
    { reason: 'room_busy' },
  ],
  ['more seats', () => sql`update slots set capacity = 3 where id = ${slot_id}`, { remaining: 3 }],
];

describe('no daemon gives an answer that was true before', () => {
  test.each(changes)('%s', async (_, change, expected) => {
    expect(await seen()).toMatchObject({ reason: null, remaining: 1 });
    await change();
    expect(await seen()).toMatchObject(expected);
  });

  test('a cancel, and a hold that has run out', async () => {
    const reservation_id = await mustHold(sql, slot_id, owner);
    expect(await seen()).toMatchObject({ reason: 'held' });
    await sql`
      select * from cancel_reservation(${reservation_id}, 'test', ${sql.json(desk)})`;
    expect(await seen()).toMatchObject({ reason: null });
    const other = await mustHold(sql, slot_id, owner);
    expect(await seen()).toMatchObject({ reason: 'held' });
    await lapse(sql, other);
    expect(await seen()).toMatchObject({ reason: null });
  });

  test('a service that is not offered, and one that is again', async () => {
    expect(await slots(second.url)).toHaveLength(1);
    await sql`update services set is_available = false where id = ${service_id}`;
    for (const base of bases()) expect(codeOf(await ask(base))).toBe('service_unavailable');
    await sql`update services set is_available = true where id = ${service_id}`;
    for (const base of bases()) expect(await slots(base)).toHaveLength(1);
  });

  test('new slots and slots that are gone', async () => {
    const more = await addSlot(sql, clinic, service_id, { in_hours: 73 });
    for (const base of bases()) expect(await slots(base)).toHaveLength(2);
    await sql`delete from slots where id = ${more}`;
    for (const base of bases()) expect(await slots(base)).toHaveLength(1);
  });

  test('another vet, another day and another clinic have answers of their own', async () => {
    expect(await slots(second.url)).toHaveLength(1);
    expect(await slots(second.url, { staff_id: owner.user_id })).toEqual([]);
    expect(await slots(second.url, { date: '2031-01-01' })).toEqual([]);
    const foreign = await harness.addKey('desk', (await addClinic(sql)).id);
    const params = { service_id };
    const answer = await call(second.url, 'list_slots', { params }, { token: foreign });
    expect(codeOf(answer)).toBe('not_found');
  });
});

describe('who was writing while an answer was made', () => {
  /** Reads while a writer has changed the price and not committed, and again when they have. */
  async function readAround(): Promise<readonly string[]> {
    const prices: string[] = [];
    const read = async () => prices.push((await slots(second.url))[0]?.price ?? 'none');
    await sql.begin(async (tx) => {
      await tx`update slots set price = 77000 where id = ${slot_id}`;
      await read();
      await read();
    });
    await read();
    return prices;
  }

  test('is waited for: the answer is void once they are done', async () => {
    expect(await readAround()).toEqual(['250000.00', '250000.00', '77000.00']);
  });

  test('control: without them the old price stays', async () => {
    const [source] = await sql<{ text: string }[]>`
      select pg_get_functiondef('begin_availability'::regproc) as text`;
    await sql.unsafe(
      source!.text.replace('pg_snapshot_xip(pg_current_snapshot())', 'unnest(array[]::int[])'),
    );
    expect(await readAround()).toEqual(['250000.00', '250000.00', '250000.00']);
    await sql.unsafe(source!.text);
    expect(await slots(second.url, { limit: '7' })).toMatchObject([{ price: '77000.00' }]);
  });
});

describe('time alone', () => {
  test('a hold that runs out is free at once, before anybody sweeps it', async () => {
    const reservation_id = await mustHold(sql, slot_id, owner);
    await sql`
      with r as (
        update reservations set expires_at = now() + interval '700 ms'
        where id = ${reservation_id}
        returning id, expires_at
      )
      update slot_claims c set expires_at = r.expires_at from r where c.reservation_id = r.id`;
    expect(await slots(second.url)).toEqual([]);
    const before = keptCounts(second.app).hits;
    expect(await slots(second.url)).toEqual([]);
    expect(keptCounts(second.app).hits).toBe(before + 1);
    await eventually('the slot is free', async () => (await slots(second.url)).length === 1, 2_500);
    const [{ late_ms } = { late_ms: 0 }] = await sql<{ late_ms: number }[]>`
      select (extract(epoch from now() - expires_at) * 1000)::integer as late_ms
      from reservations where id = ${reservation_id}`;
    expect(late_ms).toBeLessThan(1_000);
  });

  test('a slot that starts is open no longer', async () => {
    await sql`
      update slots set starts_at = now() + interval '700 ms', ends_at = now() + interval '30 min'
      where id = ${slot_id}`;
    expect(await slots(second.url)).toHaveLength(1);
    await eventually(
      'the slot has begun',
      async () => (await slots(second.url)).length === 0,
      2_500,
    );
  });
});

describe('what is kept', () => {
  test('serves again, and its tag spares the body', async () => {
    const { hits, misses } = keptCounts(second.app);
    const first = await ask(second.url);
    const again = await ask(second.url);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/"[\w-]{27}"$/);
    expect(again.headers.get('etag')).toBe(tag);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const header of [tag, tag.slice(2), `"x", ${tag}`, '*']) {
      const spared = await ask(second.url, {}, { 'if-none-match': header });
      expect([spared.status, spared.text]).toEqual([304, '']);
      expect(spared.headers.get('content-type')).toBeNull();
      expect(spared.headers.get('etag')).toBe(tag);
    }
    const other = await ask(harness.daemon.url, {}, { 'if-none-match': tag });
    expect(other.status).toBe(304);
    await mustHold(sql, slot_id, owner);
    const changed = await ask(second.url, {}, { 'if-none-match': tag });
    expect(changed.status).toBe(200);
    expect(itemsOf(changed)).toEqual([]);
    expect(keptCounts(second.app).misses - misses).toBe(2);
    expect(keptCounts(second.app).hits - hits).toBe(5);
  });

  test('a crowd that asks at the same time is one read', async () => {
    const { misses } = keptCounts(second.app);
    const crowd = await Promise.all(Array.from({ length: 60 }, () => slots(second.url)));
    for (const found of crowd) expect(found).toHaveLength(1);
    // Some came before the first answer's version was known.
    expect(keptCounts(second.app).misses - misses).toBeLessThanOrEqual(2);
  });

  test('can be switched off', async () => {
    const env = { ...harness.env, PETPRO_AVAILABILITY_CACHE_S: '0' };
    const config = loadConfig({ env });
    const plain = await startDaemon(config, openLog({ level: config.log_level }));
    const answer = await ask(plain.url);
    expect(itemsOf(answer)).toHaveLength(1);
    expect(answer.headers.get('etag')).toMatch(/^W\//);
    expect(keptCounts(plain.app)).toEqual({ hits: 0, misses: 0 });
    await plain.stop();
  });
});
