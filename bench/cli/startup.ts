import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Start-up time of the built command line beside an empty Node on the same machine: wall-clock time, which a busy
 * machine spoils, and CPU time, which it spoils less. `node bench/cli/startup.ts [runs]`; PETPRO_URL and
 * PETPRO_TOKEN (or a running demo) add desk commands. Goals on a quiet machine: --help <= 60 ms, a desk command
 * <= 120 ms (design, goals).
 */
const runs = Number(process.argv[2] ?? 15);
const petpro = fileURLToPath(new URL('../../bin/petpro.js', import.meta.url));
/** Clock ticks in /proc, of 10 ms each on every Linux that we know. */
const TICK_MS = 10;

type Case = {
  readonly name: string;
  readonly args: readonly string[];
  readonly goal_ms: number | null;
};
const cases: readonly Case[] = [
  { name: "node -e ''", args: ['-e', ''], goal_ms: null },
  { name: 'petpro --help', args: [petpro, '--help'], goal_ms: 60 },
  { name: 'petpro --version', args: [petpro, '--version'], goal_ms: 60 },
  { name: 'petpro health', args: [petpro, 'health'], goal_ms: 120 },
  { name: 'petpro slots list', args: [petpro, 'slots', 'list', '-o', 'json'], goal_ms: 120 },
  { name: 'petpro bookings list', args: [petpro, 'bookings', 'list'], goal_ms: 120 },
  { name: 'petpro today', args: [petpro, 'today', '-o', 'json'], goal_ms: 120 },
];

/** CPU time of all children that have ended, or null where there is no /proc. */
function childrenCpu(): number | null {
  try {
    const text = fs.readFileSync('/proc/self/stat', 'utf8');
    // The fields after the name in brackets; cutime and cstime are the 16th and 17th of all.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
  } catch {
    return null;
  }
}

type Run = { readonly ms: number; readonly cpu_ms: number | null; readonly status: number | null };

function once(args: readonly string[]): Run {
  const cpu_before = childrenCpu();
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore', timeout: 20_000 });
  const ms = performance.now() - started;
  const cpu_after = childrenCpu();
  const cpu_ms = cpu_before === null || cpu_after === null ? null : cpu_after - cpu_before;
  return { ms, cpu_ms, status };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
// Ticks are coarse: only their mean over many runs says anything.
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

// The first run fills the compile cache, which every later start has.
const able = cases.filter(({ name, args }) => {
  const { status } = once(args);
  if (status !== 0) console.log(`${name.padEnd(20)} skipped: exit ${status}`);
  return status === 0;
});
const taken = new Map(able.map(({ name }) => [name, [] as Run[]]));
// Taken in turns, so that a busy moment of the machine hits all of them alike.
for (let run = 0; run < runs; run += 1) {
  for (const { name, args } of able) taken.get(name)?.push(once(args));
}
const wallOf = (name: string) => (taken.get(name) ?? []).map(({ ms }) => ms);
const base_ms = median(wallOf(cases[0]?.name ?? ''));
for (const { name, goal_ms } of able) {
  const wall = wallOf(name);
  const cpu = (taken.get(name) ?? []).flatMap(({ cpu_ms }) => cpu_ms ?? []);
  const middle = median(wall);
  const verdict = goal_ms === null ? '' : `goal ${goal_ms} ${middle <= goal_ms ? 'met' : 'MISSED'}`;
  const figures = `wall median ${middle.toFixed(0)} ms  min ${Math.min(...wall).toFixed(0)}`;
  const cpu_text = cpu.length === 0 ? '' : `cpu ${mean(cpu).toFixed(0)} ms`;
  const ratio = `x${(middle / base_ms).toFixed(1)}`;
  console.log(`${name.padEnd(20)} ${figures}  ${cpu_text}  ${ratio}  ${verdict}`);
}
