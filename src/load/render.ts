import type { LoadReport, RuleResult } from './report-types.ts';
import { exits } from './verdict.ts';

/** A report for people and for CI servers. All are made from the same JSON, so that none can say something else. */

export const report_formats = ['json', 'junit', 'html', 'md'] as const;
export type ReportFormat = (typeof report_formats)[number];

/** Everything that was judged, one line each. */
export function rulesOf(report: LoadReport): readonly (RuleResult & { readonly kind: string })[] {
  const { double_bookings } = report;
  return [
    {
      kind: 'verdict',
      name: 'no double booking',
      passed: double_bookings === 0,
      detail: `${double_bookings} seats given away twice`,
    },
    ...report.invariants.map(({ name, rows, first_row }) => ({
      kind: 'invariant',
      name,
      passed: rows === 0,
      detail: first_row === null ? `${rows} rows` : `${rows} rows, first ${first_row}`,
    })),
    ...report.checks.map((check) => ({ kind: 'check', ...check })),
    ...report.thresholds.map((threshold) => ({ kind: 'threshold', ...threshold })),
  ];
}

function chaosFigures({
  chaos,
  interruptions,
}: LoadReport): readonly (readonly [string, string])[] {
  const ms = (value: number | null) => (value === null ? 'never' : `after ${value} ms`);
  return [
    ...(chaos ?? []).map(
      ({ what, at_s, read_after_ms, hold_after_ms }) =>
        [
          `Killed ${what}`,
          `at ${at_s} s; reads again ${ms(read_after_ms)}, holds again ${ms(hold_after_ms)}`,
        ] as const,
    ),
    ...(interruptions
      ? ([
          ['Cut off at the balancer', String(interruptions.cut_requests)],
          ['Interrupted, asked again', String(interruptions.interrupted)],
          ['Unavailable (503), asked again', String(interruptions.unavailable_answers)],
          ['Never learned the outcome', String(interruptions.unresolved)],
        ] as const)
      : []),
  ];
}

function controlFigures({ control }: LoadReport): readonly (readonly [string, string])[] {
  if (control === undefined) return [];
  const { contenders, with_guard, without_guard } = control;
  return [
    [
      'Control',
      `one seat, ${contenders} want it: ${with_guard} get it; without the guard ${without_guard}`,
    ],
  ];
}

/** Name and value of what was counted, in the order in which people ask. */
export function figuresOf(report: LoadReport): readonly (readonly [string, string])[] {
  const { counts, latency_ms, machine, size } = report;
  const ms = ({ p50, p95, p99, max }: typeof latency_ms) =>
    `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms`;
  return [
    ['Winners', String(counts.winners)],
    ['Conflicts (409)', String(counts.conflicts)],
    ['Server errors (5xx)', String(counts.server_errors)],
    ['Dirty answers', String(counts.dirty_answers)],
    ['Timeouts', String(counts.timeouts)],
    ...chaosFigures(report),
    ...controlFigures(report),
    ['Requests', `${counts.requests}, ${counts.requests_per_second} per second`],
    ['All calls', ms(latency_ms)],
    ...Object.entries(report.latency_by).map(([name, one]) => [name, ms(one)] as const),
    [
      'The daemon itself',
      `p50 <= ${report.daemon_ms.p50 ?? '?'} ms, p95 <= ${report.daemon_ms.p95 ?? '?'} ms`,
    ],
    ...report.examples.map((text) => ['Example', text] as const),
    ['Repeated answers', String(counts.replays)],
    ['Confirmed by webhook', String(counts.confirmed)],
    ['Given back', String(counts.cancelled)],
    ...(counts.moved > 0 ? [['Moved', String(counts.moved)] as const] : []),
    ['Refused by a rule', String(counts.refused)],
    ['Users', `${size.vus}${size.rate > 0 ? `, ${size.rate} arrivals per second` : ''}`],
    ['Seed', String(report.seed)],
    [
      'Commit',
      report.commit ? `${report.commit.id}${report.commit.changed ? ' + changes' : ''}` : '-',
    ],
    [
      'Machine',
      `${machine.cpus} x ${machine.cpu_model}, ${machine.memory_mb} MB, ${machine.platform}`,
    ],
    ['Load before', `${machine.load_before} of ${machine.cpus} cpus`],
    ['Programs', `Node ${machine.node}, k6 ${machine.k6}, PostgreSQL ${machine.postgresql}`],
  ];
}

const markup: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (one) => markup[one] ?? '');

/** The verdict in one word. */
export function verdictOf({ passed, stopped, exit }: LoadReport): 'PASSED' | 'STOPPED' | 'FAILED' {
  if (passed) return 'PASSED';
  return stopped && exit === exits.stopped ? 'STOPPED' : 'FAILED';
}

const titleOf = (report: LoadReport) =>
  `Load run ${report.run}, ${report.scenario} (${report.form}): ${verdictOf(report)}`;

function markdown(report: LoadReport): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rules = rulesOf(report).map(
    ({ kind, name, passed, detail }) =>
      `| ${passed ? 'ok' : '**FAILED**'} | ${kind} | ${cell(name)} | ${cell(detail)} |`,
  );
  const figures = figuresOf(report).map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`);
  return [
    `# ${titleOf(report)}`,
    '',
    `Started ${report.started_at}, ${Math.round(report.duration_ms / 1000)} s, target ${report.target.url}.`,
    '',
    '| | kind | rule | measured |',
    '|---|---|---|---|',
    ...rules,
    '',
    '| figure | value |',
    '|---|---|',
    ...figures,
    '',
  ].join('\n');
}

function junit(report: LoadReport): string {
  const rules = rulesOf(report);
  const failures = rules.filter(({ passed }) => !passed).length;
  const seconds = String(Math.round(report.duration_ms) / 1000);
  const cases = rules.map(({ kind, name, passed, detail }) => {
    const head = `    <testcase classname="load.${report.scenario}.${kind}" name="${escaped(name)}"`;
    if (passed) return `${head}/>`;
    return `${head}>\n      <failure message="${escaped(detail)}"/>\n    </testcase>`;
  });
  const attributes =
    `name="load.${report.scenario}" tests="${rules.length}" failures="${failures}"` +
    ` errors="0" skipped="0" time="${seconds}" timestamp="${escaped(report.started_at)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${rules.length}" failures="${failures}" time="${seconds}">`,
    `  <testsuite ${attributes}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const style = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1b1b;background:#fff}table{border-collapse:collapse;margin:1rem 0;width:100%}
td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top}
.bad{color:#a40000;font-weight:600}.good{color:#0a5c36}`;

function html(report: LoadReport): string {
  const rules = rulesOf(report).map(
    ({ kind, name, passed, detail }) =>
      `<tr><td class="${passed ? 'good">ok' : 'bad">FAILED'}</td><td>${kind}</td>` +
      `<td>${escaped(name)}</td><td>${escaped(detail)}</td></tr>`,
  );
  const figures = figuresOf(report).map(
    ([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`,
  );
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escaped(titleOf(report))}</title>`,
    `<meta name="viewport" content="width=device-width"><style>${style}</style></head><body>`,
    `<h1 class="${report.passed ? 'good' : 'bad'}">${escaped(titleOf(report))}</h1>`,
    `<p>Started ${escaped(report.started_at)}, ${Math.round(report.duration_ms / 1000)} s, target ` +
      `${escaped(report.target.url)}.</p>`,
    '<table><thead><tr><th></th><th>kind</th><th>rule</th><th>measured</th></tr></thead><tbody>',
    ...rules,
    '</tbody></table><table><tbody>',
    ...figures,
    '</tbody></table></body></html>',
    '',
  ].join('\n');
}

/** The report as text in that format. */
export function renderReport(report: LoadReport, format: ReportFormat): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'junit':
      return junit(report);
    case 'html':
      return html(report);
    case 'md':
      return markdown(report);
  }
}
