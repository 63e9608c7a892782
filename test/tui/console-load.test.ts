import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPort } from '../../src/commands/console-load.ts';
import { inheritedEnv, loadConfig } from '../../src/config.ts';
import { keepReport, newRun } from '../../src/load/history.ts';
import type { UnsignedReport } from '../../src/load/report-types.ts';
import { signReport } from '../../src/load/sign.ts';

/** What the command line gives the load screen: real reports in a home of our own, and refusals before any packet. */

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-console-load-'));
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

const env = inheritedEnv();
const portFor = (url: string, more: Readonly<Record<string, string>> = {}) =>
  loadPort(loadConfig({ env: { ...env, PETPRO_HOME: home, ...more } }), url, env);

function keep(p95: number, double_bookings: number): number {
  const folder = newRun(home);
  const latency = { p50: 4, p90: 20, p95, p99: 80, max: 120 };
  const content: UnsignedReport = {
    report_version: 1,
    run: folder.run,
    scenario: 'one-slot',
    form: 'short',
    seed: 42,
    size: { vus: 100, rate: 0, seconds: 6 },
    started_at: '2026-11-20T03:00:00Z',
    duration_ms: 12_000,
    target: { url: 'http://127.0.0.1:7387', version: null },
    commit: null,
    machine: {
      cpus: 2,
      cpu_model: 'one',
      memory_mb: 4_096,
      load_before: 0.3,
      platform: 'linux x64',
      node: 'v26.10.0',
      k6: 'v2.1.0',
      postgresql: '18.4',
    },
    counts: {
      requests: 1_000,
      requests_per_second: 100,
      winners: 1,
      seats_won: 1,
      conflicts: 999,
      replays: 0,
      refused: 0,
      confirmed: 1,
      cancelled: 0,
      moved: 0,
      server_errors: 0,
      dirty_answers: 0,
      timeouts: 0,
      dropped_iterations: 0,
    },
    latency_ms: latency,
    latency_by: {},
    memory_mb: { before: null, after: null },
    daemon_ms: { p50: null, p95: null },
    slots: [],
    double_bookings,
    invariants: [{ name: 'capacity', rows: double_bookings, first_row: null }],
    thresholds: [{ name: 'winners: count==1', passed: true, detail: 'count is 1' }],
    checks: [],
    examples: [],
    k6_exit: 0,
    stopped: false,
    passed: double_bookings === 0,
    exit: double_bookings === 0 ? 0 : 12,
  };
  keepReport(folder, signReport(home, content));
  return folder.run;
}

describe('the load port of the console', () => {
  it('lists reports newest first, with what was missed, compares and exports them', async () => {
    const [before, after] = [keep(40, 0), keep(90, 1)];
    const port = portFor('http://127.0.0.1:7387');
    const list = await port.list();
    expect(list.runs.map(({ run, verdict }) => `${run} ${verdict}`)).toEqual([
      `${after} FAILED`,
      `${before} PASSED`,
    ]);
    expect(list.runs[0]).toMatchObject({ host: '127.0.0.1:7387', rules: 3, confirmed: 1 });
    expect(list.runs[0]?.missed).toEqual([
      'no double booking: 1 seats given away twice',
      'capacity: 1 rows',
    ]);
    expect(list.scenarios.map(({ name }) => name)).toContain('one-slot');
    // With k6 or without it, one of the two is said.
    expect(list.k6 === null ? list.how : list.k6).toMatch(/k6|^v\d/);
    const worse = (await port.compare(before, after)).filter((one) => !one.passed);
    expect(worse.map(({ measure }) => measure)).toEqual(['p95_ms', 'double_bookings']);
    const file = await port.export_report(after);
    expect(fs.readFileSync(file, 'utf8')).toContain('FAILED');
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.existsSync(file.replace(/html$/, 'md'))).toBe(true);
  });

  it('refuses other machines and production before it talks to anybody', async () => {
    const far = portFor('http://db.example.com');
    await expect(far.start('one-slot', 'short').done).rejects.toMatchObject({
      code: 'policy_refused',
      detail: expect.stringContaining('not on this machine'),
    });
    const prod = portFor('http://127.0.0.1:1', { PETPRO_ENV: 'prod' });
    await expect(prod.start('one-slot', 'short').done).rejects.toMatchObject({
      code: 'policy_refused',
      detail: expect.stringContaining('production'),
    });
  });

  it('says that nothing answers, and can be started again and closed', async () => {
    const port = portFor('http://127.0.0.1:1');
    const job = port.start('one-slot', 'short');
    expect(() => port.start('one-slot', 'short')).toThrow('under way already');
    await expect(job.done).rejects.toMatchObject({ code: 'unavailable' });
    const again = port.start('last-seats', 'short');
    let is_said = false;
    await port.close(() => {
      is_said = true;
    });
    expect(is_said).toBe(true);
    await expect(again.done).rejects.toMatchObject({ code: 'unavailable' });
    await port.close(() => {
      throw new Error('nothing runs any more');
    });
  });
});
