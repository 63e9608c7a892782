import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { inheritedEnv } from '../config.ts';
import { packageRoot } from '../daemon/store/package-root.ts';
import { AppError } from '../domain/errors.ts';
import { bucket_names, percentileOf, since } from './buckets.ts';
import { freePort } from './free-port.ts';
import type { ScenarioName } from './scenarios.ts';

/** Runs the real k6 as a child and watches it through its own REST API, which costs it next to nothing. */

/** k6: a threshold failed; a signal ended the run. Everything else but 0 is a failure of k6 itself. */
export const K6_THRESHOLDS = 99;
const K6_STOPPED = 105;
const POLL_MS = 500;
const POLL_TIMEOUT_MS = 2_000;
const SECOND_MS = 1_000;
/** After Ctrl-C k6 ends its iterations and writes the summary; then it is ended. */
const STOP_GRACE_MS = 40_000;
const OUTPUT_KEPT_CHARS = 4_000;
const EXAMPLES_MAX = 20;

/** Figures so far. */
export type Sample = {
  readonly elapsed_ms: number;
  readonly vus: number;
  readonly requests: number;
  readonly winners: number;
  readonly confirmed: number;
  readonly conflicts: number;
  readonly server_errors: number;
  readonly timeouts: number;
  readonly dirty_answers: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Of the last second alone. */
  readonly p95_now_ms: number;
};

export type K6Run = {
  readonly exit: number;
  readonly stopped: boolean;
  /** The summary's text, or null when k6 wrote none. */
  readonly summary: string | null;
  /** The last of what k6 said. */
  readonly output: string;
  /** What the script told of bad answers, each once. */
  readonly examples: readonly string[];
};

type Metric = {
  readonly id: string;
  readonly attributes: { readonly sample: Readonly<Record<string, number>> };
};

async function askMetrics(address: string): Promise<readonly Metric[]> {
  const signal = AbortSignal.timeout(POLL_TIMEOUT_MS);
  const response = await fetch(`http://${address}/v1/metrics`, { signal });
  const body: { readonly data?: readonly Metric[] } = JSON.parse(await response.text());
  return body.data ?? [];
}

/** Remembers the counts of about a second ago, so that the last second can be told apart. */
type Counted = { readonly at_ms: number; readonly counts: readonly number[] };

function sampleOf(metrics: readonly Metric[], elapsed_ms: number, past: Counted[]): Sample {
  const read = (id: string, field: string) =>
    metrics.find((metric) => metric.id === id)?.attributes.sample[field] ?? 0;
  const counts = bucket_names.map((name) => read(name, 'count'));
  past.push({ at_ms: elapsed_ms, counts });
  while (past.length > 2 && (past[1]?.at_ms ?? 0) <= elapsed_ms - SECOND_MS) past.shift();
  const max_ms = read('http_req_duration', 'max');
  return {
    elapsed_ms,
    vus: read('vus', 'value'),
    requests: read('http_reqs', 'count'),
    winners: read('winners', 'count'),
    confirmed: read('confirmed', 'count'),
    conflicts: read('conflicts', 'count'),
    server_errors: read('server_errors', 'count'),
    timeouts: read('timeouts', 'count'),
    dirty_answers: read('dirty_answers', 'count'),
    p50_ms: read('http_req_duration', 'med'),
    p95_ms: read('http_req_duration', 'p(95)'),
    // An estimate inside of a bucket may lie above what was really seen.
    p99_ms: Math.min(max_ms, percentileOf(counts, 0.99)),
    max_ms,
    p95_now_ms: Math.min(max_ms, percentileOf(since(counts, past[0]?.counts ?? []), 0.95)),
  };
}

export type K6Options = {
  readonly k6: string;
  readonly scenario: ScenarioName;
  /** Folder of the run: load file in, summary out. */
  readonly dir: string;
  readonly load_file: string;
  readonly onSample: (sample: Sample) => Promise<void> | void;
  readonly signal: AbortSignal;
};

/** A quarter of the machine, at most 4 GB; 1000 users with a full form need about 1.5 GB. */
const goMemoryMb = () => Math.min(4_096, Math.max(512, Math.round(os.totalmem() / 1_048_576 / 4)));

function start(options: K6Options, address: string, summary_file: string) {
  const script = path.join(packageRoot(), 'loadtest', `${options.scenario}.ts`);
  const args = ['run', '--quiet', '--no-usage-report', '--address', address];
  return spawn(options.k6, [...args, '--log-format', 'raw', '--no-color', script], {
    cwd: options.dir,
    // A group of its own: Ctrl-C in the terminal reaches us only, and we stop it in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inheritedEnv(),
      PETPRO_LOAD_FILE: options.load_file,
      PETPRO_LOAD_SUMMARY: summary_file,
      // Nothing about a run leaves the machine.
      K6_NO_USAGE_REPORT: 'true',
      // A thousand JavaScript engines are a heap whose collection stops k6 for a second on two busy cores, and
      // k6 would count that second as the daemon's. Memory is cheaper: it collects near the limit only.
      GOGC: 'off',
      GOMEMLIMIT: `${goMemoryMb()}MiB`,
    },
  });
}

/** Runs the scenario to its end. Throws `unavailable` when k6 itself failed. */
export async function runK6(options: K6Options): Promise<K6Run> {
  const address = `127.0.0.1:${await freePort()}`;
  const summary_file = path.join(options.dir, 'k6-summary.json');
  const child = start(options, address, summary_file);
  let output = '';
  const keep = (chunk: Buffer) => {
    output = `${output}${chunk}`.slice(-OUTPUT_KEPT_CHARS);
  };
  const examples = new Set<string>();
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, text] = /^example (.*)$/.exec(line) ?? [];
    if (text !== undefined && examples.size < EXAMPLES_MAX) examples.add(text);
  });
  const stop = () => {
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS).unref();
  };
  if (options.signal.aborted) stop();
  options.signal.addEventListener('abort', stop, { once: true });
  const ended = new AbortController();
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? K6_STOPPED));
  });
  try {
    const watching = watch(address, options.onSample, ended.signal);
    const code = await exit.finally(() => ended.abort());
    await watching;
    const summary = fs.existsSync(summary_file) ? fs.readFileSync(summary_file, 'utf8') : null;
    const stopped = options.signal.aborted || code === K6_STOPPED;
    if (code !== 0 && code !== K6_THRESHOLDS && !stopped) {
      throw new AppError('unavailable', `k6 failed with exit code ${code}. ${lastLine(output)}`);
    }
    return { exit: code, stopped, summary, output, examples: [...examples] };
  } finally {
    options.signal.removeEventListener('abort', stop);
    ended.abort();
  }
}

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)?.slice(0, 300) ?? '';

async function watch(
  address: string,
  onSample: K6Options['onSample'],
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const past: Counted[] = [];
  while (!signal.aborted) {
    try {
      const metrics = await askMetrics(address);
      if (!signal.aborted) await onSample(sampleOf(metrics, performance.now() - started, past));
    } catch {
      // Not up yet, busy, or gone: the next look tells. Progress is a courtesy.
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}
