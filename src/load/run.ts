import path from 'node:path';
import type { Sql } from 'postgres';
import { runInvariants } from '../daemon/store/invariants.ts';
import { AppError } from '../domain/errors.ts';
import { type Chaos, strike } from './chaos.ts';
import { daemonFigures, servedWithin } from './daemon-metrics.ts';
import type { K6 } from './find-k6.ts';
import { keepReport, newRun, type RunFolder, writePrivate } from './history.ts';
import { readK6Summary } from './k6-summary.ts';
import { commitOf, loadAverage, machineOf } from './machine.ts';
import { makePainter, type Painter, type ProgressFacts } from './progress.ts';
import type { ChaosStrike, ControlResult, InvariantResult, LoadReport } from './report-types.ts';
import { type K6Run, runK6, type Sample } from './run-k6.ts';
import { scenarios } from './scenarios.ts';
import { endKeys, type LoadFile } from './setup.ts';
import { signReport } from './sign.ts';
import { byGroup, countSlots, oversold } from './slot-counts.ts';
import type { Target } from './target.ts';
import { judge } from './verdict.ts';

/** One run from the load file to the signed report. */

/** Samples kept for the panel; two a second. */
const SAMPLES_KEPT = 600;
/** PostgreSQL is asked for double bookings this often while it runs. */
const LOOK_EVERY_MS = 2_000;
/** More slots than this are only counted at the end. */
const LOOK_SLOTS_MAX = 500;

export type RunOptions = {
  readonly home: string;
  readonly k6: K6;
  readonly target: Target;
  readonly load: LoadFile;
  readonly terminal: {
    readonly write: (text: string) => void;
    readonly in_place: boolean;
    readonly columns: () => number;
  };
  readonly signal: AbortSignal;
  /** What is killed halfway through the crowd; absent = nothing. */
  readonly chaos?: Chaos;
  /** What the same contest comes to without the guard; absent = not asked for. */
  readonly control?: ControlResult;
  /** For those who draw a picture of their own. */
  readonly on_progress?: (facts: ProgressFacts, samples: readonly Sample[]) => void;
};

/** Kills halfway through the crowd, counted from the first request; k6 needs a while to get going. */
function makeStriker({ chaos, load }: RunOptions) {
  let first_ms: number | null = null;
  let striking: Promise<readonly ChaosStrike[]> | null = null;
  return {
    see: ({ elapsed_ms, requests }: Sample) => {
      if (chaos === undefined || striking !== null) return;
      if (requests > 0) first_ms ??= elapsed_ms;
      if (first_ms === null || elapsed_ms - first_ms < load.head.seconds * 500) return;
      striking = strike(chaos, load, elapsed_ms);
      // Read after the run; until then a failure has nobody to tell.
      striking.catch(() => {});
    },
    /** Throws what kept a part from being killed. */
    strikes: async () => (await striking) ?? [],
  };
}
type Striker = ReturnType<typeof makeStriker>;

/** Shows the samples and looks into the database now and then. */
function watcher(sql: Sql, run: number, options: RunOptions, painter: Painter, striker: Striker) {
  const { head, slots } = options.load;
  const samples: Sample[] = [];
  let double_bookings: number | null = null;
  let look_at_ms = 0;
  return async (sample: Sample) => {
    striker.see(sample);
    samples.push(sample);
    if (samples.length > SAMPLES_KEPT) samples.shift();
    if (slots.length <= LOOK_SLOTS_MAX && sample.elapsed_ms >= look_at_ms) {
      look_at_ms = sample.elapsed_ms + LOOK_EVERY_MS;
      const counts = await countSlots(
        sql,
        slots.map(({ slot_id }) => slot_id),
      );
      double_bookings = counts.reduce((all, one) => all + oversold(one), 0);
    }
    const { tail_s } = scenarios[head.scenario];
    const facts = {
      run,
      scenario: head.scenario,
      vus: head.vus,
      slots: slots.length,
      host: new URL(head.url).host,
      total_ms: (head.seconds + tail_s(head)) * 1000,
      double_bookings,
    };
    painter.show(facts, samples);
    options.on_progress?.(facts, samples);
  };
}

async function checkInvariants(sql: Sql): Promise<readonly InvariantResult[]> {
  const results = await runInvariants(sql);
  return results.map(({ name, rows, sample }) => ({
    name,
    rows,
    first_row: sample[0] === undefined ? null : JSON.stringify(sample[0]),
  }));
}

async function watchedK6(
  sql: Sql,
  options: RunOptions,
  { run, dir }: RunFolder,
  striker: Striker,
): Promise<{ ended: K6Run; strikes: readonly ChaosStrike[] }> {
  const { load } = options;
  const load_file = path.join(dir, 'load.json');
  writePrivate(load_file, JSON.stringify(load));
  const painter = makePainter(options.terminal);
  try {
    const ended = await runK6({
      k6: options.k6.path,
      scenario: load.head.scenario,
      dir,
      load_file,
      onSample: watcher(sql, run, options, painter, striker),
      signal: options.signal,
    });
    // Awaited before the keys end: the probes use them too.
    return { ended, strikes: await striker.strikes() };
  } finally {
    await endKeys(sql, load.head);
    // The keys in it are worthless now; the slots and owners stay for whoever looks into a failure.
    writePrivate(load_file, JSON.stringify({ ...load, tokens: [] }));
  }
}

const controlOf = ({ control }: RunOptions) => (control === undefined ? {} : { control });

/** Runs k6, counts in PostgreSQL, judges, signs and keeps the report. Throws `unavailable` when k6 fails. */
export async function runLoad(sql: Sql, options: RunOptions): Promise<LoadReport> {
  const { home, k6, load, target } = options;
  const { head, slots } = load;
  const folder = newRun(home);
  const started_at = Temporal.Now.instant().toString({ smallestUnit: 'second' });
  const load_before = loadAverage();
  // Not head.url, which may be a balancer: two daemons have two histograms.
  const before = await daemonFigures(target.url);
  const striker = makeStriker(options);
  const { ended, strikes } = await watchedK6(sql, options, folder, striker);
  if (ended.summary === null) {
    throw new AppError('unavailable', `k6 ended without figures. ${ended.output.slice(-300)}`);
  }
  const result = readK6Summary(ended.summary);
  const after = await daemonFigures(target.url);
  const memory = { before: before?.memory_mb ?? null, after: after?.memory_mb ?? null };
  const counts = await countSlots(
    sql,
    slots.map(({ slot_id }) => slot_id),
  );
  const slot_counts = byGroup(slots, counts);
  const invariants = await checkInvariants(sql);
  const verdict = judge({
    k6: result,
    scenario: scenarios[head.scenario],
    seconds: head.seconds,
    slots: slot_counts,
    invariants,
    memory,
    stopped: ended.stopped,
    ...(options.chaos ? { chaos: { parts: options.chaos.parts, strikes } } : {}),
    ...controlOf(options),
  });
  const { duration_ms, interruptions, ...figures } = result;
  const cut_requests = options.chaos?.cut_requests() ?? 0;
  const report = signReport(home, {
    report_version: 1 as const,
    run: folder.run,
    scenario: head.scenario,
    form: head.form,
    seed: head.seed,
    size: { vus: head.vus, rate: head.rate, seconds: head.seconds },
    started_at,
    duration_ms,
    target: { url: target.url, version: target.version },
    commit: await commitOf(),
    machine: await machineOf(sql, k6.version, load_before),
    ...figures,
    memory_mb: memory,
    daemon_ms: {
      p50: servedWithin(before, after, 0.5),
      p95: servedWithin(before, after, 0.95),
    },
    slots: slot_counts,
    invariants,
    examples: ended.examples,
    k6_exit: ended.exit,
    ...(options.chaos ? { chaos: strikes, interruptions: { ...interruptions, cut_requests } } : {}),
    ...controlOf(options),
    stopped: ended.stopped,
    ...verdict,
  });
  keepReport(folder, report);
  return report;
}
