import { beforeAll, expect, test } from 'vitest';
import { type CliOptions, cli } from '../cli/harness.ts';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';
import { call, startHarness } from '../http/harness.ts';

// The commands that find, against a real daemon and database.

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let token: string;
let owner: { readonly user_id: string; readonly pet_id: string };

const run = async (words: readonly string[], options: CliOptions = {}) => {
  const env = { PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: token, ...options.env };
  return await cli(words, { ...options, env });
};

beforeAll(async () => {
  token = await harness.addKey('desk');
  owner = await addOwner(sql, { full_name: 'Wulan Sari', phone: '+62 811 2222 7788' });
  await addOwner(sql, { full_name: 'Sari Dewi', phone: '+62 811 3333 7788', pet_name: 'Kuro' });
  const clinic = await addClinic(sql);
  await sql`update clinics set code = 'WLN', city = 'Bandung', kind = 'salon' where id = ${clinic.id}`;
  const service_id = await addService(sql, clinic, { name: 'Haircut', capacity: 3 });
  const slot_id = await addSlot(sql, clinic, service_id, { capacity: 3 });
  const body = { service_id, slot_id, ...owner, payment_method: 'at_clinic' };
  const booked = await call(harness.daemon.url, 'create_booking', { body }, { token });
  expect(booked.status, booked.text).toBe(201);
  await sql`refresh materialized view search_words`;
});

test('find opens the only one, lists several, and says what to do when there is none', async () => {
  const one = await run(['find', 'wulan', 'mochi'], { terminal: 140 });
  expect(one).toMatchObject({ code: 0, err: '' });
  expect(one.out).toMatch(/owner +Wulan Sari {2}\+62 811 2222 7788/);
  expect(one.out).toMatch(/next .* Haircut {2}Mochi .* DUE/);
  expect(one.out).toMatch(/due +IDR 250,000 at the visit/);
  expect(one.out).toContain('petpro book --owner "+62 811 2222 7788"');
  const several = await run(['find', '7788'], { terminal: 140 });
  expect(several.out.trim().split('\n')).toHaveLength(3);
  const none = await run(['find', 'zzqqxx']);
  expect(none).toMatchObject({ code: 3, out: '' });
  expect(none.err).toContain('next: petpro owners add');
  const letter = await run(['find', 'w']);
  expect(letter).toMatchObject({ code: 3, out: '' });
  expect(letter.err).toContain('type two or more');
});

test('find tells a near-miss from a hit, and opens none', async () => {
  const near = await run(['find', 'wullan'], { terminal: 140 });
  expect(near.code).toBe(0);
  expect(near.out).toContain('Wulan Sari');
  expect(near.out).not.toContain('petpro book');
  expect(near.err).toContain('spelled alike');
  const booked = await run(['book', '--owner', 'wullan', '--service', 'x', '--at', 'fri 9:00']);
  expect(booked.code).not.toBe(0);
});

test('find gives programs the same list whatever was found', async () => {
  const { out, code, err } = await run(['find', 'wulan', '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({
    kind: 'OwnerList',
    items: [{ user_id: owner.user_id, matched_by: 'name' }],
  });
  const none = await run(['find', 'zzqqxx', '--json']);
  expect(none.code).toBe(3);
  expect(JSON.parse(none.out)).toMatchObject({ kind: 'OwnerList', items: [] });
  const name = await run(['find', 'wulan', '-o', 'name']);
  expect(name.out).toBe(`${owner.user_id}\n`);
});

test('call takes what telephones say', async () => {
  const numbers = [
    '+6281122227788',
    '0811 2222 7788',
    'tel:+62-811-2222-7788',
    'sip:+6281122227788@pbx.example;user=phone',
  ];
  for (const number of numbers) {
    const { out, code } = await run(['call', number, '--json']);
    expect({ code, number }).toEqual({ code: 0, number });
    expect(JSON.parse(out)).toMatchObject({
      kind: 'OwnerCard',
      items: [
        {
          user_id: owner.user_id,
          next_visits: [{ service_name: 'Haircut' }],
          due: [{ currency: 'IDR', amount: '250000.00', overdue: '0.00' }],
        },
      ],
    });
  }
  const unknown = await run(['call', '+6281199999999']);
  expect(unknown).toMatchObject({ code: 3, out: '' });
  expect(unknown.err).toContain('petpro owners add --phone "+6281199999999"');
  for (const text of ['anonymous', '112', 'siti']) {
    const refused = await run(['call', text]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('is no telephone number');
  }
  const viewer = await harness.addKey('viewer');
  const env = { PETPRO_TOKEN: viewer };
  expect((await run(['call', '+6281122227788'], { env })).code).toBe(5);
});

test('places with what they have left', async () => {
  const list = await run(['clinics', 'list', '--city', 'BANDUNG', '--kind', 'salon', '--json']);
  expect(JSON.parse(list.out)).toMatchObject({
    kind: 'ClinicList',
    items: [{ code: 'WLN', open: { days: 7, slots: 1, remaining: 2 } }],
  });
  const show = await run(['clinics', 'show', 'WLN'], { terminal: 140 });
  expect(show.out).toMatch(/sells +Haircut {2}IDR 250,000 {2}30 min {2}2 free, next/);
  expect(show.out).toMatch(/free +2 seats in 1 slot within 7 days/);
  const none = await run(['clinics', 'list', '--category', 'nothing']);
  expect(none).toMatchObject({ code: 3, out: '' });
  expect((await run(['clinics', 'list', '--days', '15'])).code).toBe(2);
  expect((await run(['clinics', 'show', 'NOWHERE'])).code).toBe(3);
});
