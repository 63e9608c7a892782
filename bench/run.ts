/**
 * All measurements, one after the other, and one table of their figures: `npm run bench`. With
 * `--compare REF` the figures of that commit stand beside, where a measurement can tell them.
 *
 *   node bench/run.ts [--quick] [--compare REF] [--only holds,reads]
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Figure, table } from './lib/figures.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    compare: { type: 'string' },
    only: { type: 'string' },
  },
});
const LIMIT_MS = 1_800_000;

type Part = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Smaller amounts, for a first look. */
  readonly quick: readonly string[];
  /** Whether it takes `--compare REF`. */
  readonly compares?: boolean;
  /** Whether it takes `--against REF`, which is the same. */
  readonly against?: boolean;
};

const parts: readonly Part[] = [
  {
    name: 'holds',
    file: 'holds.ts',
    args: [],
    quick: ['--rounds', '2', '--seconds', '2'],
    compares: true,
  },
  { name: 'reads', file: 'reads.ts', args: [], quick: ['--slots', '200000'] },
  { name: 'search', file: 'search.ts', args: [], quick: ['--owners', '100000'] },
  {
    name: 'availability',
    file: 'availability.ts',
    args: [],
    quick: ['--rounds', '1', '--seconds', '1'],
  },
  { name: 'backlog', file: 'backlog.ts', args: [], quick: ['--holds', '10000'] },
  {
    name: 'webhook',
    file: 'webhook.ts',
    args: [],
    quick: ['--rounds', '1', '--events', '2000'],
  },
  { name: 'memory', file: 'memory.ts', args: [], quick: [] },
  { name: 'feed', file: 'feed.ts', args: [], quick: ['--clients', '100', '--holds', '100'] },
  { name: 'relay', file: 'relay.ts', args: [], quick: ['--events', '5000'] },
  { name: 'reminders', file: 'reminders.ts', args: [], quick: ['--reminders', '1000'] },
  { name: 'mail', file: 'mail.ts', args: [], quick: ['--mails', '50'] },
  { name: 'first-start', file: 'first-start.ts', args: [], quick: ['1'] },
  { name: 'startup', file: 'cli/startup.ts', args: [], quick: ['--runs', '5'], against: true },
  { name: 'tui', file: 'tui/run.ts', args: [], quick: [], against: true },
];

const wanted = flags.only?.split(',');
const figures: Figure[] = [];
let failed = 0;
for (const { name, file, args, quick, compares, against } of parts) {
  if (wanted && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  const flag = compares ? '--compare' : against ? '--against' : null;
  const compare = flag && flags.compare ? [flag, flags.compare] : [];
  const program = fileURLToPath(new URL(file, import.meta.url));
  const done = spawnSync(process.execPath, [program, ...(flags.quick ? quick : args), ...compare], {
    stdio: 'inherit',
    timeout: LIMIT_MS,
  });
  if (done.status !== 0) {
    failed += 1;
    console.log(`${name} ended with ${done.status ?? done.signal}`);
    continue;
  }
  // The parts that write no file of figures have printed theirs.
  const result = new URL(`results/${name}.json`, import.meta.url);
  if (fs.existsSync(result)) figures.push(...JSON.parse(fs.readFileSync(result, 'utf8')).figures);
}
console.log(`\n== all figures\n${table(figures)}`);
if (failed > 0) process.exitCode = 1;
