/**
 * The console on a terminal of our own making, 2 000 rows, 120x40: key to paint, first frame, bytes, memory after a
 * day. Builds the bench beside the packages (Node does not read .tsx) and runs it.
 *
 *   node bench/tui/run.ts [--against REF]
 *
 * With a commit the bench of that commit runs in its tree, before and after ours, and its figures stand beside: what
 * it did not measure yet is left out.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { checkOut } from '../lib/demo.ts';
import { type Figure, keep, table } from '../lib/figures.ts';

const { values: flags } = parseArgs({
  options: { against: { type: 'string' } },
});
const against = flags.against ?? null;
const root = path.resolve(import.meta.dirname, '../..');
const RUN_LIMIT_MS = 600_000;

type Measured = Readonly<Record<string, number | string>>;
type Output = { readonly results: readonly Measured[] };

async function measure(cwd: string): Promise<Output> {
  const dir = path.join(cwd, 'node_modules/.cache', `petpro-tui-bench-${process.pid}`);
  const bundle = await rolldown({
    cwd,
    input: 'bench/tui/key-to-paint.tsx',
    platform: 'node',
    external: [/^[^./]/],
    transform: { target: 'node26', jsx: { runtime: 'automatic' } },
  });
  await bundle.write({ dir, format: 'esm' });
  await bundle.close();
  // An older bench knows no parts and runs all of them in one process.
  const source = fs.readFileSync(path.join(cwd, 'bench/tui/key-to-paint.tsx'), 'utf8');
  const parts = source.includes('process.argv[2]') ? [['idle'], ['busy'], ['day']] : [[]];
  try {
    const entry = path.join(dir, 'key-to-paint.js');
    const outputs = parts.map((part) => {
      const done = spawnSync(process.execPath, ['--expose-gc', entry, ...part], {
        env: { ...process.env, NODE_ENV: 'production' },
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
        cwd,
        timeout: RUN_LIMIT_MS,
      });
      if (done.status !== 0) throw new Error(`the bench in ${cwd} ended with ${done.status}`);
      const output: Output = JSON.parse(done.stdout);
      return output;
    });
    return { results: outputs.flatMap(({ results }) => results) };
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

const goals: Readonly<Record<string, number>> = {
  'idle p50_ms': 16,
  'idle p95_ms': 33,
  '50 events/s p95_ms': 50,
  'idle bytes_per_key': 4_096,
  'idle first_frame_ms': 400,
  'idle data_ms': 800,
  'idle idle_bytes_1500ms': 0,
  'idle rss_mib': 160,
  'day rss_growth_percent': 10,
};

/** `idle p50_ms` -> value. */
function flat({ results }: Output): ReadonlyMap<string, number> {
  return new Map(
    results.flatMap(({ name, ...fields }) =>
      Object.entries(fields).flatMap(([key, value]) =>
        typeof value === 'number' ? [[`${name} ${key}`, value] as const] : [],
      ),
    ),
  );
}

using other = against === null ? null : checkOut(against);
const before = other === null ? null : await measure(other.root);
const now = await measure(root);
const old = before === null ? new Map<string, number>() : flat(before);
const figures: readonly Figure[] = [...flat(now)].map(([what, value]) => {
  const goal = goals[what];
  const baseline = old.get(what);
  return {
    what: `console ${what}`,
    value,
    unit: '',
    ...(goal === undefined ? {} : { goal: { at_most: goal } }),
    ...(baseline === undefined ? {} : { baseline }),
  };
});
keep({ name: 'tui', figures, details: { against, now, before } });
console.log(table(figures));
