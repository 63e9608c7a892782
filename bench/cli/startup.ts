import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Start-up time of the built command line beside an empty Node on the same machine. The ratio is what travels from
 * machine to machine. `node bench/cli/startup.ts [runs]`; PETPRO_URL and PETPRO_TOKEN (or a running demo) add a
 * desk command. Goals: --help <= 60 ms, a desk command <= 120 ms (design, goals).
 */
const runs = Number(process.argv[2] ?? 15);
const petpro = fileURLToPath(new URL('../../bin/petpro.js', import.meta.url));

type Case = {
  readonly name: string;
  readonly args: readonly string[];
  readonly goal_ms: number | null;
};
const cases: readonly Case[] = [
  { name: "node -e ''", args: ['-e', ''], goal_ms: null },
  { name: 'petpro --help', args: [petpro, '--help'], goal_ms: 60 },
  { name: 'petpro --version', args: [petpro, '--version'], goal_ms: 60 },
  { name: 'petpro slots list', args: [petpro, 'slots', 'list', '-o', 'json'], goal_ms: 120 },
  { name: 'petpro today', args: [petpro, 'today', '-o', 'json'], goal_ms: 120 },
];

function once(args: readonly string[]): { readonly ms: number; readonly status: number | null } {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore', timeout: 20_000 });
  return { ms: performance.now() - started, status };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

// The first run fills the compile cache, which every later start has.
const able = cases.filter(({ name, args }) => {
  const { status } = once(args);
  if (status !== 0) console.log(`${name.padEnd(20)} skipped: exit ${status}`);
  return status === 0;
});
const times = new Map(able.map(({ name }) => [name, [] as number[]]));
// Taken in turns, so that a busy moment of the machine hits all of them alike.
for (let run = 0; run < runs; run += 1) {
  for (const { name, args } of able) times.get(name)?.push(once(args).ms);
}
const base_ms = median(times.get(cases[0]?.name ?? '') ?? []);
for (const { name, goal_ms } of able) {
  const taken = times.get(name) ?? [];
  const middle = median(taken);
  const verdict = goal_ms === null ? '' : `goal ${goal_ms} ${middle <= goal_ms ? 'met' : 'MISSED'}`;
  const figures = `median ${middle.toFixed(0)} ms  min ${Math.min(...taken).toFixed(0)}`;
  console.log(`${name.padEnd(20)} ${figures}  x${(middle / base_ms).toFixed(1)}  ${verdict}`);
}
