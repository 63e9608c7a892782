import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeApiKeys, seedDatabase } from '../../src/sandbox/seed.ts';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { cli } from './harness.ts';

// Saved cards and requests as the desk uses them, against a real daemon and its provider.

const harness = await startHarness();
const keys = makeApiKeys();
const home = mkdtempSync(path.join(os.tmpdir(), 'petpro-cli-approvals-'));
const { sql } = harness;
const clinic = await addClinic(sql);
const phone = '+628129990002';
await addOwner(sql, { full_name: 'Rina Cards', phone });

beforeAll(async () => {
  await seedDatabase(sql, { seed: 7, keys });
  const demo = {
    url: harness.daemon.url,
    database_url: harness.env['DATABASE_URL'],
    redis_url: harness.env['REDIS_URL'] ?? null,
    stripe_url: harness.stripe_url,
    clinic_id: clinic.id,
    tokens: keys,
  };
  writeFileSync(path.join(home, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const desk = async (words: readonly string[]) =>
  await cli([...words, '--clinic', clinic.id, '--json'], {
    env: { PETPRO_HOME: home, PETPRO_URL: harness.daemon.url, PETPRO_TOKEN: keys.desk },
  });

type Item = Record<string, unknown>;

/** What a command answers with: its items, or its error. */
async function said(done: ReturnType<typeof desk>, exit = 0) {
  const { out, code } = await done;
  const document: { items: Item[]; error: Item | null } = JSON.parse(out);
  expect({ code, error: exit === 0 ? document.error : null }).toEqual({ code: exit, error: null });
  return document;
}

const one = async (done: ReturnType<typeof desk>) => (await said(done)).items[0] ?? {};

let hours = 72;
async function freshSlot(service_id: string) {
  hours += 2;
  return await addSlot(sql, clinic, service_id, { in_hours: hours });
}

async function book(service_id: string, more: readonly string[] = []): Promise<string> {
  const slot = ['--service', service_id, '--slot', await freshSlot(service_id)];
  return String((await one(desk(['book', '--owner', phone, ...slot, ...more]))).reference_code);
}

async function hold(service_id: string): Promise<string> {
  const slot = ['--service', service_id, '--slot', await freshSlot(service_id)];
  return String((await one(desk(['hold', 'create', '--owner', phone, ...slot]))).reference_code);
}

async function payPage(ref: string): Promise<void> {
  const response = await fetch(`${harness.stripe_url}/sandbox/pay`, {
    method: 'POST',
    body: JSON.stringify({ ref, outcome: 'success' }),
  });
  expect(response.status).toBe(200);
}

test('a card that was saved on the page pays a hold, and is forgotten', async () => {
  const service_id = await addService(sql, clinic);
  expect((await said(desk(['payments', 'methods', '--owner', phone]))).items).toEqual([]);
  const none = await hold(service_id);
  const refused = await said(desk(['payments', 'charge', none, '--yes']), 3);
  expect(refused.error).toMatchObject({ next: 'petpro payments methods --owner ..' });
  await payPage(await book(service_id, ['--save-card']));
  const { items } = await said(desk(['payments', 'methods', '--owner', phone]));
  expect(items).toMatchObject([{ brand: 'visa', last4: '4242' }]);
  expect(await one(desk(['payments', 'charge', none, '--yes']))).toMatchObject({
    status: 'success',
    reference_code: none,
  });
  const again = await said(desk(['payments', 'charge', none, '--yes']), 6);
  expect(again.error).toMatchObject({ code: 'conflict', next: `petpro hold show ${none}` });
  const unknown = ['payments', 'charge', await hold(service_id), '--method', '9999', '--yes'];
  expect((await said(desk(unknown), 3)).error?.['detail']).toContain('visa **** 4242');
  const forget = ['payments', 'forget', '4242', '--owner', phone, '--yes'];
  expect(await one(desk(forget))).toMatchObject({ last4: '4242' });
  await said(desk(forget), 3);
});

test('the desk grants one request and rejects another', async () => {
  const service_id = await addService(sql, clinic);
  await sql`update services set requires_approval = true where id = ${service_id}`;
  const [yes, no] = [await book(service_id), await book(service_id)];
  const early = await said(desk(['approvals', 'approve', yes, '--yes']), 9);
  expect(early.error?.['detail']).toContain('has not authorised their card');
  await payPage(yes);
  await payPage(no);
  const waiting = async () =>
    (await said(desk(['approvals', 'list']))).items.map((item) => item['reference_code']);
  await expect.poll(waiting).toEqual([yes, no]);
  expect(await one(desk(['approvals', 'approve', yes, '--yes']))).toMatchObject({
    status: 'confirmed',
    authorisation: 'captured',
  });
  const reject = ['approvals', 'reject', no, '--reason', 'away that day', '--yes'];
  expect(await one(desk(reject))).toMatchObject({ status: 'cancelled', authorisation: 'voided' });
  await said(desk(reject));
  const late = await said(desk(['approvals', 'approve', no, '--yes']), 6);
  expect(late.error).toMatchObject({ code: 'conflict', next: 'petpro approvals list' });
  expect(await waiting()).toEqual([]);
  await said(desk(['approvals', 'approve', 'BP00000001', '--yes']), 3);
});
