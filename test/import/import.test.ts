import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { cli } from '../cli/harness.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql, url } = await createTestDatabase();
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-import-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const full = path.join(dir, name);
  fs.writeFileSync(full, text);
  return full;
}

const petpro = async (...words: readonly string[]) =>
  await cli(words, { env: { DATABASE_URL: url } });

/** The item of a command that must succeed, or end with this exit code. */
async function json(words: readonly string[], code = 0) {
  const done = await petpro(...words, '--json');
  expect(`${done.code} ${done.err}`).toMatch(new RegExp(`^${code} `));
  return JSON.parse(done.out).items[0];
}

const clinics = [
  'code,name,city,time_zone,currency,tax_bp',
  'TST,Klinik Uji,Jakarta,Asia/Jakarta,IDR,1100',
].join('\n');

test('clinics, services, vets, owners, pets, bookings: in, and in again', async () => {
  const clinics_file = file('clinics.csv', `\ufeff${clinics}\r\n`);
  expect(await json(['import', 'clinics', clinics_file])).toMatchObject({ added: 1, rejected: 0 });
  expect(await json(['import', 'clinics', clinics_file])).toMatchObject({ added: 0, same: 1 });
  const services = file(
    'services.csv',
    'id;clinic;name;price;duration_minutes;capacity\r\ncheck;TST;Checkup;250000;30;1\r\nclass;tst;"Class; ""big"""\r\n;150000;60;6\r\n',
  );
  const refused = await petpro('import', 'services', services);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('Line 3');
  const mended = file(
    'services.csv',
    'id;clinic;name;price;duration_minutes;capacity\r\ncheck;TST;Checkup;250000;30;1\r\nclass;tst;"Class; ""big""";150000;60;6\r\n',
  );
  expect(await json(['import', 'services', mended])).toMatchObject({ added: 1, same: 1 });
  const vets = file('vets.jsonl', '{"id": 1, "clinic_id": "TST", "name": "Andi"}\n');
  expect(await json(['import', 'vets', vets])).toMatchObject({ added: 1 });
  const owners = file(
    'owners.json',
    '[{"id": 17, "name": "Siti", "phone": "+62 812-3456-7890"},\n {"id": "18", "name": "Budi"}]',
  );
  expect(await json(['import', 'owners', owners])).toMatchObject({ added: 2 });
  const pets = file('pets.csv', 'id,owner,name,species\n1,17,Mochi,cat\n2,18,Rex,dog\n');
  expect(await json(['import', 'pets', pets])).toMatchObject({ added: 2 });
  const bookings = file(
    'bookings.csv',
    [
      'id,clinic,service,vet,owner,pet,starts_at,status,amount,notes',
      'b1,TST,check,1,17,1,2024-03-05 10:00,completed,200000,',
      'b2,TST,Checkup,Andi,18,2,2024-03-05 10:30,cancelled,,moved away',
      'b3,TST,check,1,17,1,2030-03-05 10:00,,250000,bring the passport',
      'b4,TST,class,,18,2,2030-03-05 10:00,confirmed,,',
    ].join('\n'),
  );
  const first = await json(['import', 'bookings', bookings, '--on-error', 'skip'], 14);
  expect(first).toMatchObject({ added: 2, rejected: 2 });
  expect(first.errors[0].why).toContain('--open-slots');
  const opened = await json(['import', 'bookings', bookings, '--open-slots']);
  expect(opened).toMatchObject({ added: 2, same: 2, rejected: 0 });
  const again = await json(['import', 'bookings', bookings]);
  expect(again).toMatchObject({ added: 0, same: 4 });
  await assertInvariants(sql);
});

describe('bookings', () => {
  test('that are over are history: no claim, no event, no message', async () => {
    const [row] = await sql`
      select b.status, b.reference_code ~ '^BP\\d{8}$' as has_code, b.pet_snapshot ->> 'name' as pet,
        (select count(*)::integer from slot_claims c where c.reservation_id = b.reservation_id) as claims,
        (select count(*)::integer from booking_events_outbox o where o.aggregate_id = b.id) as events
      from bookings b
      where b.booking_time < now() and b.status = 'completed'`;
    expect(row).toMatchObject({
      status: 'completed',
      has_code: true,
      pet: 'Mochi',
      claims: 0,
      events: 0,
    });
  });

  test('that are to come hold their seats, and nobody is written to', async () => {
    await sql`select sequence_events(1000)`;
    await sql`select * from fan_out_events(1000)`;
    const [row] = await sql`
      select count(*)::integer as bookings,
        count(c.slot_id)::integer as claims,
        (select count(*)::integer from deliveries) as messages,
        (select count(*)::integer from booking_events_outbox where not published) as unpublished
      from bookings b
      left join slot_claims c on c.reservation_id = b.reservation_id
      where b.booking_time > now()`;
    expect(row).toMatchObject({ bookings: 2, claims: 2, messages: 0, unpublished: 0 });
  });
});
