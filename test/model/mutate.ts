import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openModelBench } from './bench.ts';
import { type Mutant, near } from './mutants.ts';
import { runSteps } from './run.ts';
import { anyStep, type Kind, stepNear } from './steps.ts';

/** A guard taken out must be noticed within so many steps; most are within the first hundred. */
const STEPS_MAX = 4_000;
const STEPS_PER_RUN = 200;
/** Far more than a quiet machine needs. */
const MUTANT_MS = 240_000;
/** Always the same walks: a control must not depend on luck. */
const SEED = 3;

/** One test per mutant, each on the whole model, and one that the walks end well without any. */
export async function testMutants(mutants: readonly Mutant[]): Promise<void> {
  const bench = await openModelBench();
  const { sql } = bench;

  const definitionOf = async (name: string) => {
    const [row] = await sql<{ text: string }[]>`
      select pg_get_functiondef(oid) as text from pg_proc where proname = ${name}`;
    if (!row) throw new Error(`there is no function ${name}`);
    return row.text;
  };

  /** Steps until the walk complains; null when it never does. */
  const stepsToNotice = async (kinds: readonly Kind[] | undefined) => {
    let steps = 0;
    const count = () => {
      steps += 1;
    };
    const length = { minLength: STEPS_PER_RUN, maxLength: STEPS_PER_RUN };
    const walks = fc.sample(fc.array(kinds ? stepNear(kinds) : anyStep, length), {
      seed: SEED,
      numRuns: STEPS_MAX / STEPS_PER_RUN,
    });
    for (const walk of walks) {
      try {
        await runSteps({ ...bench, count }, walk);
      } catch {
        return steps;
      }
    }
    return null;
  };

  test.for(mutants)(
    '%s without "%s" is noticed',
    { timeout: MUTANT_MS },
    async ([name, guard, instead]) => {
      const original = await definitionOf(name);
      expect(original.split(guard)).toHaveLength(2);
      await sql.unsafe(original.replace(guard, instead));
      try {
        expect(await stepsToNotice(near[name])).not.toBeNull();
      } finally {
        await sql.unsafe(original);
      }
    },
  );

  test('the same walks with every guard in place end well', { timeout: MUTANT_MS }, async () => {
    const kinds = mutants.flatMap(([name]) => near[name] ?? []);
    for (const step of [anyStep, stepNear(kinds)]) {
      const some = fc.sample(fc.array(step, { minLength: 100, maxLength: 100 }), {
        seed: SEED,
        numRuns: 3,
      });
      for (const walk of some) await runSteps({ ...bench, count: () => {} }, walk);
    }
  });
}
