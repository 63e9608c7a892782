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

let base_ms = 0;
for (const { name, args, goal_ms } of cases) {
  // The first run fills the compile cache, which every later start has.
  const warm = once(args);
  if (warm.status !== 0) {
    console.log(`${name.padEnd(20)} skipped: exit ${warm.status}`);
    continue;
  }
  const times = Array.from({ length: runs }, () => once(args).ms);
  const middle = median(times);
  if (base_ms === 0) base_ms = middle;
  const verdict =
    goal_ms === null ? '' : middle <= goal_ms ? `goal ${goal_ms} met` : `goal ${goal_ms} MISSED`;
  const figures = `median ${middle.toFixed(0)} ms  min ${Math.min(...times).toFixed(0)}  x${(middle / base_ms).toFixed(1)}`;
  console.log(`${name.padEnd(20)} ${figures}  ${verdict}`);
}
