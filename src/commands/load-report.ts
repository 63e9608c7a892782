import { AppError } from '../domain/errors.ts';
import { compareReports } from '../load/compare.ts';
import { readReport, readReports } from '../load/history.ts';
import { figuresOf, renderReport, report_formats, rulesOf, verdictOf } from '../load/render.ts';
import type { LoadReport } from '../load/report-types.ts';
import { verifyReport } from '../load/sign.ts';
import { exits } from '../load/verdict.ts';
import { type Context, say } from './context.ts';
import { printList, printOne } from './output.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro load list | report | compare`: what runs left behind. */

const LIST_DEFAULT = 20;
const LIST_MAX = 1_000;
const REGRESSION_DEFAULT = '10%';

/** One run for people: the verdict first, what failed, then the figures. */
export function printReport(context: Context, report: LoadReport): void {
  const failed = rulesOf(report).filter(({ passed }) => !passed);
  const { run, scenario, form, duration_ms, target } = report;
  printOne(context, {
    kind: 'LoadReport',
    item: report,
    csv: ['run', 'scenario', 'form', 'started_at', 'duration_ms', 'double_bookings', 'passed'],
    name: String(run),
    lines: [
      [verdictOf(report), `run ${run}, ${scenario} (${form})`],
      ['Double bookings', String(report.double_bookings)],
      ...failed.map(({ kind, name, detail }) => [`failed ${kind}`, `${name} (${detail})`] as const),
      ...figuresOf(report),
      ['Started', `${report.started_at}, ${Math.round(duration_ms / 1000)} s, ${target.url}`],
    ],
  });
}

/** `petpro load list` */
export async function listLoads(context: Context, args: Args): Promise<undefined> {
  const limit = wholeOption(args, 'limit', 1, LIST_MAX) ?? LIST_DEFAULT;
  printList(context, {
    kind: 'LoadReportList',
    items: readReports(context.config.home, limit),
    columns: [
      { head: 'RUN', text: (one) => String(one.run), whole: true },
      { head: 'STARTED', text: (one) => one.started_at, whole: true },
      { head: 'SCENARIO', text: (one) => `${one.scenario} ${one.form}` },
      { head: 'VERDICT', text: verdictOf },
      { head: 'DOUBLE', text: (one) => String(one.double_bookings) },
      { head: '5XX', text: (one) => String(one.counts.server_errors) },
      { head: 'RPS', text: (one) => String(one.counts.requests_per_second) },
      { head: 'P95 MS', text: (one) => String(one.latency_ms.p95) },
    ],
    csv: ['run', 'started_at', 'scenario', 'form', 'passed', 'double_bookings'],
    name: (one) => String(one.run),
    empty: 'No load test has run here yet: petpro load run',
  });
}

function verify(context: Context, report: LoadReport): number {
  const { is_intact, is_ours } = verifyReport(context.config.home, report);
  printOne(context, {
    kind: 'LoadVerification',
    item: { run: report.run, passed: report.passed, is_intact, is_ours },
    csv: ['run', 'passed', 'is_intact', 'is_ours'],
    name: is_intact ? 'intact' : 'changed',
    lines: [
      ['signature', is_intact ? 'holds: nothing was changed since' : 'DOES NOT HOLD'],
      ['key', is_ours ? 'of this home' : 'of another home'],
    ],
  });
  return is_intact ? exits.passed : exits.broken;
}

/** `petpro load report` */
export async function showLoad(context: Context, args: Args): Promise<number> {
  const report = readReport(context.config.home, args.positional[0] ?? '');
  if (flagOption(args, 'verify')) return verify(context, report);
  const asked = textOption(args, 'output');
  // As JSON it goes out in the envelope of all commands; --out of load run writes the bare report.
  const format = report_formats.find((one) => one === asked && one !== 'json');
  if (format === undefined) printReport(context, report);
  else context.io.out(renderReport(report, format));
  return 0;
}

/** `10%` or `10` -> 0.1. */
function shareOf(text: string): number {
  const found = /^(\d{1,4}(?:\.\d{1,3})?) ?%?$/.exec(text);
  if (found) return Number(found[1]) / 100;
  throw new AppError('invalid_input', `--max-regression ${text} must be a share such as 10%.`);
}

/** `petpro load compare`: exit 13 when the second one is worse. */
export async function compareLoads(context: Context, args: Args): Promise<number> {
  const [before = '', after = ''] = args.positional;
  const { home } = context.config;
  const [a, b] = [readReport(home, before), readReport(home, after)];
  if (a.scenario !== b.scenario || a.form !== b.form) {
    say(context, `These are different tests: ${a.scenario} ${a.form}, ${b.scenario} ${b.form}.`);
  }
  const share = shareOf(textOption(args, 'max_regression') ?? REGRESSION_DEFAULT);
  const items = compareReports(a, b, share);
  printList(context, {
    kind: 'LoadComparison',
    items,
    columns: [
      { head: 'MEASURE', text: (one) => one.measure, whole: true },
      { head: 'BEFORE', text: (one) => String(one.before), whole: true },
      { head: 'AFTER', text: (one) => String(one.after), whole: true },
      {
        head: 'WORSE BY',
        text: (one) => (one.worse_percent === null ? '-' : `${one.worse_percent} %`),
      },
      { head: '', text: (one) => (one.passed ? 'ok' : 'WORSE') },
    ],
    csv: ['measure', 'before', 'after', 'worse_percent', 'passed'],
    name: (one) => one.measure,
  });
  return items.every(({ passed }) => passed) ? exits.passed : exits.thresholds;
}
