import fs from 'node:fs';
import path from 'node:path';
import type { Sql } from 'postgres';
import { AppError } from '../../domain/errors.ts';
import { type Db, run } from './db.ts';
import { packageRoot } from './package-root.ts';

/** Whole tables are compared: far longer than any other statement of ours. */
const TIMEOUT_MS = 120_000;
/** Rows that a report shows of each broken invariant. */
const SAMPLE_SIZE = 5;
/** Counting stops here; nobody needs to know more exactly how bad it is. */
const ROWS_MAX = 10_000;

export type Invariant = { readonly name: string; readonly sql: string };

export type InvariantResult = {
  readonly name: string;
  /** Rows that break it; 0 = it holds. */
  readonly rows: number;
  readonly sample: readonly Readonly<Record<string, unknown>>[];
};

/** Reads sql/invariants.sql: `-- name: x` and one statement each. */
export function readInvariants(): readonly Invariant[] {
  const file = path.join(packageRoot(), 'sql/invariants.sql');
  const parts = fs.readFileSync(file, 'utf8').split(/^-- name: (\w+)$/m);
  const invariants: Invariant[] = [];
  for (let at = 1; at + 1 < parts.length; at += 2) {
    const sql = (parts[at + 1] ?? '').trim().replace(/;$/, '');
    invariants.push({ name: parts[at] ?? '', sql });
  }
  return invariants;
}

async function check(sql: Db, invariant: Invariant): Promise<InvariantResult> {
  const found = await run(
    sql.unsafe<Record<string, unknown>[]>(`${invariant.sql}\nlimit ${ROWS_MAX}`),
  );
  return { name: invariant.name, rows: found.length, sample: found.slice(0, SAMPLE_SIZE) };
}

/**
 * Runs every invariant in one read-only snapshot, so that a change under way cannot look like
 * damage. `only` names some of them.
 */
export async function runInvariants(
  sql: Sql,
  only: readonly string[] = [],
): Promise<readonly InvariantResult[]> {
  const invariants = readInvariants().filter(
    ({ name }) => only.length === 0 || only.includes(name),
  );
  const results: InvariantResult[] = [];
  await run(
    sql.begin('isolation level repeatable read read only', async (tx) => {
      await tx`select set_config('statement_timeout', ${String(TIMEOUT_MS)}, true)`;
      for (const invariant of invariants) results.push(await check(tx, invariant));
    }),
  );
  return results;
}

/** Throws `invariant_broken` with the names and first rows of those that do not hold. */
export async function assertInvariants(sql: Sql): Promise<void> {
  const broken = (await runInvariants(sql)).filter(({ rows }) => rows > 0);
  if (broken.length === 0) return;
  const names = broken.map(({ name, rows }) => `${name} (${rows})`).join(', ');
  const sample: string = JSON.stringify(broken.map(({ name, sample }) => ({ name, sample })));
  throw new AppError('invariant_broken', `Invariants do not hold: ${names}.`, { sample });
}
