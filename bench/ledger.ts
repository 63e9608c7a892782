/**
 * A ledger of many bookings, made by the product's SQL functions and added up again outside of the
 * database: splits, bookings, cash-ups, settlements, invariants.   node bench/ledger.ts [--bookings N]
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../src/daemon/store/db.ts';
import { migrateUp } from '../src/daemon/store/migrate.ts';
import { removePostgresData, startPostgres } from '../src/sandbox/postgres.ts';
import { checkLedger } from '../test/money-run/check.ts';
import { generate } from '../test/money-run/generate.ts';

const { values: flags } = parseArgs({
  options: { bookings: { type: 'string', default: '100000' } },
});
const bookings = Number(flags.bookings);
if (!Number.isSafeInteger(bookings) || bookings < 1_000) {
  throw new RangeError('--bookings is a whole number from 1000 on');
}
/** A statement makes a thousand bookings, and some read whole tables. */
const STATEMENT_MS = 600_000;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-ledger-'));
const data_dir = path.join(dir, 'data');
const server = await startPostgres({ data_dir, fsync: false, watchdog: true });
const sql = openDatabase(server.url, {
  application_name: 'ledger',
  max: 3,
  statement_timeout_ms: STATEMENT_MS,
});
const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
try {
  await migrateUp(sql);
  const started = performance.now();
  const generated = await generate(sql, bookings, (done) => {
    if (done % 10_000 === 0) process.stderr.write(`${done} of ${bookings}\n`);
  });
  const made = performance.now();
  process.stdout.write(`${bookings} bookings planned and lived in ${seconds(made - started)}\n`);
  const checked = await checkLedger(sql, generated);
  process.stdout.write(`all agree after ${seconds(performance.now() - made)}\n`);
  for (const [what, count] of Object.entries(checked)) {
    process.stdout.write(`${String(count).padStart(9)} ${what}\n`);
  }
} finally {
  await sql.end({ timeout: 5 });
  await server.stop();
  removePostgresData(data_dir);
  fs.rmSync(dir, { recursive: true, force: true });
}
