import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertInvariants, runInvariants } from '../../src/daemon/store/invariants.ts';
import { cli } from '../cli/harness.ts';
import { mustBook } from '../helpers/booking.ts';
import { addOwner, addSlot, createTestDatabase } from '../helpers/database.ts';

/** Visits of another system: what they may and may not do to what is here. */

const { sql, url } = await createTestDatabase();
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-visits-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

let files = 0;
async function importLines(kind: string, lines: readonly string[], ...more: readonly string[]) {
  files += 1;
  const file = path.join(dir, `${files}.csv`);
  fs.writeFileSync(file, lines.join('\n'));
  const words = ['import', kind, file, '--clinic', 'BER', '--on-error', 'skip', '--json', ...more];
  const { out, code } = await cli(words, { env: { DATABASE_URL: url } });
  return { code, ...JSON.parse(out).items[0] };
}

const head = 'id,service,vet,owner,pet,starts_at,status,amount,amount_paid,reference_code';
const visits = async (rows: readonly string[], ...more: readonly string[]) =>
  await importLines('bookings', [head, ...rows], ...more);

const why = (done: { readonly errors: readonly { readonly why: string }[] }) => done.errors[0]?.why;

/** Further ahead than the slot below, so that nobody is in two places by accident. */
const next_day = Temporal.Now.plainDateISO().add({ days: 5 }).toString();

beforeAll(async () => {
  await importLines('clinics', [
    'code,name,city,time_zone,currency',
    'BER,Tierklinik,Berlin,Europe/Berlin,EUR',
    'SAL,Salon,Berlin,Europe/Berlin,EUR',
  ]);
  await sql`update clinics set kind = 'salon' where code = 'SAL'`;
  await importLines('services', ['id,name,price,duration_minutes', 's,Checkup,48,30']);
  await importLines(
    'services',
    ['id,clinic,name,price', 'cut,SAL,Cut,20'],
    '--map',
    'clinic=clinic_id',
  );
  await importLines('vets', ['id,name', 'v,Anna', 'w,Jonas']);
  await importLines('owners', ['id,full_name,email', 'a,Ada,ada@x.example', 'b,Ben,ben@x.example']);
  await importLines('pets', ['id,owner,name', 'pa,a,Minka', 'pb,b,Rex']);
});

test('history: paid elsewhere unless the file says what is left, times on the clinic’s clock', async () => {
  const done = await visits([
    'h1,s,v,a,pa,2025-03-29 10:00,completed,48,,',
    'h2,s,v,a,pa,2025-03-31 10:00,completed,48,18,',
    'h3,s,v,b,pb,2025-03-29 10:00,no-show,48,,',
  ]);
  expect(done).toMatchObject({ added: 3, rejected: 0 });
  const rows = await sql`
    select booking_time::text as at, amount::float8 as amount, service_snapshot ->> 'imported_price' as price
    from bookings where status = 'completed' order by booking_time`;
  expect(rows).toMatchObject([
    { at: '2025-03-29 09:00:00+00', amount: 0, price: '48.00' },
    { at: '2025-03-31 08:00:00+00', amount: 30, price: '48.00' },
  ]);
});

describe('a visit to come', () => {
  test('is refused where somebody sits, where its owner or its vet is elsewhere, or nothing is open', async () => {
    const [service] = await sql<{ id: string; clinic_id: string }[]>`
      select id, clinic_id from services where name = 'Checkup'`;
    const [vet] = await sql<{ id: string }[]>`select id from staff where name = 'Anna'`;
    const clinic = { id: service!.clinic_id, currency: 'EUR', time_zone: 'Europe/Berlin' };
    const slot_id = await addSlot(sql, clinic, service!.id, { staff_id: vet!.id });
    await mustBook(sql, slot_id, await addOwner(sql));
    const [slot] = await sql`
      select to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from slots
      where id = ${slot_id}`;
    const at = slot!['at'];
    expect(why(await visits([`x1,s,,a,pa,${at},,,,`]))).toContain('somebody else has that time');
    expect(why(await visits([`x2,s,w,a,pa,${at},,,,`]))).toContain('nothing is open');
    const open = await visits(
      [`f1,s,w,a,pa,${at},,,,`, `f2,s,v,b,pb,${next_day} 10:00,,48,8,`],
      '--open-slots',
    );
    expect(open).toMatchObject({ added: 2, rejected: 0 });
    const busy = await visits([`x3,s,v,a,pa,${next_day} 10:15,,,,`], '--open-slots');
    expect(why(busy)).toContain('vet or room is busy');
    const elsewhere = await visits([`x4,s,w,b,pb,${next_day} 10:15,,,,`], '--open-slots');
    expect(why(elsewhere)).toContain('the owner has another visit then');
    // What was refused leaves no slot behind.
    const [left] = await sql`
      select count(*)::integer as slots from slots sl
      where sl.starts_at > now()
        and not exists (select from slot_claims c where c.slot_id = sl.id)`;
    expect(left).toMatchObject({ slots: 0 });
    const [row] = await sql`
      select amount::float8 as amount, payment_mode from bookings b
      where booking_time > now() + interval '4 days'`;
    expect(row).toMatchObject({ amount: 40, payment_mode: 'at_clinic' });
  });

  test('that was called off there in the meantime is called off here, without a mail', async () => {
    const same = await visits([`f2,s,v,b,pb,${next_day} 10:00,,48,8,`]);
    expect(same).toMatchObject({ same: 1 });
    const off = await visits([`f2,s,v,b,pb,${next_day} 10:00,cancelled,48,8,`]);
    expect(off).toMatchObject({ changed: 1 });
    await sql`select sequence_events(1000)`;
    await sql`select * from fan_out_events(1000)`;
    const [mails] = await sql`
      select count(*)::integer as found from deliveries d join users u on u.id = d.user_id
      where u.full_name in ('Ada', 'Ben')`;
    expect(mails).toMatchObject({ found: 0 });
    const moved = await visits([`f2,s,v,b,pb,${next_day} 16:00,,48,8,`]);
    expect(moved).toMatchObject({ kept: 1, added: 0 });
  });

  test('of a salon needs no pet, of a clinic it does', async () => {
    const done = await importLines(
      'bookings',
      ['id,clinic,service,owner,starts_at', `sal,SAL,cut,a,${next_day} 12:00`],
      '--open-slots',
    );
    expect(done).toMatchObject({ added: 1, rejected: 0 });
    expect(why(await visits([`x5,s,v,a,,${next_day} 14:00,,,,`], '--open-slots'))).toContain(
      'no pet',
    );
  });
});

test('a price with tax on top stays what its lines make', async () => {
  await sql`update clinics set tax_bp = 1900, tax_included = false where code = 'SAL'`;
  const salon = ['id,clinic,service,owner,starts_at,amount'];
  const row = (id: string, amount: string) => `${id},SAL,cut,b,${next_day} 18:00,${amount}`;
  const file = (id: string, amount: string) => [...salon, row(id, amount)];
  const refused = await importLines('bookings', file('tax1', '20'), '--open-slots');
  expect(why(refused)).toContain('these seats cost 23.80 here');
  const done = await importLines('bookings', file('tax2', ''), '--open-slots');
  expect(done).toMatchObject({ added: 1 });
});

test.each([
  ['y1,nope,v,a,pa,2025-01-01 10:00,,,,', 'service_id'],
  ['y2,s,nobody,a,pa,2025-01-01 10:00,,,,', 'staff_id'],
  ['y3,s,v,nobody,pa,2025-01-01 10:00,,,,', 'user_id'],
  ['y4,s,v,a,pb,2025-01-01 10:00,,,,', 'pet_id'],
  // Clocks went from 02:00 to 03:00.
  ['y5,s,v,a,pa,2025-03-30 02:30,,,,', 'starts_at'],
  ['y6,s,v,a,pa,2025-01-01 10:00,,48.001,,', 'amount'],
  ['y7,s,v,a,pa,2025-01-01 10:00,,48,50,', 'amount_paid'],
  [`y8,s,v,a,pa,${next_day} 15:00,completed,,,`, 'status'],
  // A number that was never given, and that would use up all others.
  ['y9,s,v,a,pa,2025-01-01 10:00,,,,BP99999999', 'reference_code'],
])('%s is refused for its %s', async (row, field) => {
  const done = await visits([row]);
  expect(done).toMatchObject({ code: 14, added: 0, rejected: 1 });
  expect(done.errors[0].field).toBe(field);
});

test('a time that comes twice is the first of the two', async () => {
  expect(await visits(['z1,s,w,a,pa,2025-10-26 02:30,,,,'])).toMatchObject({ added: 1 });
  const [row] = await sql`
    select booking_time::text as at from bookings where booking_time::date = '2025-10-26'`;
  expect(row).toMatchObject({ at: '2025-10-26 00:30:00+00' });
});

test('all invariants hold, and a visit to come without its seat would still be found', async () => {
  await assertInvariants(sql);
  const [claim] = await sql`
    delete from slot_claims c using bookings b
    where b.reservation_id = c.reservation_id and b.imported_at is not null
    returning c.*`;
  const broken = (await runInvariants(sql)).filter(({ rows }) => rows > 0);
  expect(broken.map(({ name }) => name)).toContain('holds');
  await sql`insert into slot_claims ${sql(claim!)}`;
});
