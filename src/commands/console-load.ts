import path from 'node:path';
import type { Sql } from 'postgres';
import type { Config } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { compareReports } from '../load/compare.ts';
import { findK6, noK6 } from '../load/find-k6.ts';
import { folderOf, readReport, readReports, writePrivate } from '../load/history.ts';
import type { ProgressFacts } from '../load/progress.ts';
import { renderReport, rulesOf, verdictOf } from '../load/render.ts';
import type { LoadReport } from '../load/report-types.ts';
import { runLoad } from '../load/run.ts';
import type { Sample } from '../load/run-k6.ts';
import { type Form, scenario_names, scenarioNamed, scenarios, sizeOf } from '../load/scenarios.ts';
import { setUpLoad } from '../load/setup.ts';
import { askTarget, checkSameDatabase, isLoopback, refuseForeign } from '../load/target.ts';
import { withDatabase } from './database.ts';
import { envOf } from './profile-guard.ts';
import { readDemo } from './session.ts';

/** Load tests for the console's load screen: the same steps as `petpro load run`, without a terminal of their own. */

const REPORTS_MAX = 50;
const SEED = 42;
const MAX_REGRESSION = 0.1;
/** The set-up of a full scenario writes some ten thousand rows. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** From a console there is nobody to insist twice on another machine: `petpro load run` can. */
const no_insistence = { is_mine: false, yes_really: false } as const;

type Progress = { readonly facts: ProgressFacts; readonly samples: readonly Sample[] };

/** A report as the load screen shows it. */
function runOf(report: LoadReport) {
  const { counts, latency_ms } = report;
  const rules = rulesOf(report);
  return {
    run: report.run,
    scenario: report.scenario,
    form: report.form,
    started_at: report.started_at,
    duration_ms: report.duration_ms,
    vus: report.size.vus,
    host: new URL(report.target.url).host,
    verdict: verdictOf(report),
    double_bookings: report.double_bookings,
    requests: counts.requests,
    requests_per_second: counts.requests_per_second,
    winners: counts.winners,
    confirmed: counts.confirmed,
    conflicts: counts.conflicts,
    server_errors: counts.server_errors,
    timeouts: counts.timeouts,
    dirty_answers: counts.dirty_answers,
    p50_ms: latency_ms.p50,
    p95_ms: latency_ms.p95,
    p99_ms: latency_ms.p99,
    max_ms: latency_ms.max,
    missed: rules.filter((one) => !one.passed).map(({ name, detail }) => `${name}: ${detail}`),
    rules: rules.length,
  };
}

type Wish = { readonly scenario: string; readonly form: Form };
type Place = {
  readonly config: Config;
  readonly url: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

async function carryOut(
  place: Place,
  wish: Wish,
  on_progress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<LoadReport> {
  const { config, url, env } = place;
  const scenario = scenarioNamed(wish.scenario);
  // Refused by its address alone, before the first packet goes there.
  refuseForeign({ url, env: null }, envOf(config), no_insistence);
  const target = await askTarget(url, signal);
  refuseForeign(target, envOf(config), no_insistence);
  const k6 = await findK6(env);
  if (k6 === null) throw noK6(env);
  const { stripe_api_base } = config;
  // Only a sandbox on this machine lets itself be paid by anybody.
  const sandbox = isLoopback(stripe_api_base) ? stripe_api_base : null;
  const stripe_url = readDemo(config)?.stripe_url ?? sandbox;
  const { form } = wish;
  const size = sizeOf(scenario, form, {});
  const work = async (sql: Sql) => {
    const load = await setUpLoad(sql, { scenario, form, size, seed: SEED, url, stripe_url });
    const [token = ''] = load.tokens;
    await checkSameDatabase(url, token, load.head.clinic_id, signal);
    return await runLoad(sql, {
      home: config.home,
      k6,
      target,
      load,
      terminal: { write: () => {}, in_place: false, columns: () => 80 },
      signal,
      on_progress: (facts, samples) => on_progress({ facts, samples: [...samples] }),
    });
  };
  return await withDatabase({ config }, work, STATEMENT_TIMEOUT_MS);
}

/** What the console is given to run and read load tests against `url`. */
export function loadPort(config: Config, url: string, env: Place['env']) {
  const place: Place = { config, url, env };
  let running: { readonly stop: () => void; readonly done: Promise<unknown> } | null = null;

  function start(scenario: string, form: Form) {
    if (running !== null) throw new AppError('conflict', 'A load run is under way already.');
    const stopping = new AbortController();
    const listeners: ((progress: Progress) => void)[] = [];
    const report = carryOut(
      place,
      { scenario, form },
      (progress) => {
        for (const listener of listeners) listener(progress);
      },
      stopping.signal,
    );
    const done = report.then(runOf).finally(() => {
      running = null;
    });
    const job = {
      subscribe: (listener: (progress: Progress) => void) => {
        listeners.push(listener);
      },
      stop: () => stopping.abort(),
      done,
    };
    running = job;
    return job;
  }

  return {
    list: async () => {
      const k6 = await findK6(env);
      const missing = k6 === null ? noK6(env) : null;
      const next = missing?.facts['next'];
      return {
        runs: readReports(config.home, REPORTS_MAX).map(runOf).toReversed(),
        scenarios: scenario_names.map((name) => {
          const { about, sizes } = scenarios[name];
          return { name, about, sizes };
        }),
        k6: k6?.version ?? null,
        how: missing === null ? '' : `${missing.detail} ${typeof next === 'string' ? next : ''}`,
      };
    },
    start,
    export_report: async (run: number) => {
      const report = readReport(config.home, String(run));
      const folder = folderOf(config.home, run);
      writePrivate(path.join(folder, 'report.md'), renderReport(report, 'md'));
      const file = path.join(folder, 'report.html');
      writePrivate(file, renderReport(report, 'html'));
      return file;
    },
    compare: async (before: number, after: number) => {
      const [older, newer] = [before, after].map((run) => readReport(config.home, String(run)));
      if (older === undefined || newer === undefined) return [];
      return compareReports(older, newer, MAX_REGRESSION);
    },
    /** Stops what runs and waits for its report. */
    close: async (on_wait: () => void) => {
      if (running === null) return;
      on_wait();
      const { done, stop } = running;
      stop();
      await done.catch(() => {
        // Why it failed was the console's to show; here only its end matters.
      });
    },
  };
}
