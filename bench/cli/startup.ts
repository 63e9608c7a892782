/**
 * Start-up time of the built command line beside an empty Node on the same machine: wall-clock time, which a busy
 * machine spoils, and CPU time, which it spoils less. Goals on a quiet machine: --help <= 60 ms, everything else
 * <= 120 ms (ux §2).
 *
 *   node bench/cli/startup.ts [--runs 15] [--all] [--against REF]
 *
 * Commands talk to PETPRO_URL (or a running demo); where there is none, the way to the failure is measured, which is
 * the same start. `--all` takes every command of the tree in turn, with an address that nobody listens at.
 * `--against REF` measures that commit beside this tree, run by run.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkOut } from '../lib/demo.ts';
import { type Figure, keep, median, rounded, table } from '../lib/figures.ts';

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '15' },
    all: { type: 'boolean', default: false },
    against: { type: 'string' },
  },
});
const RUNS = Number(flags.runs);
const RUN_LIMIT_MS = 20_000;
const GOAL_HELP_MS = 60;
const GOAL_MS = 120;
/** Clock ticks in /proc, of 10 ms each on every Linux that we know. */
const TICK_MS = 10;
/** They stay, start servers, ask every part of the machine, or load Ink, which has a goal of its own. */
const never_run =
  /^(serve|tui|desk|doctor|call|health|demo|sandbox|load (run|setup)|events tail|payments wait)\b/;

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-bench-cli-'));
/** Nobody listens there: a command gets as far as asking. */
const nowhere = {
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  PETPRO_HOME: home,
  PETPRO_URL: 'http://127.0.0.1:9',
  PETPRO_TOKEN: 'ppk_bench_0',
};
const env = flags.all ? nowhere : process.env;

type Case = { readonly name: string; readonly words: readonly string[]; readonly goal_ms: number };
const daily: readonly Case[] = [
  { name: '--help', words: ['--help'], goal_ms: GOAL_HELP_MS },
  { name: '--version', words: ['--version'], goal_ms: GOAL_HELP_MS },
  { name: 'health', words: ['health'], goal_ms: GOAL_MS },
  { name: 'slots list', words: ['slots', 'list', '-o', 'json'], goal_ms: GOAL_MS },
  { name: 'bookings list', words: ['bookings', 'list'], goal_ms: GOAL_MS },
  { name: 'today', words: ['today', '-o', 'json'], goal_ms: GOAL_MS },
  { name: 'find', words: ['find', '3456'], goal_ms: GOAL_MS },
];

type Command = {
  readonly command: string;
  readonly arguments: readonly unknown[];
};

/** Every command, with a word for each of its arguments. */
function everyCommand(program: string): readonly Case[] {
  const done = spawnSync(process.execPath, [program, 'commands', '--json'], {
    encoding: 'utf8',
    env: nowhere,
    timeout: RUN_LIMIT_MS,
  });
  const { items }: { readonly items: readonly Command[] } = JSON.parse(done.stdout);
  return items
    .filter(({ command }) => !never_run.test(command))
    .map((one) => ({
      name: one.command,
      words: [...one.command.split(' '), ...one.arguments.map(() => 'BP10000127'), '--no-input'],
      goal_ms: GOAL_MS,
    }));
}

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

type Times = { readonly wall: number[]; readonly cpu: number[] };

function once(args: readonly string[], times: Times | null): void {
  const cpu_before = childrenCpu();
  const started = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore', timeout: RUN_LIMIT_MS, env });
  const ms = performance.now() - started;
  const cpu_after = childrenCpu();
  if (times === null) return;
  times.wall.push(ms);
  if (cpu_before !== null && cpu_after !== null) times.cpu.push(cpu_after - cpu_before);
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

using tree = checkOut(null);
using other = flags.against === undefined ? null : checkOut(flags.against);
const programOf = (root: string) => path.join(root, 'bin/petpro.js');
const cases = flags.all ? everyCommand(programOf(tree.root)) : daily;

const bare: Times = { wall: [], cpu: [] };
const taken = cases.map((one) => ({
  ...one,
  now: { wall: [], cpu: [] } as Times,
  before: { wall: [], cpu: [] } as Times,
}));
// The first run fills the compile cache, which every later start has.
for (let run = -1; run < RUNS; run += 1) {
  // Taken in turns, so that a busy moment of the machine hits all of them alike.
  once(['-e', ''], run < 0 ? null : bare);
  for (const { words, now, before } of taken) {
    once([programOf(tree.root), ...words], run < 0 ? null : now);
    if (other) once([programOf(other.root), ...words], run < 0 ? null : before);
  }
}

const figures: readonly Figure[] = [
  { what: "node -e ''", value: rounded(median(bare.wall), 0), unit: 'ms' },
  ...taken.map(({ name, goal_ms, now, before }) => ({
    what: `petpro ${name}`,
    value: rounded(median(now.wall), 0),
    unit: `ms (cpu ${mean(now.cpu).toFixed(0)})`,
    goal: { at_most: goal_ms },
    ...(other ? { baseline: rounded(median(before.wall), 0) } : {}),
  })),
];
const details = {
  runs: RUNS,
  against: flags.against ?? null,
  min_ms: Object.fromEntries(taken.map(({ name, now }) => [name, rounded(Math.min(...now.wall))])),
};
keep({ name: flags.all ? 'startup-all' : 'startup', figures, details });
const slowest = figures.toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0));
console.log(table(flags.all ? slowest.slice(0, 20) : figures));
const over = taken.filter(({ now }) => Math.min(...now.wall) > GOAL_MS);
if (flags.all) {
  const at_best = over.map(({ name }) => name).join(', ') || 'none';
  console.log(`${taken.length} commands; above ${GOAL_MS} ms at their best: ${at_best}`);
}
fs.rmSync(home, { recursive: true, force: true });
