import fs from 'node:fs';
import path from 'node:path';
import { type AlertName, type AlertRule, alert_rules } from '../src/domain/alerts.ts';
import { kpi_names, kpis } from '../src/domain/kpi.ts';
import { type Query, queries } from './alerts-prom.ts';

/**
 * Rewrites what is derived from the tables of figures and alerts: `node scripts/alerts-doc.ts`. The rules for
 * Prometheus and their test whole, docs/alerts.md and docs/metrics.md from their last heading on.
 */

const root = path.resolve(import.meta.dirname, '..');
const at = (name: string) => path.join(root, name);
export const rules_file = at('deploy/prometheus/petpro-alerts.yml');
export const rules_test_file = at('deploy/prometheus/petpro-alerts.test.yml');
export const alerts_file = at('docs/alerts.md');
export const metrics_file = at('docs/metrics.md');

const written = 'Written by node scripts/alerts-doc.ts from src/domain/alerts.ts. Do not edit.';
const all = Object.entries(alert_rules) as [AlertName, AlertRule][];
const measured = all.flatMap(([name, rule]) => {
  const query = queries[name];
  return query === null ? [] : [{ name, rule, query }];
});
type Measured = (typeof measured)[number];

const camel = (name: string) =>
  `Petpro${name.replaceAll(/(?:^|_)(\w)/g, (_, first: string) => first.toUpperCase())}`;
/** JSON is YAML, and quotes whatever needs it. */
const quoted = (text: string) => JSON.stringify(text);
const signOf = ({ compare }: AlertRule) => (compare === 'above' ? '>' : '<');

function expressionOf({ rule, query }: Measured): string {
  const fires = `${query.value} ${signOf(rule)} ${rule.threshold}`;
  return query.enough === undefined ? fires : `(${fires}) and ${query.enough}`;
}

/** What no daemon can say of itself: that nobody judges. */
const watchers = [
  {
    alert: 'PetproAway',
    expr: 'absent(petpro_daemons)',
    summary: 'No daemon tells anything',
    description: 'No daemon is left to judge its own alerts, or none of them reaches the database.',
    next: 'petpro health --ready',
    bad: [['up', '0x30']],
    good: [['petpro_daemons', '2x30']],
  },
  {
    alert: 'PetproNotJudged',
    expr: 'min(petpro_alerts_age_seconds) > 60',
    summary: 'Nobody judges the alerts',
    description:
      'No daemon with the role cron runs, or it hangs: the other alerts say nothing then.',
    next: 'petpro health --ready',
    bad: [['petpro_alerts_age_seconds', '0+60x30']],
    good: [['petpro_alerts_age_seconds', '8x30']],
  },
] as const;
type Watcher = (typeof watchers)[number];

const annotationLines = (one: Pick<Watcher, 'summary' | 'description' | 'next'>, indent: string) =>
  (['summary', 'description', 'next'] as const)
    .map((key) => `${indent}${key}: ${quoted(one[key])}`)
    .join('\n');

const watcherRule = (one: Watcher) => `      - alert: ${one.alert}
        expr: ${quoted(one.expr)}
        for: 60s
        labels:
          severity: critical
        annotations:
${annotationLines(one, '          ')}`;

function watcherTest(one: Watcher, is_bad: boolean): string {
  const expected = is_bad
    ? `
        exp_alerts:
          - exp_labels:
              severity: critical
            exp_annotations:
${annotationLines(one, '              ')}`
    : '\n        exp_alerts: []';
  return `  - name: ${quoted(`${one.alert}, ${is_bad ? 'planted' : 'well'}`)}
    interval: 1m
    input_series:
${seriesLines(is_bad ? one.bad : one.good)}
    alert_rule_test:
      - eval_time: 25m
        alertname: ${one.alert}${expected}`;
}

/** Rules for Prometheus: the same thresholds and times, for those who are paged by it. */
export function rulesDocument(): string {
  const rules = measured.map(
    (one) => `      - alert: ${camel(one.name)}
        expr: ${quoted(expressionOf(one))}
        for: ${one.rule.for_s}s
        keep_firing_for: ${one.rule.clear_for_s}s
        labels:
          severity: ${one.rule.severity}
          alert: ${one.name}
        annotations:
          summary: ${quoted(one.rule.title)}
          description: ${quoted(one.rule.runbook)}
          next: ${quoted(one.rule.next)}`,
  );
  return `# ${written}
# Tried with: promtool test rules petpro-alerts.test.yml
groups:
  - name: petpro
    interval: 15s
    rules:
${watchers.map(watcherRule).join('\n')}
${rules.join('\n')}
`;
}

function seriesLines(series: Query['bad']): string {
  return series
    .map(
      ([name, values]) => `      - series: ${quoted(name)}
        values: ${quoted(values)}`,
    )
    .join('\n');
}

function testOf({ name, rule, query }: Measured, is_bad: boolean): string {
  const expected = is_bad
    ? `
        exp_alerts:
          - exp_labels:
              severity: ${rule.severity}
              alert: ${name}
            exp_annotations:
              summary: ${quoted(rule.title)}
              description: ${quoted(rule.runbook)}
              next: ${quoted(rule.next)}`
    : '\n        exp_alerts: []';
  return `  - name: ${quoted(`${name}, ${is_bad ? 'planted' : 'well'}`)}
    interval: 1m
    input_series:
${seriesLines(is_bad ? query.bad : query.good)}
    alert_rule_test:
      - eval_time: 25m
        alertname: ${camel(name)}${expected}`;
}

/** What promtool tries the rules with: each fires for its fault and not without it. */
export function rulesTestDocument(): string {
  const tests = [
    ...watchers.flatMap((one) => [watcherTest(one, true), watcherTest(one, false)]),
    ...measured.flatMap((one) => [testOf(one, true), testOf(one, false)]),
  ];
  return `# ${written}
rule_files:
  - petpro-alerts.yml
evaluation_interval: 15s
tests:
${tests.join('\n')}
`;
}

const signs = { percent: ' %', ms: ' ms', s: ' s', hours: ' h', days: ' days', count: '' } as const;
const during = (seconds: number) => (seconds === 0 ? ', at once' : ` for ${seconds} s`);

function alertRow([name, rule]: [AlertName, AlertRule]): string {
  const { severity, compare, threshold, clears_at, unit, for_s, clear_for_s, runbook, next } = rule;
  const back = compare === 'above' ? '<=' : '>=';
  const fires = `${signOf(rule)} ${threshold}${signs[unit]}${during(for_s)}`;
  const clears = `${back} ${clears_at}${signs[unit]}${during(clear_for_s)}`;
  return `| \`${name}\` | ${severity} | ${fires} | ${clears} | ${runbook} | \`${next}\` |`;
}

function underHeading(text: string, heading: string, rest: string): string {
  const end = text.indexOf(heading);
  if (end < 0) throw new Error(`the page has lost its heading "${heading.trim()}"`);
  return `${text.slice(0, end)}${heading}\n${rest}\n`;
}

/** The page about alerts with its table as the code has it. */
export function alertsDocument(text: string): string {
  const head =
    '| alert | severity | fires | clears | what it means | next |\n|---|---|---|---|---|---|';
  return underHeading(text, '## All alerts\n', [head, ...all.map(alertRow)].join('\n'));
}

/** The page about figures with its table as the code has it. */
export function metricsDocument(text: string): string {
  const head = '| figure | unit | over | definition |\n|---|---|---|---|';
  const rows = kpi_names.map((name) => {
    const { title, unit, window_minutes, definition } = kpis[name];
    return `| \`${name}\` (${title}) | ${unit} | ${window_minutes} min | ${definition} |`;
  });
  return underHeading(text, '## All figures\n', [head, ...rows].join('\n'));
}

if (import.meta.main) {
  fs.writeFileSync(rules_file, rulesDocument());
  fs.writeFileSync(rules_test_file, rulesTestDocument());
  for (const [file, write] of [
    [alerts_file, alertsDocument],
    [metrics_file, metricsDocument],
  ] as const) {
    fs.writeFileSync(file, write(fs.readFileSync(file, 'utf8')));
  }
}
