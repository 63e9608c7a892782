import fc from 'fast-check';
import type { Sql } from 'postgres';
import { expect, test } from 'vitest';
import { openModelBench } from './bench.ts';
import { mutants } from './mutants.ts';
import { runSteps } from './run.ts';
import { anyStep } from './steps.ts';

/** A guard taken out must be noticed within so many steps; most are within the first hundred. */
const STEPS_MAX = 4_000;
const STEPS_PER_RUN = 200;

const bench = await openModelBench();
const { sql } = bench;

async function definitionOf(name: string): Promise<string> {
  const [row] = await sql<{ text: string }[]>`
    select pg_get_functiondef(oid) as text from pg_proc where proname = ${name}`;
  if (!row) throw new Error(`there is no function ${name}`);
  return row.text;
}

/** Steps until the walk complains; null when it never does. */
async function stepsToNotice(parts: Omit<typeof bench, 'sql'> & { readonly sql: Sql }) {
  let steps = 0;
  const count = () => {
    steps += 1;
  };
  const length = { minLength: STEPS_PER_RUN, maxLength: STEPS_PER_RUN };
  // Always the same walks: a control must not depend on luck.
  const walks = fc.sample(fc.array(anyStep, length), {
    seed: 3,
    numRuns: STEPS_MAX / STEPS_PER_RUN,
  });
  for (const walk of walks) {
    try {
      await runSteps({ ...parts, count }, walk);
    } catch {
      return steps;
    }
  }
  return null;
}

test.for(mutants)(
  '%s without "%s" is noticed',
  { timeout: 120_000 },
  async ([name, guard, instead]) => {
    const original = await definitionOf(name);
    expect(original.split(guard)).toHaveLength(2);
    await sql.unsafe(original.replace(guard, instead));
    try {
      const steps = await stepsToNotice(bench);
      expect(steps).not.toBeNull();
    } finally {
      await sql.unsafe(original);
    }
  },
);

test('the same walks with every guard in place end well', async () => {
  const some = fc.sample(fc.array(anyStep, { minLength: 100, maxLength: 100 }), {
    seed: 3,
    numRuns: 3,
  });
  for (const walk of some) await runSteps({ ...bench, count: () => {} }, walk);
});
