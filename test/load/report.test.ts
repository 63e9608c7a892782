import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareReports } from '../../src/load/compare.ts';
import { readFigures, servedWithin } from '../../src/load/daemon-metrics.ts';
import { findK6, noK6 } from '../../src/load/find-k6.ts';
import { keepReport, newRun } from '../../src/load/history.ts';
import { readK6Summary } from '../../src/load/k6-summary.ts';
import { grouped, makePainter, panelLines, sparkline } from '../../src/load/progress.ts';
import { renderReport } from '../../src/load/render.ts';
import type { UnsignedReport } from '../../src/load/report-types.ts';
import { canonicalJson, signReport, verifyReport } from '../../src/load/sign.ts';
import { refuseForeign } from '../../src/load/target.ts';
import { judge } from '../../src/load/verdict.ts';
import { cli } from '../cli/harness.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-load-'));
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

const latency = { p50: 4, p90: 20, p95: 40, p99: 80, max: 120 };
const counts = {
  requests: 1000,
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
};
const slot = {
  group: 'crowd',
  slots: 1,
  capacity: 1,
  seats_taken: 1,
  holders: 1,
  seats_oversold: 0,
};

const content: UnsignedReport = {
  report_version: 1,
  run: 1,
  scenario: 'one-slot',
  form: 'short',
  seed: 42,
  size: { vus: 100, rate: 0, seconds: 6 },
  started_at: '2026-11-20T03:00:00Z',
  duration_ms: 12_000,
  target: { url: 'http://127.0.0.1:7387', version: '0.1.0' },
  commit: null,
  machine: {
    cpus: 2,
    cpu_model: 'A <fast> & "small" one',
    memory_mb: 4_096,
    load_before: 0.3,
    platform: 'linux x64',
    node: 'v26.10.0',
    k6: 'v2.1.0',
    postgresql: '18.4',
  },
  counts,
  latency_ms: latency,
  latency_by: { 'scenario:crowd': latency },
  memory_mb: { before: 100, after: 110 },
  daemon_ms: { p50: 2.5, p95: 50 },
  slots: [slot],
  double_bookings: 0,
  invariants: [{ name: 'capacity', rows: 0, first_row: null }],
  thresholds: [{ name: 'winners: count==1', passed: true, detail: 'count is 1' }],
  checks: [],
  examples: [],
  k6_exit: 0,
  stopped: false,
  passed: true,
  exit: 0,
};
const report = signReport(home, content);

describe('the signature', () => {
  it('holds after a round trip through a file, whatever the order of the fields', () => {
    const reversed = Object.fromEntries(
      Object.entries(JSON.parse(JSON.stringify(report))).reverse(),
    );
    expect(verifyReport(home, { ...report, ...reversed })).toEqual({
      is_intact: true,
      is_ours: true,
    });
  });

  it('breaks when one figure is improved', () => {
    const better = { ...report, latency_ms: { ...latency, p95: 39 } };
    expect(verifyReport(home, better).is_intact).toBe(false);
    const garbled = { ...report, signature: { ...report.signature, public_key: 'AAAA' } };
    expect(verifyReport(home, garbled)).toEqual({ is_intact: false, is_ours: false });
  });

  it('says when the key belongs to another home', () => {
    expect(verifyReport(path.join(home, 'elsewhere'), report)).toEqual({
      is_intact: true,
      is_ours: false,
    });
  });

  it('is made with a key that only its owner can read', () => {
    const { mode } = fs.statSync(path.join(home, 'load/signing-key.pem'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('signs the same bytes for the same content', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe(
      '{"b":[1,{"c":"x","d":null}]}',
    );
  });
});

describe('petpro load report and compare', () => {
  const env = { PETPRO_HOME: home };
  const first = newRun(home);
  keepReport(first, report);
  const second = newRun(home);
  const slower = { ...content, run: second.run, latency_ms: { ...latency, p95: 60 } };
  keepReport(second, signReport(home, slower));

  it('prints a run for people, verifies it, and lists it', async () => {
    const shown = await cli(['load', 'report', '1'], { env });
    expect(shown.code).toBe(0);
    expect(shown.out).toContain('PASSED\trun 1, one-slot (short)');
    const verified = await cli(['load', 'report', 'last', '--verify', '--json'], { env });
    expect(JSON.parse(verified.out).items).toEqual([
      { run: 2, passed: true, is_intact: true, is_ours: true },
    ]);
    const listed = await cli(['load', 'list', '-o', 'name'], { env });
    expect(listed.out).toBe('1\n2\n');
  });

  it('writes documents that no other command writes', async () => {
    const md = await cli(['load', 'report', '1', '-o', 'md'], { env });
    expect(md.out).toMatch(/^# Load run 1, one-slot \(short\): PASSED\n/);
    const junit = await cli(['load', 'report', '1', '-o', 'junit'], { env });
    expect(junit.out).toMatch(/^<\?xml version="1.0"/);
    const elsewhere = await cli(['load', 'list', '-o', 'md'], { env });
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.err).toContain('load list has no output md');
    expect((await cli(['load', 'report', '1', '-o', 'pdf'], { env })).code).toBe(2);
  });

  it('exits 12 when the kept report was edited', async () => {
    const third = newRun(home);
    keepReport(third, { ...report, run: third.run, passed: true, double_bookings: 0, seed: 7 });
    const verified = await cli(['load', 'report', String(third.run), '--verify'], { env });
    expect(verified.code).toBe(12);
    expect(verified.out).toContain('DOES NOT HOLD');
    fs.rmSync(third.dir, { recursive: true });
  });

  it('exits 13 when the second run is worse by more than is allowed', async () => {
    const worse = await cli(['load', 'compare', '1', '2', '--max-regression', '10%'], { env });
    expect(worse.code).toBe(13);
    expect(worse.out).toContain('p95_ms\t40\t60\t50 %\tWORSE');
    const allowed = await cli(['load', 'compare', '1', '2', '--max-regression', '60%'], { env });
    expect(allowed.code).toBe(0);
    const back = await cli(['load', 'compare', '2', '1'], { env });
    expect(back.code).toBe(0);
  });

  it('does not call noise a regression, and one more 5xx always', () => {
    const noisy = { ...report, latency_ms: { ...latency, p50: 5.5 } };
    expect(compareReports(report, noisy, 0.1).every(({ passed }) => passed)).toBe(true);
    const failing = { ...report, counts: { ...counts, server_errors: 1 } };
    const failed = compareReports(report, failing, 0.1).filter(({ passed }) => !passed);
    expect(failed.map(({ measure }) => measure)).toEqual(['server_errors']);
  });

  it('says which reports exist when one does not', async () => {
    const missing = await cli(['load', 'report', '77'], { env });
    expect(missing.code).toBe(3);
    expect(missing.err).toContain('petpro load list');
  });
});

describe('documents', () => {
  const failed = {
    ...report,
    passed: false,
    double_bookings: 1,
    thresholds: [{ name: 'p(95)<=100 | "x"', passed: false, detail: 'p(95) is 120' }],
  };

  it('tell a JUnit reader about each rule, with one failure per broken one', () => {
    const xml = renderReport(failed, 'junit');
    expect(xml).toContain('tests="3" failures="2"');
    expect(xml).toContain('name="p(95)&lt;=100 | &quot;x&quot;"');
    expect(xml).toContain('<failure message="1 seats given away twice"/>');
    expect(xml).not.toContain('<failure message="0');
  });

  it('escape what could break a page or a table', () => {
    expect(renderReport(report, 'html')).toContain('A &lt;fast&gt; &amp; &quot;small&quot; one');
    expect(renderReport(failed, 'md')).toContain('p(95)<=100 \\| "x"');
    expect(renderReport(failed, 'md')).toContain('FAILED');
  });
});

describe('the verdict', () => {
  const k6 = {
    counts,
    interruptions: { interrupted: 0, unavailable_answers: 0, unresolved: 0 },
    latency_ms: latency,
    latency_by: {},
    thresholds: content.thresholds,
    duration_ms: 1,
  };
  const run = {
    k6,
    scenario: { ends: 'one_winner' as const, seats_max: 1 },
    seconds: 30,
    slots: [slot],
    invariants: content.invariants,
    memory: { before: null, after: null },
    stopped: false,
  };
  const missed = { name: 'x', passed: false, detail: '' };

  it('passes what is right', () => {
    expect(judge(run)).toMatchObject({ passed: true, exit: 0, double_bookings: 0 });
  });

  it('ranks a broken invariant above everything else', () => {
    const broken = [{ name: 'capacity', rows: 2, first_row: '{}' }];
    const slow = { ...k6, thresholds: [missed] };
    expect(judge({ ...run, invariants: broken, k6: slow, stopped: true }).exit).toBe(12);
    expect(judge({ ...run, slots: [{ ...slot, seats_oversold: 1 }] }).exit).toBe(12);
    expect(judge({ ...run, k6: slow }).exit).toBe(13);
    expect(judge({ ...run, k6: slow, stopped: true }).exit).toBe(130);
  });

  it('wants every win that k6 saw to stand in PostgreSQL', () => {
    const lost = judge({ ...run, slots: [{ ...slot, seats_taken: 0, holders: 0 }] });
    expect(lost.exit).toBe(13);
    expect(lost.checks.filter(({ passed }) => !passed)).toHaveLength(2);
  });

  it('allows what a lost answer may have won, and no more', () => {
    const scenario = { ends: 'within' as const, seats_max: 4 };
    const slots = [{ ...slot, capacity: 20, seats_taken: 5 }];
    const lost = { ...k6, counts: { ...counts, timeouts: 1 } };
    expect(judge({ ...run, scenario, slots, k6: lost }).exit).toBe(0);
    expect(judge({ ...run, scenario, slots }).exit).toBe(13);
  });

  it('counts the growth of memory in long runs only', () => {
    const memory = { before: 100, after: 120 };
    expect(judge({ ...run, memory }).exit).toBe(0);
    expect(judge({ ...run, memory, seconds: 28_800 }).exit).toBe(13);
  });
});

describe('what k6 says', () => {
  it('is refused when it holds no figures', () => {
    expect(() => readK6Summary('{"metrics":{}}')).toThrow('no metrics');
  });

  it('is read with the rule, what was measured and whether it held', () => {
    const metrics = {
      winners: { values: { count: 2, rate: 1 }, thresholds: { 'count==1': { ok: false } } },
      'http_req_duration{name:hold}': { values: { med: 1.234, 'p(95)': 3 } },
    };
    const read = readK6Summary(JSON.stringify({ metrics, state: { testRunDurationMs: 10.4 } }));
    expect(read.thresholds).toEqual([
      { name: 'winners: count==1', passed: false, detail: 'count is 2' },
    ]);
    expect(read.latency_by).toMatchObject({ 'name:hold': { p50: 1.23, p95: 3 } });
    expect(read.duration_ms).toBe(10);
  });
});

describe("the daemon's own figures", () => {
  const text = (fast: number, all: number) =>
    [
      'petpro_process_resident_memory_bytes 104857600',
      `petpro_http_request_duration_seconds_bucket{le="0.01",route="a",status="409"} ${fast}`,
      `petpro_http_request_duration_seconds_bucket{le="0.1",route="a",status="409"} ${all}`,
      `petpro_http_request_duration_seconds_bucket{le="0.1",route="b",status="201"} 0`,
      `petpro_http_request_duration_seconds_bucket{le="+Inf",route="a",status="409"} ${all}`,
    ].join('\n');
  const before = readFigures(text(900, 1_000));
  const after = readFigures(text(960, 1_100));

  it('are those of the run alone', () => {
    expect(after.memory_mb).toBe(100);
    expect(servedWithin(before, after, 0.5)).toBe(10);
    expect(servedWithin(before, after, 0.95)).toBe(100);
    expect(servedWithin(null, after, 0.5)).toBe(10);
  });

  it('are missing when the daemon answered nothing or says nothing', () => {
    expect(servedWithin(before, before, 0.5)).toBeNull();
    expect(servedWithin(before, null, 0.5)).toBeNull();
  });
});

describe('the target', () => {
  const mine = { is_mine: true, yes_really: true };
  const half = { is_mine: true, yes_really: false };
  const not = { is_mine: false, yes_really: false };

  it('must be this machine and not production, unless that is said twice', () => {
    const here = { url: 'http://127.0.0.1:7387', env: 'dev' };
    const there = { url: 'http://petpro.example:7387', env: null };
    expect(() => refuseForeign(here, 'dev', not)).not.toThrow();
    expect(() => refuseForeign(there, 'dev', not)).toThrow('not on this machine');
    expect(() => refuseForeign(there, 'dev', half)).toThrow('not on this machine');
    expect(() => refuseForeign(there, 'dev', mine)).not.toThrow();
    expect(() => refuseForeign({ ...here, env: 'prod' }, 'dev', not)).toThrow('production');
    expect(() => refuseForeign(here, 'prod', half)).toThrow('production');
    expect(() =>
      refuseForeign({ url: 'http://127.0.0.1.example', env: null }, 'dev', not),
    ).toThrow();
  });

  it('is refused before anything is sent, with exit 9', async () => {
    const env = { PETPRO_URL: 'http://192.0.2.1:7387', DATABASE_URL: 'postgres://192.0.2.1/x' };
    const refused = await cli(['load', 'run'], { env });
    expect(refused.code).toBe(9);
    expect(refused.err).toContain('--target-is-mine --yes-really');
  });

  it('exits 11 when nobody is there', async () => {
    const missing = await cli(['load', 'run'], { env: { PETPRO_URL: 'http://127.0.0.1:1' } });
    expect(missing.code).toBe(11);
  });
});

describe('k6', () => {
  it('is not taken from a program that only has its name', async () => {
    const impostor = path.join(home, 'k6');
    fs.writeFileSync(impostor, '#!/bin/sh\necho 0.0.0\n', { mode: 0o755 });
    const found = await findK6({ PATH: home, HOME: home });
    expect(found?.path).not.toBe(impostor);
  });

  it('is asked for by name when it is missing, with the way to get it', () => {
    const missing = noK6({ PATH: home });
    expect(missing.code).toBe('unavailable');
    expect(missing.detail).toContain('k6 was not found');
    expect(missing.facts['next']).toContain('scripts/get-k6.sh');
    const go = path.join(home, 'go');
    fs.writeFileSync(go, '#!/bin/sh\n', { mode: 0o755 });
    expect(noK6({ PATH: home }).facts['next']).toBe('petpro load run --get-k6');
  });
});

describe('the panel', () => {
  const sample = {
    elapsed_ms: 18_000,
    vus: 1_000,
    requests: 18_204,
    winners: 1,
    conflicts: 18_190,
    server_errors: 0,
    timeouts: 13,
    dirty_answers: 0,
    p50_ms: 38,
    p95_ms: 221,
    p99_ms: 411,
    p95_now_ms: 130,
    confirmed: 1,
    max_ms: 604,
  };
  const facts = {
    run: 41,
    scenario: 'one-slot',
    vus: 1_000,
    slots: 1,
    host: '127.0.0.1:8080',
    total_ms: 30_000,
    double_bookings: 0,
  };

  it('keeps conflicts apart from errors and shows double bookings', () => {
    expect(
      panelLines(facts, [{ ...sample, elapsed_ms: 17_000, requests: 17_193 }, sample]),
    ).toEqual([
      ' LOAD run 41  one-slot  1000 of 1000 users -> 1 slot  target 127.0.0.1:8080  00:18 / 00:30',
      ' [##################------------]  60%   req 18 204   rps 1 011',
      ' won 1   paid 1   409 conflict 18 190   5xx 0   timeouts 13   dirty 0',
      ' DOUBLE BOOKINGS 0  PASS so far     p50 38ms  p95 221ms  p99 411ms  max 604ms',
      ' p95  ##   rps  #',
      ' Ctrl-C stops it and keeps the report',
    ]);
    expect(panelLines({ ...facts, double_bookings: 1 }, [sample])[3]).toContain('1  FAIL');
  });

  it('repaints in place on a terminal and adds a line each 5 s elsewhere', () => {
    const painted: string[] = [];
    const write = (text: string) => painted.push(text);
    const panel = makePainter({ write, in_place: true, columns: () => 60 });
    panel.show(facts, [sample]);
    panel.show(facts, [sample]);
    expect(painted[1]?.startsWith('\u001b[6A')).toBe(true);
    expect(painted[0]?.split('\n').every((line) => line.length <= 63)).toBe(true);
    const lines: string[] = [];
    const plain = makePainter({
      write: (text) => lines.push(text),
      in_place: false,
      columns: () => 80,
    });
    for (const elapsed_ms of [0, 2_000, 4_999, 5_000, 7_000])
      plain.show(facts, [{ ...sample, elapsed_ms }]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('double bookings 0');
  });

  it('draws levels and groups digits', () => {
    expect(sparkline([0, 1, 7])).toBe(' .#');
    expect(sparkline([0, 0])).toBe('');
    expect(grouped(1_234_567)).toBe('1 234 567');
  });
});
