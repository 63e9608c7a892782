import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/daemon/store/package-root.ts';
import { dumpSchema } from '../../src/daemon/store/schema-dump.ts';
import { splitAmount } from '../../src/domain/money.ts';
import { createTestDatabase } from '../helpers/database.ts';

const { sql } = await createTestDatabase();

test('sql/schema.sql is what the migrations make; else: node scripts/dump-schema.ts', async () => {
  const written = fs.readFileSync(path.join(packageRoot(), 'sql/schema.sql'), 'utf8');
  expect(await dumpSchema(sql)).toBe(written);
});

test('the split in SQL is the split in the program', async () => {
  const weights = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 2, maxLength: 5 });
  const cases = fc
    .sample(fc.tuple(fc.integer({ min: 0, max: 2_000_000_000 }), weights), 500)
    .filter(([, parts]) => parts.some((weight) => weight > 0));
  for (const [amount_minor, parts] of cases) {
    const [row] = await sql<{ split: number[] }[]>`
      select split_minor(${amount_minor}, ${parts}::numeric[]) as split`;
    expect(row!.split).toEqual(splitAmount(amount_minor, parts));
  }
});

test('the audit log can only grow', async () => {
  await sql`
    insert into audit_log (actor_kind, source, action, target_type, target_id)
    values ('system', 'worker', 'test', 'slot', 'x')`;
  const refused = { constraint_name: 'audit_log_append_only' };
  await expect(sql`update audit_log set action = 'other'`).rejects.toMatchObject(refused);
  await expect(sql`delete from audit_log`).rejects.toMatchObject(refused);
  await expect(sql`truncate audit_log`).rejects.toMatchObject(refused);
});

test('both views refresh without locking their readers', async () => {
  for (const view of ['upcoming_bookings_view', 'booking_completion_rates']) {
    await sql.unsafe(`refresh materialized view concurrently ${view}`);
    const rows = await sql.unsafe(`select clinic_id from ${view}`);
    expect(rows).toHaveLength(0);
  }
});
