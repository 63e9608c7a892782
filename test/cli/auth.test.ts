import { expect, test } from 'vitest';
import { addClinic, addOwner } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { cli } from './harness.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const PETPRO_URL = harness.daemon.url;
const status = async (token: string | null, ...flags: readonly string[]) => {
  const env = { PETPRO_URL, ...(token === null ? {} : { PETPRO_TOKEN: token }) };
  return await cli(['auth', 'status', ...flags], { env });
};

test('auth status says who the daemon takes us for, and by which token', async () => {
  const clinic = await addClinic(harness.sql);
  const key = await harness.addKey('desk', clinic.id);
  const { out, code } = await status(key, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out).items).toMatchObject([
    { kind: 'operator', role: 'desk', clinic_id: clinic.id, url: PETPRO_URL, expires_at: null },
  ]);
  const { user_id } = await addOwner(harness.sql);
  const token = await harness.mintCustomerToken(user_id);
  const people = await status(token);
  expect(people.out).toContain('customer');
  expect(people.out).toContain('from PETPRO_TOKEN');
  expect(people.out).not.toContain(token);
});

test('a bad token, and none, are exit 4 with the next step', async () => {
  const bad = await status('nonsense');
  expect([bad.code, bad.err]).toEqual([4, expect.stringContaining('next: petpro auth login, or set PETPRO_TOKEN')]);
  const none = await status(null);
  expect([none.code, none.err]).toEqual([4, expect.stringContaining('next: petpro auth login, or set PETPRO_TOKEN')]);
});
