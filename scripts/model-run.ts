/**
 * The model test for as long as you like, on a private PostgreSQL: random lives of bookings and
 * money beside a model in memory.   node scripts/model-run.ts --minutes 10 [--steps N] [--seed S]
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { openDatabase } from '../src/daemon/store/db.ts';
import { readInvariants } from '../src/daemon/store/invariants.ts';
import { migrateUp } from '../src/daemon/store/migrate.ts';
import { removePostgresData, startPostgres } from '../src/sandbox/postgres.ts';
import { modelParts } from '../test/model/parts.ts';
import { runSteps } from '../test/model/run.ts';
import { anyStep } from '../test/model/steps.ts';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    /** Ends after so many steps, if that comes first. */
    steps: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() % 2_147_483_647) },
    /** Begins with that walk of the seed: what a failure names. */
    walk: { type: 'string', default: '0' },
  },
});
const seed = Number(flags.seed);
const limit_ms = Number(flags.minutes) * 60_000;
const steps_max = Number(flags.steps);
const first_walk = Number(flags.walk);
if (![seed, limit_ms, first_walk].every(Number.isSafeInteger) || !(steps_max > 0)) {
  throw new RangeError('--minutes, --steps, --seed and --walk are whole numbers');
}

const STEPS_PER_WALK = 300;
const TELL_EVERY_MS = 30_000;

/** The n-th walk of the seed, always the same one. */
const walkOf = (n: number) =>
  fc.sample(fc.array(anyStep, { minLength: STEPS_PER_WALK, maxLength: STEPS_PER_WALK }), {
    seed: (seed + n * 7_919) % 2_147_483_647,
    numRuns: 1,
  })[0] ?? [];

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-model-'));
const data_dir = path.join(dir, 'data');
const server = await startPostgres({ data_dir, fsync: false, watchdog: true });
const sql = openDatabase(server.url, { application_name: 'model-run', max: 2 });
const started = performance.now();
const seen = new Map<string, number>();
let steps = 0;
let walk = first_walk;
const secondsSince = () => (performance.now() - started) / 1_000;
const tell = () => {
  const rate = Math.round(steps / secondsSince());
  process.stdout.write(
    `seed ${seed}, walks ${walk - first_walk}, steps ${steps}, ${rate} a second\n`,
  );
};

try {
  await migrateUp(sql);
  const { parts, close } = modelParts(sql, server.url);
  const count = (what: string | null) => {
    steps += 1;
    if (what !== null) seen.set(what, (seen.get(what) ?? 0) + 1);
  };
  let told_at = started;
  for (; performance.now() - started < limit_ms && steps < steps_max; walk += 1) {
    await runSteps({ ...parts, count }, walkOf(walk));
    if (performance.now() - told_at < TELL_EVERY_MS) continue;
    told_at = performance.now();
    tell();
  }
  await close();
  tell();
  const names = readInvariants().map(({ name }) => name);
  process.stdout.write(`${names.length} invariants hold: ${names.join(', ')}\n`);
  for (const [what, times] of [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    process.stdout.write(`${String(times).padStart(9)} ${what}\n`);
  }
} catch (error) {
  process.stderr.write(`seed ${seed}, walk ${walk}: --seed ${seed} --walk ${walk} --steps 1\n`);
  throw error;
} finally {
  await sql.end({ timeout: 5 });
  await server.stop();
  removePostgresData(data_dir);
  fs.rmSync(dir, { recursive: true, force: true });
}
