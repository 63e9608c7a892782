import { beforeAll, expect, test } from 'vitest';
import type { EndpointName } from '../../src/domain/api.ts';
import { mustBook } from '../helpers/booking.ts';
import { addClinic, addOwner, addService, addSlot, type Clinic } from '../helpers/database.ts';
import { call, member, type Request, startHarness } from '../http/harness.ts';

/** Pages of lists while rows come and go between them: nothing twice, nothing that stood is left out. */

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { sql } = harness;
let clinic: Clinic;
let service_id = '';
let token = '';
beforeAll(async () => {
  clinic = await addClinic(sql);
  service_id = await addService(sql, clinic);
  token = await harness.addKey('desk', clinic.id);
});

/** All ids of a list, two at a time; `between` runs after each page but the last. */
async function walk(
  name: EndpointName,
  request: Request,
  id: string,
  between: (page: number) => Promise<unknown>,
): Promise<readonly string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 20; page += 1) {
    const query = { ...request.query, limit: '2', ...(cursor === null ? {} : { cursor }) };
    const { json } = await call(harness.daemon.url, name, { ...request, query }, { token });
    const items = member(json, 'items');
    const next = member(json, 'next_cursor');
    if (!Array.isArray(items)) throw new Error(`${name} has no items`);
    seen.push(...items.map((item) => String(member(item, id))));
    cursor = typeof next === 'string' ? next : null;
    if (cursor === null) return seen;
    await between(page);
  }
  throw new Error('the pages do not end');
}

test('slots: earlier ones are not repeated, later ones appear, gone ones break no page', async () => {
  const add = async (in_hours: number) => await addSlot(sql, clinic, service_id, { in_hours });
  const standing: string[] = [];
  for (const in_hours of [30, 32, 34, 36, 38]) standing.push(await add(in_hours));
  let late = '';
  const seen = await walk('list_slots', { params: { service_id } }, 'slot_id', async (page) => {
    if (page === 0) {
      await add(24);
      late = await add(39);
      // The very row that the cursor stands on.
      await sql`delete from slots where id = ${standing[1] ?? ''}`;
    }
  });
  expect(seen).toEqual([...standing, late]);
});

test('slots that start at the same moment are told apart by their id', async () => {
  const same = await addService(sql, clinic);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await addSlot(sql, clinic, same, { in_hours: 50 }));
  const request = { params: { service_id: same } };
  const seen = await walk('list_slots', request, 'slot_id', async () => undefined);
  expect(seen).toEqual(ids.toSorted());
});

test('bookings: one that is made between two pages neither repeats nor hides another', async () => {
  const book = async (in_hours: number) => {
    const slot_id = await addSlot(sql, clinic, service_id, { in_hours });
    return await mustBook(sql, slot_id, await addOwner(sql));
  };
  const standing: string[] = [];
  for (const in_hours of [60, 62, 64, 66]) standing.push(await book(in_hours));
  const request = { query: { clinic_id: clinic.id, service_id } };
  let early = '';
  const seen = await walk('list_bookings', request, 'booking_id', async () => {
    early ||= await book(58);
  });
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.filter((one) => one !== early)).toEqual(standing);
});

test('clinics: by name, while one is added before and one after the place', async () => {
  const name = 'Page Clinic';
  const admin = await harness.addKey('admin');
  const add = async (tail: string) => {
    const { id } = await addClinic(sql);
    await sql`update clinics set name = ${`${name} ${tail}`} where id = ${id}`;
    return id;
  };
  const standing = [await add('c'), await add('e'), await add('g')];
  const by = token;
  token = admin;
  let after = '';
  const seen = await walk('list_clinics', { query: { name } }, 'clinic_id', async () => {
    await add('a');
    after ||= await add('z');
  });
  token = by;
  expect(seen).toEqual([...standing, after]);
});
