import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeApiKeys, seedDatabase } from '../../src/sandbox/seed.ts';
import { addOwner } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { addShow } from '../prices/scene.ts';
import { cli } from './harness.ts';

// Prices, quotes and refund limits as a manager and the desk use them, against a real daemon.

const harness = await startHarness();
const keys = makeApiKeys();
const home = mkdtempSync(path.join(os.tmpdir(), 'petpro-cli-prices-'));
const { sql } = harness;
const show = await addShow(sql, { tiers: [] });
const phone = '+628129990001';

beforeAll(async () => {
  await seedDatabase(sql, { seed: 7, keys });
  await addOwner(sql, { full_name: 'Rina Prices', phone });
  const demo = {
    url: harness.daemon.url,
    database_url: harness.env['DATABASE_URL'],
    redis_url: harness.env['REDIS_URL'] ?? null,
    stripe_url: harness.stripe_url,
    clinic_id: show.clinic.id,
    tokens: keys,
  };
  writeFileSync(path.join(home, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const as = (role: 'manager' | 'desk') => async (words: readonly string[]) =>
  await cli([...words, '--clinic', show.clinic.id, '--json'], {
    env: { PETPRO_HOME: home, PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: keys[role] },
  });
const manager = as('manager');
const desk = as('desk');

/** The one thing that a command answers with, or its error. */
async function one(done: ReturnType<typeof manager>, exit = 0) {
  const { out, err, code } = await done;
  const document = JSON.parse(out);
  expect({ code, err: exit === 0 ? err : '' }).toEqual({ code: exit, err: '' });
  return exit === 0 ? document.items[0] : document.error;
}

test('a manager sets tiers, sees what is left, and the desk sells them up to the limit', async () => {
  const service = ['--service', show.service_id];
  const set = (words: readonly string[]) => one(manager(['prices', 'set', ...words, ...service]));
  await set(['Adult', '--price', '100000', '--default']);
  const child = ['Child', '--price', '60000', '--seats', '2', '--package', '2:100000'];
  expect(await set([...child, '--days', 'mon,tue,wed,thu,fri,sat,sun'])).toMatchObject({
    seats_limit: 2,
    quantity_prices: [{ from: 2, price: '100000.00', per: 'package' }],
  });
  // What is not named stays as it is.
  expect(await set(['child', '--max', '4'])).toMatchObject({ price: '60000.00', max_quantity: 4 });

  const slot = ['--slot', show.slot_id];
  const items = ['--items', 'Adult:1,Child:2'];
  const quote = await one(desk(['prices', 'quote', ...slot, ...items]));
  expect(quote).toMatchObject({ amount: '200000.00', quantity: 3 });
  const book = ['book', '--owner', phone, ...service, ...slot, ...items, '--pay', 'cash'];
  const booked = await one(desk(book));
  expect(booked.amount).toBe('200000.00');
  const left = await one(desk(['prices', 'list', ...slot, ...service]));
  expect(left).toMatchObject({ tier: 'Adult', remaining: 47 });

  const { reference_code: ref } = booked;
  const shown = await one(desk(['bookings', 'show', ref]));
  expect(shown.money).toMatchObject({ amount_paid: '200000.00', amount_rest: '0.00' });
  const payment = await one(desk(['payments', 'show', ref]));
  expect(payment).toMatchObject({ status: 'success', page: null, refunds: [], disputes: [] });
  expect(payment.entries).toMatchObject([{ type: 'payment', total_amount: '200000.00' }]);

  await one(manager(['prices', 'rules-set', '--desk-refunds', '50000']));
  const give = ['refunds', 'create', ref, '--reason', 'late', '--amount'];
  const refused = await one(desk([...give, '60000']), 9);
  expect(refused.next).toBe(`petpro refunds request ${ref} --reason "late"`);
  expect(await one(desk([...give, '50000']))).toMatchObject({ decision: 'granted' });
  const asked = ['refunds', 'request', ref, '--reason', 'late', '--amount', '60000'];
  expect(await one(desk(asked))).toMatchObject({ decision: 'awaiting' });
});

test('bad words are refused before anything changes, each with what to do', async () => {
  const set = ['prices', 'set', 'X', '--service', show.service_id, '--price', '1'];
  const wrong = async (words: readonly string[], part: string) => {
    const error = await one(manager(words), 2);
    expect(JSON.stringify(error)).toContain(part);
  };
  await wrong([...set, '--package', '4'], '--package takes seats and a price');
  await wrong([...set, '--days', 'someday'], '--days takes mon');
  await wrong([...set, '--hours', '9-12'], '--hours takes');
  await wrong([...set, '--sale-from', 'soon'], 'is no date and time');
  await wrong([...set, '--min', '5', '--max', '4'], 'max_quantity');
  await wrong(['prices', 'quote', '--slot', show.slot_id, '--items', 'Adult'], '--items takes');
  await wrong(['prices', 'rules-set'], 'Say what changes');
  expect((await one(desk(set), 5)).code).toBe('forbidden');
  const [left] = await sql`select count(*) as n from price_tiers where name = 'X'`;
  expect(left).toEqual({ n: 0 });
});
