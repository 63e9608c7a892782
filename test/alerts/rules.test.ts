import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  alerts_file,
  alertsDocument,
  metrics_file,
  metricsDocument,
  rules_file,
  rules_test_file,
  rulesDocument,
  rulesTestDocument,
} from '../../scripts/alerts-doc.ts';
import { queries } from '../../scripts/alerts-prom.ts';
import { kpiSources } from '../../src/daemon/http/kpi-metrics.ts';
import { createMetrics } from '../../src/daemon/http/metrics.ts';
import { outboxBacklog } from '../../src/daemon/store/outbox.ts';
import { startHarness } from '../http/harness.ts';

/** Rules for Prometheus: in step with the table, about metrics that there are, and tried where promtool is. */

const read = (file: string) => fs.readFileSync(file, 'utf8');
const harness = await startHarness({ PETPRO_ONLY: 'api' });
const { app } = harness.daemon;

test('what is written is what the tables say', () => {
  expect(read(rules_file)).toBe(rulesDocument());
  expect(read(rules_test_file)).toBe(rulesTestDocument());
  expect(read(alerts_file)).toBe(alertsDocument(read(alerts_file)));
  expect(read(metrics_file)).toBe(metricsDocument(read(metrics_file)));
});

test('every metric in a rule, or in docs/metrics.md, is one that a daemon has', async () => {
  const metrics = createMetrics(() => outboxBacklog(app.sql), kpiSources(app));
  metrics.observeRequest('/v1/clinics', 'GET', 200, 1, null);
  const text = await metrics.text();
  const declared = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
  const family = (name: string) => name.replace(/_(bucket|count|sum)$/, '');
  const used = Object.values(queries)
    .flatMap((query) => (query === null ? [] : [query.value, query.enough ?? '']))
    .flatMap((text_of) => text_of.match(/petpro_\w+/g) ?? []);
  expect(used.length).toBeGreaterThan(12);
  const missing = used.filter((name) => !declared.has(name) && !declared.has(family(name)));
  expect(missing).toEqual([]);
  const documented = read(metrics_file).match(/`petpro_\w+(?=[`{])/g) ?? [];
  const unknown = documented.map((name) => name.slice(1)).filter((name) => !declared.has(name));
  expect(documented.length).toBeGreaterThan(20);
  expect(unknown).toEqual([]);
});

const promtool = process.env['PROMTOOL'] ?? 'promtool';
const is_there = spawnSync(promtool, ['--version']).status === 0;

/** Only where promtool is: it is no part of this package. */
function tryWithPromtool(): void {
  test('takes the rules, and each fires for its fault only', () => {
    const checked = spawnSync(promtool, ['check', 'rules', rules_file], { encoding: 'utf8' });
    expect(checked.stderr + checked.stdout).toContain('SUCCESS');
    const tried = spawnSync(promtool, ['test', 'rules', rules_test_file], { encoding: 'utf8' });
    expect(tried.stdout + tried.stderr).toContain('SUCCESS');
    expect(tried.status).toBe(0);
  });

  test('finds nothing wrong with what /metrics says', async () => {
    const answer = await fetch(`${harness.daemon.url}/metrics`);
    const input = await answer.text();
    const checked = spawnSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' });
    // The names of the library's own gauges are not ours to mend.
    const theirs = /^petpro_nodejs_active_\w+_total non-counter/;
    const said = `${checked.stdout}${checked.stderr}`.split('\n').filter((line) => line !== '');
    expect(said.filter((line) => !theirs.test(line))).toEqual([]);
    expect(said.length).toBeGreaterThan(0);
  });
}

if (is_there) describe('promtool', tryWithPromtool);
