import type { Sql } from 'postgres';
import { assertInvariants } from '../../src/daemon/store/invariants.ts';
import { type Door, LOST } from './door.ts';
import { look, picture } from './look.ts';
import { type Step, type Surroundings, Walk } from './steps.ts';
import { buildWorld, wipe } from './world.ts';

/** All invariants after so many steps; the cheap ones are part of every look. */
const INVARIANTS_EVERY = 50;

function difference(
  wanted: Readonly<Record<string, string>>,
  seen: Readonly<Record<string, string>>,
) {
  const ids = [...new Set([...Object.keys(wanted), ...Object.keys(seen)])];
  return ids
    .filter((id) => wanted[id] !== seen[id])
    .map((id) => `${id}\n  model:    ${wanted[id] ?? '-'}\n  database: ${seen[id] ?? '-'}`);
}

export type RunParts = {
  readonly sql: Sql;
  readonly door: Door;
  readonly around: Surroundings;
  /** Called once per step taken, with what was asked and answered. */
  readonly count: (what: string | null) => void;
};

/** Takes the steps in a new world; throws at the first one after which the two sides differ. */
export async function runSteps(parts: RunParts, steps: readonly Step[]): Promise<void> {
  const { sql, door, around, count } = parts;
  await wipe(sql);
  const world = await buildWorld(sql);
  const walk = new Walk(world, door, around);
  for (const [index, step] of steps.entries()) {
    const where = `step ${index + 1} of ${steps.length}, ${JSON.stringify(step)}`;
    const told = await walk.take(step);
    count(told && `${step.kind} ${told.said.split(/[ ,]/, 1)[0]}${told.is_late ? ' late' : ''}`);
    const was_heard = told !== null && !told.said.includes(LOST);
    if (was_heard && !told.allowed.includes(told.said)) {
      throw new Error(`${where}: ${told.said} instead of ${told.allowed.join(' or ')}`);
    }
    const differences = difference(picture(world.model), await look(sql, world.model));
    if (differences.length > 0) throw new Error(`${where}:\n${differences.join('\n')}`);
    if ((index + 1) % INVARIANTS_EVERY === 0) await assertInvariants(sql);
  }
  await walk.end();
  await assertInvariants(sql);
}
